import Experiments

/// All choices of a tuning sweep, in the order of its axes.
struct TuningResults {
  /// The method and place that a choice is made for.
  struct Group {
    /// The labels on all axes but the trial and the seed.
    let place: [String: String]
    /// The keys of its runs with their values, the same in all trials.
    let common: [String: String]
    /// Its trials.
    let choice: TuningChoice
  }

  /// The axes that a group holds whole.
  static let innerAxes: Set = [TuningGrid.axisName, "seed"]

  /// The groups in the order of the axes.
  let groups: [Group]

  init(_ results: SweepResults) {
    groups = results.panels(without: Self.innerAxes).map { panel in
      let cells = results.plan.cells.filter { cell in
        panel.place.allSatisfy { cell.coordinates[$0.key] == $0.value }
      }
      return Self.group(panel.place, cells, results)
    }
  }

  private static func group(
    _ place: [String: String], _ cells: [SweepPlan.Record.Cell], _ results: SweepResults
  ) -> Group {
    let specifications = cells.map(\.plainSpecification)
    let keys = Set(specifications.flatMap(\.keys)).subtracting(["seed", "partition.seed"])
    let varied = keys.filter { key in Set(specifications.map { $0[key] }).count > 1 }.sorted()
    let trials = results.labels(TuningGrid.axisName).compactMap { label -> TuningChoice.Trial? in
      let own = cells.filter { $0.coordinates[TuningGrid.axisName] == label }
      guard let specification = own.first?.plainSpecification, let number = Int(label) else {
        return nil
      }
      let place = place.merging([TuningGrid.axisName: label]) { $1 }
      return TuningChoice.Trial(
        number: number, settings: varied.map { ($0, specification[$0] ?? "") },
        runs: results.runs(place), plannedCount: own.count,
        divergedCount: results.divergedCount(place))
    }
    return Group(
      place: place,
      common: (specifications.first ?? [:]).filter { !varied.contains($0.key) },
      choice: TuningChoice(trials: trials))
  }
}
