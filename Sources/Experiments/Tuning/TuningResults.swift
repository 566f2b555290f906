/// All choices of a tuning sweep, in the order of its axes.
struct TuningResults {
  /// What a choice is made for.
  struct Group {
    /// The labels on all axes but the trial and the seed.
    let place: [String: String]
    /// The keys of its runs with their values, the same in all trials.
    let common: [String: String]
    /// Its trials.
    let choice: TuningChoice
  }

  /// The groups in the order of the axes.
  let groups: [Group]

  init(_ results: SweepResults) {
    let axes = results.plan.axes.filter { ![TuningGrid.axisName, "seed"].contains($0.name) }
    var places: [[String: String]] = [[:]]
    for axis in axes {
      places = places.flatMap { place in
        axis.labels.map { place.merging([axis.name: $0]) { $1 } }
      }
    }
    groups = places.compactMap { place in
      let cells = results.plan.cells.filter { cell in
        place.allSatisfy { cell.coordinates[$0.key] == $0.value }
      }
      return cells.isEmpty ? nil : Self.group(place, cells, results)
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
