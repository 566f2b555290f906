import ArgumentParser
import Datasets
import Experiments
import Foundation
import NeuralNetworks

/// `pfedla reproduce`: the runs of a table or figure.
struct ReproduceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce",
    abstract: "Do all runs of tables and figures of the paper, and report them.",
    usage: "pfedla reproduce <targets> ... [--profile <profile>] [--output <output>] [<options>]",
    discussion: """
      A target is a sweep in the experiments folder: table1, table2, table3, figure1, figure5, figure6, \
      figure7, or a YAML file of your own. Finished runs are skipped and half-done ones resume from their \
      checkpoint, so the same command continues after Ctrl-C, a crash or a full disk. Several processes or \
      machines that share the output folder share the work. --only and --cell choose what this call \
      computes; the report shows every finished run of the whole plan.

      Examples:
        pfedla reproduce table1 --profile smoke
        pfedla reproduce table1 table2 --profile quick --only dataset=cifar10 --dry-run
        pfedla reproduce table1 --output runs/short --set rounds=100 local_epochs=2
        pfedla reproduce table1 --profile paper --cell 1/8     # one of eight jobs of a cluster
      """)

  @Argument(help: "The tables and figures.")
  var targets: [String] = []

  @Option(
    help: "The scale: smoke (synthetic data, minutes), quick (an hour) or paper (days to weeks).")
  var profile = "smoke"

  @Option(name: .shortAndLong, help: "The folder for results. Default: runs/reproduce-<profile>.")
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Compute some labels of an axis only; separated by commas, may be repeated.",
      valueName: "axis=label,…"))
  var only: [String] = []

  @Option(help: "The number of seeds. Default: the profile's.")
  var seeds: Int?

  @Option(help: "Worker threads; the number changes no result. Default: all cores.")
  var workers: Int?

  @Flag(help: "List the runs with their time and memory, and stop.")
  var dryRun = false

  @Option(help: ArgumentHelp("Compute every N-th run, beginning with the I-th.", valueName: "I/N"))
  var cell: String?

  @OptionGroup var datasets: DatasetsFolderOption

  @Option(help: "Where the sweeps are.")
  var experiments = "experiments"

  @Option(
    name: .customLong("set"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "Change keys of every run's specification; several at a time, may be repeated.",
      valueName: "key=value"))
  var overrides: [String] = []

  mutating func validate() throws {
    // --set takes all that follows it up to the next option, and with it targets.
    let taken = overrides.filter { text in
      !text.contains("=")
        && (targets.isEmpty || (try? SweepPlan.file(of: text, in: experiments)) != nil)
    }
    overrides.removeAll { taken.contains($0) }
    targets += taken
    if targets.isEmpty { throw ValidationError("a target is missing, such as table1") }
    if let workers, workers < 1 || workers > 1024 {
      throw ValidationError("--workers: found \(workers), expected 1 … 1024")
    }
    if let seeds, seeds < 1 || seeds > 10_000 {
      throw ValidationError("--seeds: found \(seeds), expected 1 … 10000")
    }
    _ = try share()
    _ = try selectedLabels()
  }

  func run() throws {
    let output = output ?? "runs/reproduce-\(profile)"
    var selection = SweepSpecification.Selection(profile: profile)
    selection.only = try selectedLabels()
    selection.seeds = seeds
    selection.overrides = overrides
    let plans = try plans(selection)
    for plan in plans { try plan.check(in: output) }
    var cells = plans.flatMap(\.selected).uniqueByName()
    if let (index, count) = try share() {
      cells = cells.enumerated().filter { $0.offset % count == index - 1 }.map(\.element)
    }
    guard !cells.isEmpty else {
      throw SpecificationError("no run is left by --only, --seeds and --cell")
    }
    let folder = CellFolder(output: output)
    let display = SweepDisplay(folder: folder, workerCount: workers ?? WorkerPool.coreCount)
    let datasetsFolder = try dataFolder(plans, cells, output, display)
    for plan in plans {
      for (version, count) in try plan.supersededResults(in: output).sorted(by: { $0.key < $1.key })
      {
        display.note(
          "\(plan.sweep.name): \(count == 1 ? "1 result is" : "\(count) results are") of numerics version "
            + "\(version), this program has \(CodeVersion.numerics): computed again; the files stay in "
            + folder.path)
      }
    }
    // All cells of the plans: the report puts them beside the new ones.
    let survey = CellSurvey(plans.flatMap(\.cells), in: folder)
    try SweepInputs(datasetsFolder: datasetsFolder).check(cells, survey)
    let canStart = display.announce(
      cells, plans, survey, datasetsFolder: datasetsFolder, listsAll: dryRun)
    guard !dryRun else {
      if !canStart { throw ExitCode.failure }
      return
    }
    for plan in plans { try plan.write(to: output) }

    let interruption = Interruption()
    let outcome = try Sweep(
      folder: folder, datasetsFolder: datasetsFolder, workerCount: workers ?? WorkerPool.coreCount
    ).run(
      cells, survey: survey, shouldStop: { interruption.isRequested },
      report: { display.show($0) })
    display.finish()
    guard !outcome.isInterrupted else {
      display.note("Stopped. Give the same command again to resume.")
      throw ExitCode(130)
    }
    let report = try Report(output: output, paperFolder: "\(experiments)/paper")
    try report.write()
    report.printProblems()
    guard outcome.failures.isEmpty else {
      display.note("\(outcome.failures.count) of \(cells.count) runs failed:")
      for failure in outcome.failures { display.note("  \(failure.cell): \(failure.reason)") }
      throw ExitCode.failure
    }
    print("\(output)/report.html")
  }

  /// The targets expanded, checked against each other.
  private func plans(_ selection: SweepSpecification.Selection) throws -> [SweepPlan] {
    let sweeps = try targets.map { target in
      try SweepSpecification(
        SpecificationDocument(file: SweepPlan.file(of: target, in: experiments)))
    }
    for axis in selection.only.keys.sorted()
    where !sweeps.contains(where: { $0.axisNames.contains(axis) }) {
      throw SpecificationError(
        "--only \(axis): no target has such an axis, expected one of "
          + Set(sweeps.flatMap(\.axisNames)).sorted().joined(separator: ", "))
    }
    let plans = try sweeps.map { sweep in
      // An axis that one target has and another has not chooses among the first one's runs.
      var own = selection
      own.only = selection.only.filter { sweep.axisNames.contains($0.key) }
      return try SweepPlan(sweep, own)
    }
    try SweepPlan.checkTogether(plans)
    return plans
  }

  /// The folder of the dataset files; synthetic ones are drawn into the output folder where the
  /// profile asks for them.
  private func dataFolder(
    _ plans: [SweepPlan], _ cells: [SweepCell], _ output: String, _ display: SweepDisplay
  ) throws -> String {
    guard let samples = plans.first?.syntheticSamplesPerClass else { return datasets.folder }
    return try SyntheticData.draw(
      Set(cells.map(\.specification.dataset.name)), samplesPerClass: samples, output: output
    ) { display.note("Drawing SYNTHETIC images in the form of \($0) …") }
  }

  private func selectedLabels() throws -> [String: [String]] {
    var selected: [String: [String]] = [:]
    var axis: String?
    for part in only.flatMap({ $0.split(separator: ",").map(String.init) }) {
      if let equals = part.firstIndex(of: "=") {
        let name = String(part[..<equals])
        axis = name
        selected[name, default: []].append(String(part[part.index(after: equals)...]))
      } else if let axis {
        selected[axis, default: []].append(part)
      } else {
        throw ValidationError("--only: found \(part), expected axis=label, such as dataset=cifar10")
      }
    }
    return selected
  }

  private func share() throws -> (index: Int, count: Int)? {
    guard let cell else { return nil }
    let parts = cell.split(separator: "/").compactMap { Int($0) }
    guard parts.count == 2, parts[0] >= 1, parts[0] <= parts[1] else {
      throw ValidationError("--cell: found \(cell), expected I/N, such as 1/8")
    }
    return (parts[0], parts[1])
  }
}
