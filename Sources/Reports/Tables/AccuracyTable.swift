import Datasets
import Experiments
import FederatedLearning
import Foundation
import Support

/// Accuracy of methods (rows) on datasets and numbers of clients (columns), beside the paper's:
/// Tables 1 and 2. An axis `statistics` makes columns too; other axes of your own make rows.
public struct AccuracyTable: ReportPart {
  /// A place on some axes.
  typealias Place = [String: String]

  private static let knownColumnAxes = ["dataset", "clients", "statistics"]

  let results: SweepResults
  private let paperRows: [[String: String]]
  let facts: SweepFacts
  let columns: [Place]
  let rows: [Place]
  /// The axes that make rows, in order.
  let rowAxes: [String]
  /// The axes that make columns, in order.
  var columnAxes: [String] { Self.knownColumnAxes.filter { columns.first?[$0] != nil } }

  /// A table of a sweep's finished runs.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
    paperRows = paper.rows("\(results.plan.name).csv")
    facts = SweepFacts(results)
    let axes = results.plan.axes.map(\.name).filter { $0 != "seed" }
    rowAxes =
      axes.filter { $0 == "method" }
      + axes.filter { !Self.knownColumnAxes.contains($0) && $0 != "method" }
    columns = Self.places(Self.knownColumnAxes.filter(axes.contains), results)
      .filter(results.isPlanned)
    rows = Self.places(rowAxes, results).filter(results.isPlanned)
  }

  /// All combinations of the labels of some axes, the last axis fastest.
  private static func places(_ axes: [String], _ results: SweepResults) -> [Place] {
    axes.reduce([[:]]) { places, axis in
      places.flatMap { place in
        results.labels(axis).map { place.merging([axis: $0]) { $1 } }
      }
    }
  }

  func accuracy(_ row: Place, _ column: Place) -> CellAccuracy {
    let place = row.merging(column) { $1 }
    return CellAccuracy(results.runs(place), divergedCount: results.divergedCount(place))
  }

  func isPlanned(_ row: Place, _ column: Place) -> Bool {
    results.isPlanned(row.merging(column) { $1 })
  }

  /// The paper's number for a cell; NaN if it has none.
  func paperNumber(_ name: String, _ row: Place, _ column: Place) -> Double {
    paperRows.number(name, where: row.merging(column) { $1 })
  }

  private func methodTitle(_ row: Place) -> String {
    let title = results.finished(row).first?.methodTitle
    return title ?? row["method"].map(MethodRegistry.title(of:)) ?? ""
  }

  /// Gradients of a participation, median over a column's methods.
  private func medianGradients(_ column: Place) -> Double {
    let known = rows.map { MeasuredCost(results.runs($0.merging(column) { $1 })).gradients }
      .filter { !$0.isNaN }
    return known.quantile(0.5)
  }

  // MARK: For machines

  /// One row per cell of the plan; missing values are empty.
  public var csv: CSV {
    let columnNames = columnAxes
    var csv = CSV(
      columnNames + rowAxes + [
        "method_title", "seeds_planned", "seed_values", "reported_model", "accuracy_percent",
        "accuracy_sd_seeds", "accuracy_last_five_percent", "received_percent", "trained_percent",
        "accuracy_sd_clients", "paper_percent", "paper_spread_percent", "difference_percent",
        "rounds", "local_epochs", "gradients_per_participation",
        "forward_samples_per_participation",
        "megabytes_per_participation", "equal_gradients_round", "equal_gradients_percent", "data",
        "code_version", "numerics_version", "diverged",
      ])
    for column in columns {
      let median = medianGradients(column)
      for row in rows where isPlanned(row, column) {
        let place = row.merging(column) { $1 }
        let runs = results.finished(place)
        let cell = accuracy(row, column)
        let (cost, traffic) = (MeasuredCost(runs), MeasuredTraffic(runs))
        let match = ComputeMatch(runs, median: median)
        let value = paperNumber("accuracy_percent", row, column)
        let planned = results.cells.count { cell in
          place.allSatisfy { cell.coordinates[$0.key] == $0.value }
        }
        func same(_ property: (RunResult) -> String) -> String {
          Set(runs.map(property)).sorted().joined(separator: " ")
        }
        csv.append(
          columnNames.map { column[$0] ?? "" } + rowAxes.map { row[$0] ?? "" } + [
            methodTitle(row), "\(planned)",
            cell.seeds.map(String.init).joined(separator: " "),
            cell.reportedModels.map(\.rawValue).joined(separator: " "), CSV.number(cell.mean),
            CSV.number(cell.seedDeviation), CSV.number(cell.lastFive), CSV.number(cell.received),
            CSV.number(cell.trained), CSV.number(cell.clientDeviation), CSV.number(value),
            CSV.number(paperNumber("spread_percent", row, column)),
            // Synthetic images have nothing in common with the paper's.
            CSV.number(facts.isSynthetic ? .nan : cell.mean - value),
            same { $0.setting("rounds") ?? "" }, same { $0.setting("local_epochs") ?? "" },
            CSV.number(cost.gradients), CSV.number(cost.forwardSamples),
            CSV.number(traffic.megabytesPerParticipation), match.map { "\($0.round)" } ?? "",
            CSV.number(match?.accuracy.mean ?? .nan),
            same(\.origin.rawValue), same(\.codeVersion), same { "\($0.numericsVersion)" },
            "\(cell.divergedCount)",
          ])
      }
    }
    return csv
  }

  // MARK: For readers

  /// `ours ± deviation (paper)`, our best of each column marked.
  public var table: ReportTable {
    let accuracies = rows.map { row in columns.map { accuracy(row, $0) } }
    return ReportTable(
      title: facts.title, header: ["method"] + columns.map(Self.title),
      rows: zip(rows, accuracies).map { row, cells in
        [title(row)]
          + zip(columns, cells).map { column, cell in
            isPlanned(row, column)
              ? cell.text(paper: paperNumber("accuracy_percent", row, column)) : "–"
          }
      } + matchedRows,
      footers: meaning(accuracies) + facts.footers, marked: best(accuracies))
  }

  /// A row for each method that computes more than twice the gradients of its column's median: its accuracy
  /// at the round at which it had computed as many.
  private var matchedRows: [[String]] {
    let medians = columns.map(medianGradients)
    return rows.compactMap { row in
      let cells = zip(columns, medians).map { column, median in
        ComputeMatch(results.runs(row.merging(column) { $1 }), median: median).map {
          "\($0.accuracy.text(paper: .nan)) (round \($0.round))"
        } ?? ""
      }
      return cells.allSatisfy(\.isEmpty) ? nil : ["\(title(row)), equal gradients"] + cells
    }
  }

  /// Gradients, forward passes and megabytes of one participation: what the methods cost.
  public var costs: ReportTable {
    ReportTable(
      title: "Cost of one client in one round", header: ["method"] + columns.map(Self.title),
      rows: rows.map { row in
        [title(row)]
          + columns.map { column in
            let runs = results.runs(row.merging(column) { $1 })
            let cost = MeasuredCost(runs)
            guard !cost.gradients.isNaN else { return isPlanned(row, column) ? "" : "–" }
            let forward =
              cost.forwardSamples > 0
              ? String(format: " + %.0f samples forward", cost.forwardSamples) : ""
            return String(format: "%.0f gradients", cost.gradients) + forward
              + String(format: ", %.2f MB", MeasuredTraffic(runs).megabytesPerParticipation)
          }
      },
      footers: [
        "Gradients of mini-batches and samples of forward passes without a gradient, counted while the "
          + "clients trained, and megabytes (2^20 bytes) up and down as float32. "
          + "In the accuracy table, “equal gradients” marks a method that computes more than twice the "
          + "gradients of its column's median, at the round by which it had computed as many as the median "
          + "method does in the whole run."
      ])
  }

  /// The highest mean of each column with several; all equal ones.
  private func best(_ accuracies: [[CellAccuracy]]) -> Set<ReportTable.Place> {
    var places: Set<ReportTable.Place> = []
    for column in columns.indices {
      let means = accuracies.map { $0[column].mean }
      let known = means.filter { !$0.isNaN }
      guard known.count > 1, let highest = known.max() else { continue }
      for (row, mean) in means.enumerated() where mean == highest {
        places.insert(ReportTable.Place(row: row, column: column + 1))
      }
    }
    return places
  }

  private func meaning(_ accuracies: [[CellAccuracy]]) -> [String] {
    let hasDeviation = accuracies.joined().contains { !$0.seedDeviation.isNaN }
    let hasPaper = rows.contains { row in
      columns.contains { !paperNumber("accuracy_percent", row, $0).isNaN }
    }
    let models = EvaluatedModel.allCases.compactMap { model -> String? in
      let titles = zip(rows, accuracies).filter { $1.contains { $0.reportedModels == [model] } }
        .map { title($0.0) }
      return titles.isEmpty ? nil : "\(model.rawValue) for \(titles.joined(separator: ", "))"
    }
    let reported = models.isEmpty ? "" : " (\(models.joined(separator: "; ")))"
    return [
      "Accuracy in percent on the clients' own test data, mean over clients, at the last "
        + "evaluation; never a maximum over rounds. It is the accuracy of the model that the method's own paper "
        + "reports\(reported): received is what the next local training would start from, trained "
        + "is the result of the latest local training.",
      [
        hasDeviation ? "±: standard deviation over seeds of the mean over clients." : "",
        hasPaper ? "In parentheses: the paper's number; shown alone if our runs are missing." : "",
        rows.contains { row in columns.contains { !isPlanned(row, $0) } } ? "–: no such run." : "",
        "Bold: our best in the column.",
      ].filter { !$0.isEmpty }.joined(separator: " "),
    ]
  }

  func title(_ row: Place) -> String {
    ([methodTitle(row)].filter { !$0.isEmpty }
      + rowAxes.filter { $0 != "method" }.map { "\($0) \(row[$0] ?? "")" }).joined(separator: ", ")
  }

  static func title(_ column: Place) -> String {
    let parts = [
      column["dataset"].map { DatasetCatalogue.title(of: $0) ?? $0 },
      column["clients"].map { "\($0) clients" },
      column["statistics"].map { "\($0) statistics" },
    ].compactMap { $0 }
    return parts.isEmpty ? "accuracy" : parts.joined(separator: ", ")
  }

  // MARK: Files

  /// Writes `accuracy.csv`, `table.md` and `table.tex` into the folder, which must exist. Throws if
  /// that fails.
  public func write(to folder: String) throws -> ReportSection {
    let (table, costs) = (table, costs)
    try csv.write(to: "\(folder)/accuracy.csv")
    try table.write(to: folder)
    try costs.write(to: folder, name: "costs")
    return ReportSection(
      name: results.plan.name, title: facts.title, overview: overview, tables: [table, costs],
      files: ["accuracy.csv", "table.md", "table.tex", "costs.md", "costs.tex"])
  }
}
