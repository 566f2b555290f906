import ArgumentParser
import Experiments
import Foundation

/// `pfedla cluster resubmit`: what failed or was lost, once more.
struct ClusterResubmit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resubmit",
    abstract:
      "Submit the runs that failed or were lost once more; they resume from their checkpoints.",
    discussion: """
      Time, memory, cores, partition and account are those of the last submission, unless they are given.

      Example:
        pfedla cluster resubmit runs/paper --memory 4G
      """)

  @Argument(help: "The output folder of the submission.")
  var output: String

  @Flag(help: "Only the runs that failed, not those that were lost.")
  var failed = false

  @Flag(help: "Print the script, and submit nothing.")
  var dryRun = false

  @OptionGroup var resources: ClusterResources

  func run() throws {
    let folder = ClusterFolder(output: absolutePath(output))
    guard let last = folder.submissions.last else {
      throw SpecificationError(
        "\(output): found no submission, expected the output of pfedla cluster submit")
    }
    if !dryRun { try Submission.requireSbatch() }
    let status = try ClusterStatusCommand.status(folder)
    let states: [ClusterStatus.State] = failed ? [.failed] : [.failed, .lost]
    let display = SweepDisplay(
      folder: CellFolder(output: folder.output), workerCount: resources.cpus ?? 1)
    let cells = states.flatMap(status.cells)
    guard !cells.isEmpty else {
      display.note("nothing to submit: no run \(failed ? "failed" : "failed or was lost")")
      return
    }
    guard let data = FileManager.default.contents(atPath: Submission.request(of: last)),
      var script = try? JSONDecoder().decode(SbatchScript.self, from: data)
    else {
      throw SpecificationError(
        "\(Submission.request(of: last)): missing or damaged; use pfedla cluster submit")
    }
    // A task a run: they are few, and each may have its own trouble.
    let old = try TaskList(file: last.tasks)
    let list = TaskList(
      targets: old.targets, profile: old.profile, overrides: old.overrides, seeds: old.seeds,
      experiments: old.experiments, datasets: old.datasets, output: old.output,
      tasks: cells.map { TaskList.Task(cells: [$0.name], seconds: 0) })
    script.taskCount = cells.count
    script.limit = resources.limit ?? script.limit
    script.minutes = try resources.minutes() ?? script.minutes
    script.megabytes = try resources.megabytes() ?? script.megabytes
    script.cpus = resources.cpus ?? script.cpus
    script.partition = resources.partition ?? script.partition
    script.account = resources.account ?? script.account
    script.options = resources.sbatch
    display.note("\(Counted.words(cells.count, "run")) again")
    try Submission.submit(script, list, in: folder, isDryRun: dryRun, display)
  }
}

/// `pfedla cluster cancel`: ends the jobs of an output folder.
struct ClusterCancel: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Cancel the jobs of an output folder; tasks that run save a checkpoint first.")

  @Argument(help: "The output folder of the submission.")
  var output: String

  func run() throws {
    let folder = ClusterFolder(output: absolutePath(output))
    let slurm = try Submission.answering(folder)
    let jobs = Set(folder.submissions.compactMap { $0.readJob()?.id })
    let live = jobs.filter(slurm.isLive).sorted()
    for job in live {
      // Slurm sends TERM to the program itself, and KILL if it does not end.
      let answer = try ProgramCall.run(["scancel", job])
      guard answer.status == 0 else {
        throw SpecificationError(
          "scancel \(job): \(answer.errors.split(whereSeparator: \.isNewline).first ?? "")")
      }
      printToStandardError("job \(job) cancelled")
    }
    if live.isEmpty { printToStandardError("no job waits or runs") }
  }
}
