import ArgumentParser
import Experiments
import Foundation

/// `pfedla cluster submit`: an array job for the runs that are missing.
struct ClusterSubmit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: "Submit the missing runs of tables and figures as an array job of Slurm.",
    usage:
      "pfedla cluster submit <targets> ... --output <output> [--profile <profile>] [<options>]",
    discussion: """
      A first round of each kind of run is measured here. Short runs share a task, so that every task takes \
      about --task-time. The list of tasks and the script are in OUTPUT/cluster/N. A task whose time runs out saves a \
      checkpoint, goes back into the queue and resumes.

      Examples:
        pfedla cluster submit table1 --profile paper --output runs/paper --dry-run
        pfedla cluster submit table1 table2 --profile paper --output runs/paper \\
          --cpus 4 --limit 20 --partition short --time 04:00:00
      """)

  @Argument(help: "The tables and figures, or your own YAML files.")
  var targets: [String] = []

  @Option(help: "The scale: smoke, quick, short or paper.")
  var profile = "paper"

  @Option(name: .shortAndLong, help: "The folder for results, which all machines see.")
  var output: String

  @Option(help: ArgumentHelp("About how long a task of several runs takes.", valueName: "minutes"))
  var taskTime = 60

  @Option(help: "What estimates of time and memory are multiplied by.")
  var margin = 1.5

  @OptionGroup var resources: ClusterResources

  @OptionGroup var options: SweepOptions

  mutating func validate() throws {
    targets = options.separating(targets)
    if targets.isEmpty { throw ValidationError("a target is missing, such as table1") }
    guard (1...100_000).contains(taskTime) else {
      throw ValidationError("--task-time: found \(taskTime), expected 1 … 100000 minutes")
    }
    guard margin.isFinite, (1...10).contains(margin) else {
      throw ValidationError("--margin: found \(margin), expected 1 … 10")
    }
    if options.cell != nil || options.workers != nil {
      throw ValidationError("--cell and --workers: not for a cluster; give --cpus and --limit")
    }
    options.workers = resources.cpus ?? 2
  }

  func run() throws {
    let folder = ClusterFolder(output: absolutePath(output))
    if !options.dryRun { try Submission.requireSbatch() }
    let work = try options.work(
      targets, profile: profile, output: folder.output, isAllowed: ReproduceCommand.requireFigure)
    let display = work.display
    let taken = try Submission.liveCells(folder)
    let cells = work.missing.filter { !taken.contains($0.name) }
    let others = work.missing.count - cells.count
    if others > 0 {
      display.note(
        "\(Counted.words(others, "run")) of \(Counted.words(work.missing.count, "missing run")) "
          + "\(others == 1 ? "belongs" : "belong") to jobs that wait or run; see pfedla cluster status \(output)"
      )
    }
    guard !cells.isEmpty else {
      display.note(
        "nothing to submit: \(Counted.words(work.cells.count - work.missing.count, "run")) finished"
      )
      return
    }
    let estimates = try estimates(cells, work)
    let tasks = TaskList.grouped(
      zip(cells, estimates).map { ($0.name, $1.seconds) }, taskSeconds: Double(taskTime) * 60)
    let longest = tasks.map(\.seconds).max() ?? 0
    let largest = estimates.map(\.bytes).max() ?? 0
    let list = TaskList(
      targets: targets.map { FileManager.default.fileExists(atPath: $0) ? absolutePath($0) : $0 },
      profile: profile, overrides: options.changes.overrides, seeds: options.seeds,
      experiments: absolutePath(options.experiments),
      datasets: absolutePath(options.datasets.folder), output: folder.output, tasks: tasks)
    let script = SbatchScript(
      name: "pfedla-\(work.plans.first?.sweep.name ?? "runs")", program: Self.program, tasks: "",
      logs: "", taskCount: tasks.count, limit: resources.limit, comment: "pfedla",
      minutes: try resources.minutes() ?? (Int(longest * margin / 60) / 5 + 3) * 5,
      megabytes: try resources.megabytes()
        ?? max(500, Int((largest * margin / 1e6 / 100).rounded(.up)) * 100),
      cpus: options.workerCount, partition: resources.partition, account: resources.account,
      options: resources.sbatch)
    display.note(
      "\(Counted.words(cells.count, "run")) in \(Counted.words(tasks.count, "task")) of "
        + "\(Counted.words(options.workerCount, "core")): the longest about "
        + "\(DurationText.words(seconds: longest)), all together "
        + String(
          format: "%.1f core-hours",
          tasks.map(\.seconds).reduce(0, +) * Double(options.workerCount) / 3600))
    for plan in work.plans where !options.dryRun { try plan.write(to: folder.output) }
    try Submission.submit(script, list, in: folder, isDryRun: options.dryRun, display)
  }

  /// An estimate of each run. Throws if one cannot start: all tasks would fail alike.
  private func estimates(_ cells: [SweepCell], _ work: SweepWork) throws -> [SweepEstimate] {
    let estimator = SweepEstimator(
      datasetsFolder: work.datasetsFolder, workerCount: options.workerCount)
    return try zip(cells, estimator.estimates(cells)).map { cell, estimate in
      switch estimate {
      case .success(let estimate): return estimate
      case .failure(let error): throw SpecificationError("\(cell.name) cannot start: \(error)")
      }
    }
  }

  /// This program's file.
  static var program: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? Bundle.main.executablePath ?? "pfedla"
  }
}

/// A path from the root, without its symbolic links being followed.
func absolutePath(_ path: String) -> String {
  guard !path.hasPrefix("/") else { return path }
  let current = FileManager.default.currentDirectoryPath
  return path == "." ? current : "\(current)/\(path)"
}
