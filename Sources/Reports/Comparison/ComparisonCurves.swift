import Experiments
import Support

// Accuracy over rounds.
extension Comparison {
  /// Mean accuracy over clients and seeds for every evaluated round; a row begins with the columns of
  /// `csv` that say which row of the table it belongs to.
  public var curves: CSV {
    var csv = CSV(
      keyColumns + ["round", "seeds", "seed_values", "received_percent", "trained_percent"])
    for (row, curve) in zip(rows, curvesOfRows) {
      for point in curve?.points ?? [] {
        csv.append(
          keys(row) + ["\(point.round)"] + Self.columns(ofSeeds: point.seeds) + [
            CSV.number(point.received), CSV.number(point.trained),
          ])
      }
    }
    return csv
  }

  /// A row's mean accuracy over rounds.
  package struct MethodCurve {
    /// An evaluated round.
    package struct Point {
      package let round: Int
      package let seeds: [UInt64]
      /// In percent, mean over clients and seeds.
      package let received: Double
      package let trained: Double
    }

    /// The method, with what distinguishes it from others in its panel.
    package let title: String
    /// The method's name in the registry.
    let method: String
    /// The dataset, marked where its files are not the published ones.
    package let dataset: String
    package let scheme: String
    package let points: [Point]
  }

  /// The curves in the order of the table, without those of rows whose runs all diverged.
  package var methodCurves: [MethodCurve] { curvesOfRows.compactMap { $0 } }

  private var curvesOfRows: [MethodCurve?] {
    zip(groups, rows).map { group, row in
      let runs = group.finite
      guard !runs.isEmpty else { return nil }
      let points = (1...max(row.rounds, 1)).compactMap { round in
        let means = runs.filter { $0.record.roundCount >= round }.map { run in
          (
            run.record.meanOverClients(\.testAccuracyReceived, round: round),
            run.record.meanOverClients(\.testAccuracyTrained, round: round), run.seed
          )
        }.filter { !$0.0.isNaN }
        return means.isEmpty
          ? nil
          : MethodCurve.Point(
            round: round, seeds: means.map(\.2), received: 100 * means.map(\.0).mean,
            trained: 100 * means.map(\.1).mean)
      }
      return MethodCurve(
        title: title(row), method: runs[0].method, dataset: row.dataset, scheme: row.scheme,
        points: points)
    }
  }

  /// A row's method, with what distinguishes it from other rows of the method in its panel.
  private func title(_ row: Row) -> String {
    let others = rows.filter {
      $0.method == row.method && $0.dataset == row.dataset && $0.scheme == row.scheme
    }
    guard others.count > 1 else { return row.method }
    let settings = zip(differingSettings, row.settings).enumerated().filter { place, setting in
      !setting.1.isEmpty && Set(others.map { $0.settings[place] }).count > 1
    }.map { "\($0.element.0) \($0.element.1)" }
    let rounds = Set(others.map(\.rounds)).count > 1 ? [Counted.words(row.rounds, "round")] : []
    return "\(row.method) (\((settings + rounds).joined(separator: ", ")))"
  }

  /// What distinguishes the runs of one panel from those of another: dataset and scheme.
  package var panels: [(dataset: String, scheme: String)] {
    rows.reduce(into: []) { panels, row in
      if !panels.contains(where: { $0.dataset == row.dataset && $0.scheme == row.scheme }) {
        panels.append((row.dataset, row.scheme))
      }
    }
  }
}
