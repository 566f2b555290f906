import Foundation
import Support

// The table of a comparison: for a terminal, in Markdown and as CSV.
extension Comparison {
  static let explanation = """
    Accuracy in percent on the clients' own test data after the last round, mean
    over clients ± standard deviation over clients [± standard deviation of the mean
    over seeds]. received: the model that the next local training would start from;
    trained: the model after the latest local training. MB up, MB down: what all
    participants send and are sent in a round, float32; 1 MB = 2^20 bytes.
    """

  /// The explanation, and which clients the means are over if those are not all.
  private var note: String {
    let counts = Set(groups.compactMap { $0.identity["evaluate_clients"] }).subtracting(["0"])
    guard !counts.isEmpty else { return Self.explanation }
    let words = counts.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }.joined(separator: ", ")
    return Self.explanation
      + "\nMeans are over the clients that were evaluated: \(words) (evaluate_clients)."
  }

  /// The number of seeds, and of those that diverged.
  private static func seeds(_ row: Row) -> String {
    row.divergedCount > 0
      ? "\(row.divergedCount) of \(row.seeds.count) diverged" : "\(row.seeds.count)"
  }

  private static func text(_ accuracy: Accuracy) -> String {
    guard !accuracy.mean.isNaN else { return "diverged" }
    func number(_ value: Double) -> String { String(format: "%.2f", value) }
    let seeds = accuracy.seedDeviation.isNaN ? "" : " [± \(number(accuracy.seedDeviation))]"
    let clients = accuracy.clientDeviation.isNaN ? "" : " ± \(number(accuracy.clientDeviation))"
    return number(accuracy.mean) + clients + seeds
  }

  /// The table's rows as texts, the header first.
  private var cells: [[String]] {
    [
      [
        "method", "dataset", "partition", "rounds",
      ] + differingSettings + [
        "seeds", "received", "trained", "MB up", "MB down", "seconds",
      ]
    ]
      + rows.map { row in
        [
          row.method, row.dataset, row.scheme, "\(row.rounds)",
        ] + row.settings + [
          Self.seeds(row), Self.text(row.received), Self.text(row.trained),
          row.uplinkMegabytes.isNaN ? "" : String(format: "%.2f", row.uplinkMegabytes),
          row.downlinkMegabytes.isNaN ? "" : String(format: "%.2f", row.downlinkMegabytes),
          row.seconds.isNaN ? "" : String(format: "%.1f", row.seconds),
        ]
      }
  }

  /// The table for a terminal, the best accuracies of each dataset and partition marked.
  /// - Parameter isBold: whether to write them in bold, by the terminal's codes.
  public func plainText(isBold: Bool) -> String {
    terminalTable.plainText(isBold: isBold) + "\n" + note + "\n"
  }

  private var terminalTable: ReportTable {
    let cells = cells
    let header = cells[0]
    var marked: Set<ReportTable.Place> = []
    for panel in panels {
      let places = rows.indices.filter {
        rows[$0].dataset == panel.dataset && rows[$0].scheme == panel.scheme
      }
      for (name, value) in [("received", \Row.received.mean), ("trained", \.trained.mean)] {
        let known = places.filter { !rows[$0][keyPath: value].isNaN }
        guard known.count > 1, let column = header.firstIndex(of: name),
          let best = known.map({ rows[$0][keyPath: value] }).max()
        else { continue }
        for row in known where rows[row][keyPath: value] == best {
          marked.insert(ReportTable.Place(row: row, column: column))
        }
      }
    }
    return ReportTable(
      title: "Test accuracy, mean over clients", header: header, rows: Array(cells.dropFirst()),
      marked: marked)
  }

  /// The table in Markdown.
  public var markdown: String {
    let cells = cells
    let lines = cells.map { "| \($0.joined(separator: " | ")) |" }
    let rule = "|" + String(repeating: " --- |", count: cells.first?.count ?? 0)
    return ([lines[0], rule] + lines.dropFirst()).joined(separator: "\n") + "\n\n"
      + note + "\n"
  }

  /// The names of the columns that distinguish rows in CSV files.
  var keyColumns: [String] {
    ["method", "dataset", "data", "partition", "rounds"] + keySettings.map { differingSettings[$0] }
      + [Self.numericsVersion]
  }

  /// Their values.
  func keys(_ row: Row) -> [String] {
    [row.method, row.datasetName, row.origin.rawValue, row.scheme, "\(row.rounds)"]
      + keySettings.map { row.settings[$0] } + ["\(row.numericsVersion)"]
  }

  private static let numericsVersion = "numerics_version"
  /// The places of the settings that differ, except the one that always has a column.
  private var keySettings: [Int] {
    differingSettings.indices.filter { differingSettings[$0] != Self.numericsVersion }
  }

  /// Their number and the seeds themselves.
  static func columns(ofSeeds seeds: [UInt64]) -> [String] {
    ["\(seeds.count)", seeds.map(String.init).joined(separator: " ")]
  }

  /// The table as CSV.
  public var csv: CSV {
    var csv = CSV(
      keyColumns + [
        "seeds", "seed_values", "diverged", "received_mean_percent", "received_sd_clients",
        "received_sd_seeds", "trained_mean_percent", "trained_sd_clients", "trained_sd_seeds",
        "uplink_mb_per_round", "downlink_mb_per_round", "seconds",
      ])
    for row in rows {
      csv.append(
        keys(row) + Self.columns(ofSeeds: row.seeds) + ["\(row.divergedCount)"]
          + [row.received, row.trained].flatMap {
            [$0.mean, $0.clientDeviation, $0.seedDeviation].map(CSV.number)
          } + [row.uplinkMegabytes, row.downlinkMegabytes, row.seconds].map(CSV.number))
    }
    return csv
  }
}
