import Experiments
import FederatedLearning
import Foundation
import Support

/// Accuracy and communication against the number of layers that stay local, beside the paper's:
/// Table 3.
public struct CommunicationTable: ReportPart {
  /// What the paper's Table 3 gives, as inferred from its numbers: parameters sent in both directions
  /// in one participation × 3000 bytes / 2^20; 3000 = 600 rounds × 10 clients × half a byte. It
  /// meets all seven numbers within 0.025.
  static let paperBytesPerParameter = 600 * 10 * 0.5

  /// Communication in the unit of the paper's Table 3.
  /// - Parameters:
  ///   - uplink: parameters that a client sends in one participation.
  ///   - downlink: parameters that it is sent.
  public static func megabytesInPaperUnit(uplink: Double, downlink: Double) -> Double {
    (uplink + downlink) * paperBytesPerParameter / Megabyte.bytes
  }

  /// A number of retained layers on a dataset.
  private struct Row {
    let place: [String: String]
    let runs: [RunResult]
    /// Those that diverged too.
    let finished: [RunResult]
    let accuracy: CellAccuracy
    let traffic: MeasuredTraffic
    let retained: [(layer: String, share: Double)]
    let paperAccuracy: Double
    let paperMegabytes: Double
  }

  private let results: SweepResults
  private let facts: SweepFacts
  private let rows: [Row]

  /// A table of a sweep's finished runs.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
    facts = SweepFacts(results)
    let paperRows = paper.rows("\(results.plan.name).csv")
    var places: [[String: String]] = []
    for cell in results.cells {
      let place = cell.coordinates.filter { $0.key != "seed" }
      if !places.contains(place) { places.append(place) }
    }
    rows = places.map { place in
      let runs = results.runs(place)
      return Row(
        place: place, runs: runs, finished: results.finished(place),
        accuracy: CellAccuracy(runs, divergedCount: results.divergedCount(place)),
        traffic: MeasuredTraffic(runs),
        retained: Self.retained(runs),
        paperAccuracy: paperRows.number("accuracy_percent", where: place),
        paperMegabytes: paperRows.number("communication_mbytes", where: place))
    }
  }

  /// The layers that clients keep after the last recorded round and the share of clients and seeds
  /// that do, most frequent first, layers in order; none of a method that retains nothing.
  private static func retained(_ runs: [RunResult]) -> [(layer: String, share: Double)] {
    guard let first = runs.first else { return [] }
    let masks = runs.flatMap { run -> [[Bool]] in
      guard let view = WeightView(run), view.hasRetained, view.layers == first.layers else {
        return []
      }
      return (0..<view.clientCount).map { client in
        view.layers.indices.map {
          view.isRetained(position: view.rounds.count - 1, client: client, layer: $0)
        }
      }
    }
    guard !masks.isEmpty else { return [] }
    let counts = first.layers.indices.map { layer in masks.count { $0[layer] } }
    return counts.indices.filter { counts[$0] > 0 }
      .sorted { (-counts[$0], $0) < (-counts[$1], $1) }
      .map { (first.layers[$0], Double(counts[$0]) / Double(masks.count)) }
  }

  /// Layers with the percentage of clients that keep them.
  private static func text(_ retained: [(layer: String, share: Double)]) -> String {
    retained.map { "\($0.layer) \(Int((100 * $0.share).rounded())) %" }.joined(separator: ", ")
  }

  // MARK: For machines

  /// One row per dataset and number of retained layers; missing values are empty.
  public var csv: CSV {
    let axes = results.plan.axes.map(\.name).filter { $0 != "seed" }
    var csv = CSV(
      axes + [
        "method", "seed_values", "reported_model", "accuracy_percent", "accuracy_sd_seeds",
        "paper_accuracy_percent", "accuracy_difference_percent", "rounds",
        "uplink_bytes_per_participation", "downlink_bytes_per_participation",
        "megabytes_per_round", "megabytes_whole_run", "megabytes_paper_unit",
        "paper_megabytes", "megabytes_difference", "retained_at_end", "data", "code_version",
        "numerics_version", "diverged",
      ])
    for row in rows {
      let (accuracy, traffic) = (row.accuracy, row.traffic)
      func same(_ property: (RunResult) -> String) -> String {
        Set(row.finished.map(property)).sorted().joined(separator: " ")
      }
      csv.append(
        axes.map { row.place[$0] ?? "" } + [
          same(\.method), accuracy.seeds.map(String.init).joined(separator: " "),
          accuracy.reportedModels.map(\.rawValue).joined(separator: " "),
          CSV.number(accuracy.mean), CSV.number(accuracy.seedDeviation),
          CSV.number(row.paperAccuracy),
          CSV.number(facts.isSynthetic ? .nan : accuracy.mean - row.paperAccuracy),
          same { "\($0.record.roundCount)" }, CSV.number(traffic.uplinkPerParticipation),
          CSV.number(traffic.downlinkPerParticipation),
          CSV.number(traffic.perRound / Megabyte.bytes),
          CSV.number(traffic.whole / Megabyte.bytes), CSV.number(paperUnit(traffic)),
          CSV.number(row.paperMegabytes), CSV.number(paperUnit(traffic) - row.paperMegabytes),
          row.retained.map { "\($0.layer) \(CSV.number($0.share))" }.joined(separator: "; "),
          same(\.origin.rawValue), same(\.codeVersion), same { "\($0.numericsVersion)" },
          "\(accuracy.divergedCount)",
        ])
    }
    return csv
  }

  private func paperUnit(_ traffic: MeasuredTraffic) -> Double {
    let parameter = Double(MemoryLayout<Float>.size)
    return Self.megabytesInPaperUnit(
      uplink: traffic.uplinkPerParticipation / parameter,
      downlink: traffic.downlinkPerParticipation / parameter)
  }

  // MARK: For readers

  /// Ours beside the paper's.
  public var table: ReportTable {
    let axes = results.plan.axes.map(\.name).filter { $0 != "seed" }
    return ReportTable(
      title: facts.title,
      header: axes.map { $0.replacingOccurrences(of: "_", with: " ") } + [
        "kept at the end", "accuracy (paper)", "difference", "MB per round", "MB per run",
        "paper's unit (paper)", "difference",
      ],
      rows: rows.map { row in
        let unit = paperUnit(row.traffic)
        return axes.map { row.place[$0] ?? "" } + [
          Self.text(row.retained), row.accuracy.text(paper: row.paperAccuracy),
          CellAccuracy.difference(
            facts.isSynthetic ? .nan : row.accuracy.mean - row.paperAccuracy),
          CellAccuracy.number(row.traffic.perRound / Megabyte.bytes),
          CellAccuracy.number(row.traffic.whole / Megabyte.bytes),
          [
            CellAccuracy.number(unit),
            row.paperMegabytes.isNaN ? "" : "(\(CellAccuracy.number(row.paperMegabytes)))",
          ].filter { !$0.isEmpty }.joined(separator: " "),
          CellAccuracy.difference(unit - row.paperMegabytes),
        ]
      },
      footers: meaning + facts.footers)
  }

  private var meaning: [String] {
    let runs = rows.flatMap(\.runs)
    var sentences = [
      "Accuracy in percent on the clients' own test data, mean over clients"
        + (rows.contains { !$0.accuracy.seedDeviation.isNaN }
          ? " ± standard deviation over seeds" : "")
        + ", at the last evaluation of the "
        + EvaluatedModel.allCases.filter { model in runs.contains { $0.reported == model } }
        .map(\.rawValue).joined(separator: " or ")
        + " model, which the method's own paper reports; never a maximum over rounds.",
      "MB: 2^20 bytes, measured: uplink and downlink of all participants at 4 bytes per parameter "
        + "(float32).",
      "The paper's unit, inferred from its seven numbers: parameters sent both ways in one "
        + "participation × 3000 bytes / 2^20, that is 600 rounds × 10 clients × half a byte; ours "
        + "are the measured bytes of a participation in that unit. float32 over so many rounds and "
        + "clients would be eight times as many bytes.",
      "Kept at the end: the layers that clients would keep in the next round, with the share of "
        + "clients and seeds.",
    ]
    if runs.contains(where: {
      $0.setting("model.batch_normalisation") == "true"
        && $0.setting("model.batch_normalisation_statistics") != "local"
    }) {
      sentences.append(
        "With batch normalisation our bytes include its running statistics, which are sent too; the "
          + "paper's count seems to leave them out.")
    }
    return sentences
  }

  // MARK: Files

  /// Writes `communication.csv`, `table.md` and `table.tex` into the folder, which must exist.
  /// Throws if that fails.
  public func write(to folder: String) throws -> ReportSection {
    let table = table
    try csv.write(to: "\(folder)/communication.csv")
    try table.write(to: folder)
    return ReportSection(
      name: results.plan.name, title: facts.title, tables: [table],
      files: ["communication.csv", "table.md", "table.tex"])
  }
}
