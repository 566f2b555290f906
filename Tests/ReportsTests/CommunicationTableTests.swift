import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import NeuralNetworks
import Reports
import TestSupport
import Testing

@Suite("The communication table")
struct CommunicationTableTests {
  @Test("the unit meets the paper's seven numbers within 0.03 MB")
  func paperUnit() throws {
    func counts(
      inputSize: Int, channels: Int, batchNormalisation: Bool
    ) throws -> [String: Int] {
      let layout = ParameterLayout(
        try NetworkDescription.paperCNN.architecture(
          NetworkInput(
            channels: channels, height: inputSize, width: inputSize, classCount: 10,
            batchNormalisation: batchNormalisation)))
      return Dictionary(
        uniqueKeysWithValues: layout.layers.map { ($0.name, $0.trainedRange.count) })
    }
    let layers = [
      "emnist": try counts(inputSize: 28, channels: 1, batchNormalisation: false),
      "cifar10": try counts(inputSize: 32, channels: 3, batchNormalisation: true),
    ]
    #expect(layers["emnist"]?.values.reduce(0, +) == 85_822)
    #expect(layers["cifar10"]?.values.reduce(0, +) == 121_278)
    // Which layers stay local first, by the order of Figure 7.
    let order = ["emnist": ["fc3", "fc1"], "cifar10": ["fc1", "conv2", "fc3"]]
    let rows = HandMade.paper.rows("table3.csv")
    #expect(rows.count == 7)
    for row in rows {
      let dataset = try #require(row["dataset"])
      let layers = try #require(layers[dataset])
      let retained = try #require(row["retained_layers"].flatMap(Int.init))
      let paper = try #require(row["communication_mbytes"].flatMap(Double.init))
      let whole = Double(layers.values.reduce(0, +))
      let kept = try #require(order[dataset]).prefix(retained)
        .reduce(0) { $0 + Double(layers[$1] ?? 0) }
      let ours = CommunicationTable.megabytesInPaperUnit(uplink: whole, downlink: whole - kept)
      #expect(abs(ours - paper) < 0.03, "\(dataset), \(retained)")
    }
  }

  /// Three participations in two rounds; 1000 parameters up, 1000 or 600 down.
  private func sweep() throws -> SweepResults {
    try HandMade.sweep(
      "table3",
      [("dataset", ["cifar10"]), ("retained_layers", ["0", "1", "2"]), ("seed", ["0"])]
    ) { place in
      guard place["retained_layers"] != "2" else { return nil }
      let keeps = place["retained_layers"] == "1"
      return HandMade.run(
        keeps ? "heurpfedla" : "pfedla", [[0.5, 0.5], [keeps ? 0.5 : 0.625, 0.5]]
      ) { record in
        record.participated = [true, true, true, false]
        record.uplinkBytes = [8000, 4000]
        record.downlinkBytes = keeps ? [4800, 2400] : [8000, 4000]
        record.recordedRounds = [1, 2]
        record.weights = [Float](repeating: 0.5, count: 2 * 2 * 2 * 2)
        guard keeps else { return }
        // Axes (recorded round, client, layer): at the end both keep fc2, one of them fc1 too.
        record.retained = [true, false, true, false, false, true, true, true]
      }
    }
  }

  @Test("measured bytes by hand")
  func measured() throws {
    let table = CommunicationTable(try sweep(), paper: HandMade.paper)
    let rows = HandMade.rows(table.csv)
    #expect(rows.count == 3)
    func number(_ row: Int, _ column: String) throws -> Double {
      try #require(rows[row][column].flatMap(Double.init))
    }
    #expect(rows[0]["uplink_bytes_per_participation"] == "4000")
    #expect(rows[1]["downlink_bytes_per_participation"] == "2400")
    #expect(try number(0, "megabytes_whole_run") == 24_000 / 1_048_576.0)
    #expect(try number(1, "megabytes_per_round") == 9_600 / 1_048_576.0)
    // 1000 up and 600 down.
    #expect(abs(try number(1, "megabytes_paper_unit") - 1600 * 3000 / 1_048_576.0) < 1e-9)
    #expect(rows[0]["paper_megabytes"] == "693.98")
    #expect(
      abs(try number(0, "megabytes_difference") - (2000 * 3000 / 1_048_576.0 - 693.98)) < 1e-9)
    #expect(rows[0]["retained_at_end"] == "")
    #expect(rows[1]["retained_at_end"] == "fc2 1; fc1 0.5")
    #expect(rows[0]["accuracy_percent"] == "56.25")
    #expect(rows[1]["paper_accuracy_percent"] == "60.02")
    for column in [
      "accuracy_percent", "megabytes_per_round", "megabytes_whole_run", "megabytes_paper_unit",
      "megabytes_difference", "uplink_bytes_per_participation", "rounds",
    ] {
      #expect(rows[2][column] == "", "\(column)")
    }
  }

  @Test("the table for readers")
  func readable() throws {
    let folder = try TemporaryFolder()
    let section = try CommunicationTable(try sweep(), paper: HandMade.paper).write(
      to: folder.path)
    #expect(section.files == ["communication.csv", "table.md", "table.tex"])
    let table = try #require(section.tables.first)
    #expect(table.header.prefix(3) == ["dataset", "retained layers", "kept at the end"])
    #expect(
      table.rows[1] == [
        "cifar10", "1", "fc2 100 %, fc1 50 %", "50.00 (60.02)", "−10.02", "0.01", "0.02",
        "4.58 (418.97)", "−414.39",
      ])
    #expect(table.rows[2] == ["cifar10", "2", "", "(59.90)", "", "", "", "(382.25)", ""])
    #expect(table.footers.contains { $0.contains("eight times") })
    #expect(
      try String(contentsOf: folder.file("table.tex"), encoding: .utf8).contains("fc2 100 \\%"))
  }
}
