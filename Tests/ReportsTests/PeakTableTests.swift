import Experiments
import ExperimentsTestSupport
import Foundation
import Reports
import TestSupport
import Testing

@Suite("Peak tables")
struct PeakTableTests {
  /// Accuracies over rounds by method and seed: of both clients the same, nil without an evaluation.
  private static let curves: [String: [[Float?]]] = [
    "local": [[0.25, 0.5, nil, 0.5, 0.25, 0.5], [0.25, 0.5, 0.625, 0.5, 0.25, 0.375]],
    "fedavg": [[0.25, 0.75, nil, 0.5], [0.5, 0.25, 0.25, 0.25]],
    "pfedla": [[], []],
  ]

  private func sweep(_ methods: [String]) throws -> SweepResults {
    try HandMade.sweep(
      "own", [("dataset", ["cifar10"]), ("method", methods), ("seed", ["1", "0"])]
    ) { place in
      guard let method = place["method"], let seed = place["seed"].flatMap(Int.init),
        let curve = Self.curves[method]?[seed], !curve.isEmpty
      else { return nil }
      return HandMade.run(
        method, seed: UInt64(seed), curve.map { $0.map { [$0, $0] } }, other: 0.875,
        reported: method == "fedavg" ? .trained : .received)
    }
  }

  private func rows(_ sweep: SweepResults) -> [String: [String: String]] {
    Dictionary(
      HandMade.rows(PeakTable(sweep, paper: HandMade.noPaper).csv).map { ($0["method"] ?? "", $0) },
      uniquingKeysWith: { first, _ in first })
  }

  @Test("each seed's own peak, its first round, and the reported model, by hand")
  func numbers() throws {
    let rows = rows(try sweep(["local", "fedavg", "pfedla"]))
    #expect(rows.keys.sorted() == ["fedavg", "local"])
    let local = rows["local"]
    #expect(local?["seed_values"] == "0 1")
    #expect(local?["peak_rounds"] == "2 3")
    #expect(local?["peak_percent"] == "56.25")
    #expect(local?["last_percent"] == "43.75")
    #expect(local?["last_below_peak_percent"] == "12.5")
    // Seeds: 0.25 0.5 0.5 0.25 0.5, and 0.5 0.625 0.5 0.25 0.375.
    #expect(local?["last_tenth_percent"] == "42.5")
    let deviations = [(0.075 / 4).squareRoot(), (0.08125 / 4).squareRoot()]
    let deviation = local?["last_tenth_sd_rounds"].flatMap(Double.init) ?? .nan
    #expect(abs(deviation - 50 * (deviations[0] + deviations[1])) < 1e-9)
    let fedavg = rows["fedavg"]
    #expect(fedavg?["peak_rounds"] == "2 1")
    #expect(fedavg?["last_below_peak_percent"] == "25")
    // Three and four evaluations.
    #expect(fedavg?["last_tenth_percent"] == "")
    #expect(fedavg?["last_tenth_sd_rounds"] == "")
  }

  @Test("a tenth of many evaluations")
  func manyEvaluations() throws {
    let sweep = try HandMade.sweep("own", [("method", ["local"]), ("seed", ["0"])]) { _ in
      HandMade.run("local", (1...80).map { [$0 <= 72 ? 0.25 : 0.5] })
    }
    let row = rows(sweep)["local"]
    #expect(row?["last_tenth_percent"] == "50")
    #expect(row?["last_tenth_sd_rounds"] == "0")
    #expect(row?["peak_rounds"] == "73")
  }

  @Test("the table warns that a peak is no result; its files; none without a run")
  func table() throws {
    let folder = try TemporaryFolder()
    let section = try PeakTable(sweep(["local", "fedavg"]), paper: HandMade.noPaper)
      .write(to: folder.path)
    #expect(section.files == ["peaks.csv", "peaks.md", "peaks.tex"])
    for file in section.files { #expect(try !Data(contentsOf: folder.file(file)).isEmpty) }
    let table = try #require(section.tables.first)
    #expect(
      table.rows == [
        ["Local", "56.25", "2, 3", "43.75", "−12.50", "42.50 ± \(table.rows[0][5].suffix(5))"],
        ["FedAvg", "62.50", "2, 1", "37.50", "−25.00", ""],
      ])
    #expect(table.footers.first?.contains("chosen on test data, so no result") == true)
    let none = try PeakTable(sweep(["pfedla"]), paper: HandMade.noPaper)
      .write(to: folder.file("none").path)
    #expect(none.files.isEmpty && none.tables.isEmpty)
  }
}
