import ArgumentParser
import Experiments
import Foundation
import NeuralNetworks
import Reports

/// What commands that do the runs of sweeps have in common: their options, and how the runs are done.
struct SweepOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Compute only some labels of an axis; separate labels by commas; may be repeated.",
      valueName: "axis=label,…"))
  var only: [String] = []

  @Option(help: "The number of seeds. Default: the profile's.")
  var seeds: Int?

  @Option(help: "Worker threads; results do not depend on their number. Default: all cores.")
  var workers: Int?

  @Flag(help: "List the runs with their time and memory, then stop.")
  var dryRun = false

  @Option(help: ArgumentHelp("Compute every N-th run, starting with the I-th.", valueName: "I/N"))
  var cell: String?

  @OptionGroup var datasets: DatasetsFolderOption

  @Option(help: "The folder with the sweeps.")
  var experiments = "experiments"

  @OptionGroup var changes: OverridesOption

  mutating func validate() throws {
    if let workers, workers < 1 || workers > 1024 {
      throw ValidationError("--workers: found \(workers), expected 1 … 1024")
    }
    if let seeds, seeds < 1 || seeds > 10_000 {
      throw ValidationError("--seeds: found \(seeds), expected 1 … 10000")
    }
    _ = try share()
    _ = try selectedLabels()
  }

  /// Moves targets out of the overrides: --set takes all that follows it up to the next option.
  /// - Returns: the targets given and those that were taken for overrides.
  mutating func separating(_ targets: [String]) -> [String] {
    let hadNone = targets.isEmpty
    let taken = changes.overrides.filter { text in
      !text.contains("=") && (hadNone || (try? SweepPlan.file(of: text, in: experiments)) != nil)
    }
    changes.overrides.removeAll { taken.contains($0) }
    return targets + taken
  }

  /// Does the runs of some sweeps and reports them.
  /// - Parameters:
  ///   - targets: names or files of sweeps.
  ///   - output: the folder for results.
  ///   - isAllowed: throws for a sweep that the command does not take.
  /// - Returns: what there is of the sweeps; nil after a dry run.
  func run(
    _ targets: [String], profile: String, output: String,
    isAllowed: (SweepSpecification) throws -> Void
  ) throws -> Report? {
    let work = try work(targets, profile: profile, output: output, isAllowed: isAllowed)
    let display = work.display
    let canStart = display.announce(
      work.cells, work.plans, work.survey, datasetsFolder: work.datasetsFolder, listsAll: dryRun)
    guard !dryRun else {
      if !canStart { throw ExitCode.failure }
      return nil
    }
    for plan in work.plans { try plan.write(to: output) }
    let outcome = try work.compute(workerCount: workerCount)
    guard !outcome.isInterrupted else {
      display.note("Stopped. Give the same command again to resume.")
      throw ExitCode(130)
    }
    let report = try Report(output: output, paperFolder: "\(experiments)/paper")
    let written = try report.write()
    report.printProblems(of: written)
    let diverged = report.diverged(among: work.cells)
    if let first = diverged.first {
      display.note(
        "\(Counted.words(diverged.count, of: work.cells.count, "run")) diverged and "
          + "\(diverged.count == 1 ? "is" : "are") left out of the means: \(first)"
          + (diverged.count > 1 ? " and \(diverged.count - 1) more" : ""))
    }
    try work.requireNoFailure(outcome)
    print(written.plainText(isBold: Terminal.isBold), terminator: "")
    return report
  }

  /// Worker threads.
  var workerCount: Int { workers ?? WorkerPool.coreCount }

  /// What there is to do of some sweeps, checked, with a display for it.
  /// - Parameters:
  ///   - targets: names or files of sweeps.
  ///   - output: the folder for results.
  ///   - isAllowed: throws for a sweep that the command does not take.
  func work(
    _ targets: [String], profile: String, output: String,
    isAllowed: (SweepSpecification) throws -> Void
  ) throws -> SweepWork {
    var selection = SweepSpecification.Selection(profile: profile)
    selection.only = try selectedLabels()
    selection.seeds = seeds
    selection.overrides = changes.overrides
    let plans = try plans(targets, selection, isAllowed)
    for plan in plans { try plan.check(in: output) }
    var cells = plans.flatMap(\.selected).uniqueByName()
    if let (index, count) = try share() {
      cells = cells.enumerated().filter { $0.offset % count == index - 1 }.map(\.element)
    }
    guard !cells.isEmpty else {
      throw SpecificationError("no run is left by --only, --seeds and --cell")
    }
    let folder = CellFolder(output: output)
    let display = SweepDisplay(folder: folder, workerCount: workerCount)
    let datasetsFolder = try dataFolder(plans, cells, output, display)
    for plan in plans {
      for runs in try plan.superseded(in: output, by: cells) {
        display.note("\(plan.sweep.name): \(runs.words(folder: folder.path))")
      }
    }
    // All cells of the plans: the report puts them beside the new ones.
    let survey = CellSurvey(plans.flatMap(\.cells), in: folder)
    for doubt in try SweepInputs(datasetsFolder: datasetsFolder).check(cells, survey, in: folder) {
      display.note("Warning: the data are recorded as unverified: \(doubt).")
    }
    display.announce(
      stopped: cells.filter {
        survey.stopped.contains($0.name) && $0.specification.onDivergence == .continue
      })
    return SweepWork(
      plans: plans, cells: cells, folder: folder, datasetsFolder: datasetsFolder, survey: survey,
      display: display)
  }

  /// The targets expanded, checked against each other.
  private func plans(
    _ targets: [String], _ selection: SweepSpecification.Selection,
    _ isAllowed: (SweepSpecification) throws -> Void
  ) throws -> [SweepPlan] {
    let sweeps = try targets.map { target in
      try SweepSpecification(
        SpecificationDocument(file: SweepPlan.file(of: target, in: experiments)),
        reports: ReportRegistry.reports)
    }
    for sweep in sweeps { try isAllowed(sweep) }
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
      Set(cells.map(\.specification.dataset).filter { $0.files == nil }.map(\.name)),
      samplesPerClass: samples, output: output
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
