import FederatedLearning
import Foundation

/// Accuracy of methods (rows) on datasets and numbers of clients (columns), beside the paper's:
/// Tables 1 and 2. Axes of one's own besides `dataset`, `clients`, `method` and `seed` make rows.
public struct AccuracyTable {
  /// A place on some axes.
  private typealias Place = [String: String]

  private static let columnAxes = ["dataset", "clients"]

  private let results: SweepResults
  private let paperRows: [[String: String]]
  private let facts: SweepFacts
  private let columns: [Place]
  private let rows: [Place]
  private let rowAxes: [String]

  /// A table of a sweep's finished runs.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
    paperRows = paper.rows("\(results.plan.name).csv")
    facts = SweepFacts(results)
    let axes = results.plan.axes.map(\.name).filter { $0 != "seed" }
    rowAxes =
      axes.filter { $0 == "method" }
      + axes.filter { !Self.columnAxes.contains($0) && $0 != "method" }
    columns = Self.places(Self.columnAxes.filter(axes.contains), results)
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

  private func accuracy(_ row: Place, _ column: Place) -> CellAccuracy {
    let place = row.merging(column) { $1 }
    return CellAccuracy(results.runs(place), divergedCount: results.divergedCount(place))
  }

  private func isPlanned(_ row: Place, _ column: Place) -> Bool {
    results.isPlanned(row.merging(column) { $1 })
  }

  /// The paper's number for a cell; NaN if it has none.
  private func paperNumber(_ name: String, _ row: Place, _ column: Place) -> Double {
    paperRows.number(name, where: row.merging(column) { $1 })
  }

  private func methodTitle(_ row: Place) -> String {
    let title = results.finished(row).first?.methodTitle
    guard let name = row["method"] else { return title ?? "" }
    return title
      ?? MethodRegistry.method(named: name)?.information.title ?? name
  }

  // MARK: For machines

  /// One row a cell of the plan; what is missing is empty.
  public var csv: CSV {
    let columnNames = Self.columnAxes.filter { columns.first?[$0] != nil }
    var csv = CSV(
      columnNames + rowAxes + [
        "method_title", "seeds_planned", "seed_values", "reported_model", "accuracy_percent",
        "accuracy_sd_seeds", "accuracy_last_five_percent", "received_percent", "trained_percent",
        "accuracy_sd_clients", "paper_percent", "paper_spread_percent", "difference_percent",
        "rounds", "local_epochs", "data", "code_version", "numerics_version", "diverged",
      ])
    for column in columns {
      for row in rows where isPlanned(row, column) {
        let place = row.merging(column) { $1 }
        let runs = results.finished(place)
        let cell = accuracy(row, column)
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
      },
      footers: meaning(accuracies) + facts.footers, marked: best(accuracies))
  }

  /// The highest mean of each column that has several; equal ones alike.
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
        + "evaluation; never a maximum over rounds. It is that of the model that the method's own paper "
        + "reports\(reported): received is what the next local training would start from, trained "
        + "what the latest local training left.",
      [
        hasDeviation ? "±: standard deviation over seeds of the mean over clients." : "",
        hasPaper ? "In parentheses: the paper's number; alone where our runs are missing." : "",
        rows.contains { row in columns.contains { !isPlanned(row, $0) } } ? "–: no such run." : "",
        "Bold: our best of the column.",
      ].filter { !$0.isEmpty }.joined(separator: " "),
    ]
  }

  private func title(_ row: Place) -> String {
    ([methodTitle(row)].filter { !$0.isEmpty }
      + rowAxes.filter { $0 != "method" }.map { "\($0) \(row[$0] ?? "")" }).joined(separator: ", ")
  }

  private static func title(_ column: Place) -> String {
    let parts = [column["dataset"], column["clients"].map { "\($0) clients" }].compactMap { $0 }
    return parts.isEmpty ? "accuracy" : parts.joined(separator: ", ")
  }

  // MARK: Files

  /// Writes `accuracy.csv`, `table.md` and `table.tex` into the folder, which must exist. Throws if
  /// that fails.
  public func write(to folder: String) throws -> ReportSection {
    let table = table
    try csv.write(to: "\(folder)/accuracy.csv")
    try table.write(to: folder)
    return ReportSection(
      name: results.plan.name, title: facts.title, tables: [table],
      files: ["accuracy.csv", "table.md", "table.tex"])
  }
}
