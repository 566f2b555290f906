import Experiments
import FederatedLearning
import Support

/// How accuracies differ between clients: for each dataset and number of clients a table with a row a method. The
/// mean of Tables 1 and 2 hides who loses.
public struct SpreadTable: ReportPart {
  private let accuracy: AccuracyTable

  /// The tables of a sweep's finished runs; the paper has none.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    accuracy = AccuracyTable(results, paper: paper)
  }

  /// The numbers of a table, in the order of its columns.
  private static let columns:
    [(title: String, name: String, value: KeyPath<CellSpread, Double> & Sendable)] =
      [
        ("mean", "mean_percent", \.mean),
        ("sd", "sd_percent", \.standardDeviation),
        ("worst client", "worst_percent", \.worst),
        ("worst tenth", "worst_tenth_percent", \.worstTenth),
        ("best tenth", "best_tenth_percent", \.bestTenth),
        ("weighted mean", "weighted_mean_percent", \.weightedMean),
        ("better than Local", "better_than_local_percent", \.betterThanLocal),
        ("better than FedAvg", "better_than_fedavg_percent", \.betterThanFedAvg),
      ]

  private static let meaning =
    "Accuracy over clients in percent at the last evaluation, of the model that the method's own paper reports (mean "
    + "over seeds): mean and standard deviation over clients, the worst client, the means of the worst and the best "
    + "tenth of the clients, the mean over test samples, and the share of clients with a higher accuracy than under "
    + "Local and FedAvg with the same partition and seed."

  private func spread(_ row: AccuracyTable.Place, _ column: AccuracyTable.Place) -> CellSpread {
    func runs(_ place: AccuracyTable.Place) -> [RunResult] {
      accuracy.results.runs(place.merging(column) { $1 })
    }
    return CellSpread(
      runs(row), local: runs(["method": Local.information.name]),
      fedAvg: runs(["method": FedAvg.information.name]))
  }

  /// One row per cell with a finished run; missing values are empty.
  public var csv: CSV {
    let (columnNames, rowNames) = (accuracy.columnAxes, accuracy.rowAxes)
    var csv = CSV(columnNames + rowNames + ["seed_values"] + Self.columns.map(\.name))
    for (column, rows) in cells {
      for (row, spread) in rows {
        csv.append(
          columnNames.map { column[$0] ?? "" } + rowNames.map { row[$0] ?? "" }
            + [spread.seeds.map(String.init).joined(separator: " ")]
            + Self.columns.map { CSV.number(spread[keyPath: $0.value]) })
      }
    }
    return csv
  }

  /// A table for each column of the accuracy table that has a finished run, with the end of its file's name. A number
  /// that no run has, such as the share of clients that are better under Local than under Local, is empty.
  public var tables: [(ending: String, table: ReportTable)] {
    let (cells, names) = (cells, names)
    return zip(cells, names).map { cell, name in
      let (column, rows) = cell
      return (
        name.isEmpty ? "" : "-\(name)",
        ReportTable(
          title: "Accuracy over clients"
            + (column.isEmpty ? "" : ": \(AccuracyTable.title(column))"),
          header: ["method"] + Self.columns.map(\.title),
          rows: rows.map { row, spread in
            [accuracy.title(row)]
              + Self.columns.map { CellAccuracy.number(spread[keyPath: $0.value]) }
          }, footers: [Self.meaning])
      )
    }
  }

  /// A name for each of `cells`, to be part of a file's: its labels, or its number if labels are too alike.
  private var names: [String] {
    let names = cells.map { column, _ in
      String(
        accuracy.columnAxes.compactMap { column[$0] }.joined(separator: "-").map {
          $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "-"
        })
    }
    return Set(names).count == names.count ? names : names.indices.map { "\($0 + 1)" }
  }

  /// Columns of the accuracy table, each with its rows that have finished.
  private var cells: [(column: AccuracyTable.Place, rows: [(AccuracyTable.Place, CellSpread)])] {
    accuracy.columns.compactMap { column in
      let rows = accuracy.rows.map { ($0, spread($0, column)) }.filter { !$0.1.seeds.isEmpty }
      return rows.isEmpty ? nil : (column, rows)
    }
  }

  /// Writes `spread.csv`, and for each table `spread-….md` and `spread-….tex`, into the folder, which must exist.
  /// Throws if that fails.
  public func write(to folder: String) throws -> ReportSection {
    var section = accuracy.results.emptySection
    let tables = tables
    guard !tables.isEmpty else { return section }
    try csv.write(to: "\(folder)/spread.csv")
    section.files = ["spread.csv"]
    for (ending, table) in tables {
      let name = "spread\(ending)"
      try table.write(to: folder, name: name)
      section.tables.append(table)
      section.files += ["\(name).md", "\(name).tex"]
    }
    return section
  }
}
