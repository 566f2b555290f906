import Experiments
import Support

/// Where each method's accuracy peaks, and how far the last round lies below: whether the last round, which every other
/// table shows, misleads. A maximum over rounds is chosen on test data, so it is a description and never a result.
public struct PeakTable: ReportPart {
  private let accuracy: AccuracyTable

  /// The table of a sweep's finished runs; the paper has none.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    accuracy = AccuracyTable(results, paper: paper)
  }

  /// A column of the accuracy table with a row a method.
  private var cells: [(column: AccuracyTable.Place, row: AccuracyTable.Place, peak: CellPeak)] {
    accuracy.columns.flatMap { column in
      accuracy.rows.map { row in
        (column, row, CellPeak(accuracy.results.runs(row.merging(column) { $1 })))
      }.filter { !$0.2.rounds.isEmpty }
    }
  }

  /// One row per cell with a finished run; missing values are empty.
  public var csv: CSV {
    let (columnNames, rowNames) = (accuracy.columnAxes, accuracy.rowAxes)
    var csv = CSV(
      columnNames + rowNames + [
        "seed_values", "peak_percent", "peak_rounds", "last_percent", "last_below_peak_percent",
        "last_tenth_percent", "last_tenth_sd_rounds",
      ])
    for (column, row, peak) in cells {
      csv.append(
        columnNames.map { column[$0] ?? "" } + rowNames.map { row[$0] ?? "" } + [
          peak.seeds.map(String.init).joined(separator: " "), CSV.number(peak.highest),
          peak.rounds.map(String.init).joined(separator: " "), CSV.number(peak.last),
          CSV.number(peak.highest - peak.last), CSV.number(peak.lastTenth),
          CSV.number(peak.lastTenthDeviation),
        ])
    }
    return csv
  }

  /// A row for each method and column of the accuracy table.
  public var table: ReportTable {
    let columns = accuracy.columns.count > 1
    return ReportTable(
      title: "Does the last round mislead?",
      header: (columns ? ["column"] : []) + [
        "method", "highest", "in round", "last round", "last − highest", "last tenth",
      ],
      rows: cells.map { column, row, peak in
        (columns ? [AccuracyTable.title(column)] : []) + [
          accuracy.title(row), CellAccuracy.number(peak.highest),
          peak.rounds.map(String.init).joined(separator: ", "), CellAccuracy.number(peak.last),
          CellAccuracy.difference(peak.last - peak.highest),
          peak.lastTenth.isNaN
            ? ""
            : "\(CellAccuracy.number(peak.lastTenth)) ± \(CellAccuracy.number(peak.lastTenthDeviation))",
        ]
      },
      footers: [
        "Accuracy in percent on the clients' own test data, mean over clients and seeds, of the model that the method's "
          + "own paper reports. Highest: over all evaluations of a seed, and its round, one per seed; chosen on test "
          + "data, so no result. Last tenth: the last tenth of the evaluations, at least five, ± their standard deviation "
          + "over rounds, mean over seeds."
      ])
  }

  /// Writes `peaks.csv`, `peaks.md` and `peaks.tex` into the folder, which must exist. Throws if that fails.
  public func write(to folder: String) throws -> ReportSection {
    var section = accuracy.results.emptySection
    let table = table
    guard !table.rows.isEmpty else { return section }
    try csv.write(to: "\(folder)/peaks.csv")
    try table.write(to: folder, name: "peaks")
    section.tables = [table]
    section.files = ["peaks.csv", "peaks.md", "peaks.tex"]
    return section
  }
}
