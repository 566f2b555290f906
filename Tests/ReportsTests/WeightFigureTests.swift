import Experiments
import ExperimentsTestSupport
import Foundation
import Reports
import TestSupport
import Testing

/// The figures of aggregation weights: 1, 5, 6 and 7.
@Suite("Figures of weights")
struct WeightFigureTests {
  private let layers = ["conv1", "fc1", "fc3"]

  /// Sources differ in the hundredths, layers in the thousandths, rounds in whole numbers.
  private static func weight(_ round: Int, _ client: Int, _ layer: Int, _ source: Int) -> Float {
    Float(round) + Float(client) / 10 + Float(source) / 100 + Float(layer) / 1000
  }

  private func number(_ row: [String: String]?, _ column: String) -> Double {
    row?[column].flatMap { Double($0) } ?? .nan
  }

  @Test("Figure 5: thirds of training, sums over the others, means over layers, rounds and seeds")
  func weightsOverTime() throws {
    let folder = try TemporaryFolder()
    let results = try SweepFixtures.sweep(
      "figure5", axes: [("dataset", ["cifar10", "emnist"]), ("seed", ["0", "1"])]
    ) { place in
      guard place["dataset"] == "cifar10" else { return nil }
      let shift: Float = place["seed"] == "1" ? 1000 : 0
      return SweepFixtures.run(
        SweepFixtures.record(
          rounds: 600, clients: 5, layers: 3, recorded: [100, 200, 201, 400, 401]
        ) { shift + Self.weight($0, $1, $2, $3) }, layers: layers)
    }
    let paper = try SweepFixtures.paper(
      [
        "fig5.csv":
          "dataset,period,source,weight\ncifar10,last,self,0.269\nemnist,last,self,0.41\n"
      ], in: folder)
    let section = try WeightsOverTimeFigure(results, paper: paper)
      .write(to: folder.file("out").path)
    #expect(section.files == ["weights-over-time.csv"])
    let rows = try SweepFixtures.rows(folder.file("out/weights-over-time.csv").path)
    // (the mean over layers + 3 layers) × 3 periods × 4 origins, and the paper's one of the dataset.
    #expect(rows.count == 4 * 3 * 4 + 1)
    func row(_ layer: String, _ period: String, _ origin: String) -> [String: String]? {
      rows.first {
        $0["source"] == "ours" && $0["layer"] == layer && $0["period"] == period
          && $0["taken_from"] == origin
      }
    }
    // Layers add 0, 0.001, 0.002; seeds 0 and 1000; rounds as listed.
    let close = 1e-3
    #expect(abs(number(row("all", "prior", "self"), "weight") - 650.001) < close)
    #expect(abs(number(row("all", "middle", "self"), "weight") - 800.501) < close)
    #expect(abs(number(row("all", "last", "self"), "weight") - 901.001) < close)
    #expect(
      abs(number(row("all", "last", "same_labels_client"), "weight") - 901.011) < close)
    #expect(abs(number(row("all", "last", "similar_client"), "weight") - 901.021) < close)
    // Clients 3 and 4 together.
    #expect(
      abs(number(row("all", "last", "other_clients_sum"), "weight") - (2 * 901.001 + 0.07)) < close)
    #expect(abs(number(row("fc3", "last", "self"), "weight") - 901.002) < close)
    #expect(
      abs(number(row("all", "last", "self"), "weight_sd_seeds") - 1000 / 2.0.squareRoot()) < close)
    #expect(row("all", "last", "self")?["seeds"] == "2")
    #expect(rows.filter { $0["source"] == "paper" }.map { $0["weight"] } == ["0.269"])
    #expect(section.notes.contains { $0.hasPrefix("2 of 4 runs have no result") })
    try expectPaper(true, section, folder)
  }

  @Test("Figure 5: a third without recorded rounds is left out and said")
  func missingThird() throws {
    let folder = try TemporaryFolder()
    let results = try SweepFixtures.sweep("figure5", axes: [("dataset", ["cifar10"])]) { _ in
      SweepFixtures.run(
        SweepFixtures.record(
          rounds: 6, clients: 4, layers: 3, recorded: [5, 6], weight: Self.weight),
        layers: layers)
    }
    let section = try WeightsOverTimeFigure(results, paper: SweepFixtures.paper(in: folder))
      .write(to: folder.file("out").path)
    let rows = try SweepFixtures.rows(folder.file("out/weights-over-time.csv").path)
    #expect(Set(rows.map { $0["period"] }) == ["last"])
    #expect(section.notes.contains { $0.contains("every third") })
    try expectPaper(false, section, folder)
  }

  /// Whether the picture, if drawn, and its caption mention the paper's values.
  private func expectPaper(_ isThere: Bool, _ section: ReportSection, _ folder: TemporaryFolder)
    throws
  {
    for picture in section.pictures {
      #expect(picture.caption.contains("diamonds: the paper's values") == isThere)
      let svg = try String(contentsOf: folder.file("out/\(picture.name).svg"), encoding: .utf8)
      #expect(svg.contains("the paper") == isThere)
    }
  }

  @Test(
    "Figure 6: the last round's weights, the paper's layer of the dataset",
    arguments: [
      ("emnist", ["conv1", "fc1", "fc3"], "fc1"), ("cifar100", ["conv1", "fc1", "fc3"], "fc3"),
      ("fashion-mnist", ["fc2", "fc1"], "fc1"), ("cifar10", ["fc1", "fc2"], "fc2"),
    ])
  func heatMap(dataset: String, layers: [String], shown: String) throws {
    let folder = try TemporaryFolder()
    let results = try SweepFixtures.sweep(
      "figure6", axes: [("dataset", [dataset]), ("seed", ["0", "1"])]
    ) { place in
      SweepFixtures.run(
        SweepFixtures.record(rounds: 4, clients: 3, layers: layers.count, recorded: [2, 4]) {
          Self.weight($0, $1, $2, $3) + (place["seed"] == "1" ? 2 : 0)
        }, dataset: dataset, layers: layers)
    }
    let published = layers.map { "\(dataset),\($0),0,1,0.2,1\n" }.joined()
    let paper = try SweepFixtures.paper(
      ["fig6.csv": "dataset,layer,target_client,source_client,weight,clipped\n" + published],
      in: folder)
    let section = try HeatMapFigure(results, paper: paper).write(to: folder.file("out").path)
    #expect(section.files == ["heat-map-\(dataset).csv"])
    let rows = try SweepFixtures.rows(folder.file("out/heat-map-\(dataset).csv").path)
    let ours = rows.filter { $0["source"] == "ours" }
    #expect(ours.count == layers.count * 9)
    for row in ours {
      let layer = layers.firstIndex(of: row["layer"] ?? "") ?? -1
      let expected =
        Double(
          Self.weight(
            4, Int(number(row, "target_client")), layer, Int(number(row, "source_client")))) + 1
      #expect(abs(number(row, "weight") - expected) < 1e-5)
      #expect(row["round"] == "4")
      #expect(row["seeds"] == "2")
    }
    let theirs = rows.filter { $0["source"] == "paper" }
    #expect(theirs.map { $0["layer"] } == [shown])
    #expect(theirs.map { $0["clipped"] } == ["1"])
    if Gnuplot.program != nil {
      #expect(section.pictures.first?.caption.contains("layer \(shown) ") == true)
    }
  }

  @Test("Figure 7: client 0 and the mean over clients, in percent")
  func selfWeights() throws {
    let folder = try TemporaryFolder()
    let results = try SweepFixtures.sweep("figure7", axes: [("dataset", ["cifar10"])]) { _ in
      SweepFixtures.run(
        SweepFixtures.record(rounds: 2, clients: 3, layers: 2, recorded: [1, 2]) {
          round, client, layer, source in
          source == client ? Float(round) / 8 + Float(client) / 16 + Float(layer) / 4 : 100
        }, layers: ["conv1", "fc1"])
    }
    let paper = try SweepFixtures.paper(
      ["fig7.csv": "dataset,layer,self_weight_percent\ncifar10,fc1,96.7\nemnist,fc1,37.3\n"],
      in: folder)
    _ = try SelfWeightsFigure(results, paper: paper).write(to: folder.file("out").path)
    let rows = try SweepFixtures.rows(folder.file("out/self-weights.csv").path)
    func value(_ layer: String, _ client: String) -> Double {
      number(
        rows.first { $0["layer"] == layer && $0["client"] == client }, "self_weight_percent")
    }
    #expect(value("conv1", "0") == 25)
    #expect(value("conv1", "mean") == 31.25)
    #expect(value("fc1", "0") == 50)
    #expect(value("fc1", "mean") == 56.25)
    #expect(value("fc1", "target") == 96.7)
    #expect(rows.count == 5)
  }

  @Test("Figure 7 over rounds: self weights only, rounds that every seed recorded")
  func selfWeightsOverRounds() throws {
    let folder = try TemporaryFolder()
    let results = try SweepFixtures.sweep(
      "figure7", axes: [("dataset", ["cifar10"]), ("seed", ["0", "1"])]
    ) { place in
      SweepFixtures.run(
        SweepFixtures.record(
          rounds: 4, clients: 3, layers: 2, recorded: place["seed"] == "0" ? [1, 2, 4] : [1, 4]
        ) { round, client, layer, source in
          source == client
            ? Float(round) / 16 + Float(client) / 16 + Float(layer) / 4
              + (place["seed"] == "0" ? 0 : 0.125) : 100
        }, layers: ["conv1", "fc1"])
    }
    let paper = try SweepFixtures.paper(
      ["fig7.csv": "dataset,layer,self_weight_percent\ncifar10,fc1,96.7\nemnist,fc1,37.3\n"],
      in: folder)
    let section = try SelfWeightsOverRoundsFigure(results, paper: paper)
      .write(to: folder.file("out").path)
    #expect(section.files == ["self-weights-over-rounds.csv"])
    let rows = try SweepFixtures.rows(folder.file("out/self-weights-over-rounds.csv").path)
    #expect(
      rows.map { ["layer", "round", "client_0_percent", "mean_percent", "seeds"].map($0.value) }
        == [
          ["conv1", "1", "12.5", "18.75", "2"], ["conv1", "4", "31.25", "37.5", "2"],
          ["fc1", "1", "37.5", "43.75", "2"], ["fc1", "4", "56.25", "62.5", "2"],
        ])
    if Gnuplot.program != nil {
      let svg = try String(
        contentsOf: folder.file("out/self-weights-over-rounds.svg"), encoding: .utf8)
      #expect(svg.contains("conv1") && svg.contains("fc1") && svg.contains("Figure 7"))
    }
  }

  @Test("Figure 1: client 1's accuracy of both models and its weights after the last round")
  func similarity() throws {
    let folder = try TemporaryFolder()
    let results = try SweepFixtures.sweep(
      "figure1", axes: [("method", ["similarity-layerwise", "similarity-modelwise"])]
    ) { place in
      guard place["method"] == "similarity-layerwise" else { return nil }
      var record = SweepFixtures.record(
        rounds: 2, clients: 3, layers: 2, recorded: [1, 2], weight: Self.weight)
      record.testAccuracyReceived = [0.125, 0.25, 0.5, 0.125, 0.75, 0.5]
      record.testAccuracyTrained = [0.125, 0.375, 0.5, 0.125, 0.875, 0.5]
      return SweepFixtures.run(record, layers: ["conv1", "fc1"])
    }
    let paper = try SweepFixtures.paper(
      [
        "fig1a.csv": "aggregation,round,accuracy_percent\nmodel-wise,50,25.1\n",
        "fig1b.csv": "layer,source_client,weight\nfc1,1,1.000\n",
      ], in: folder)
    let parts: [any ReportPart] = [
      SimilarityAccuracyFigure(results, paper: paper),
      SimilarityWeightsFigure(results, paper: paper),
    ]
    let files = try parts.flatMap { try $0.write(to: folder.file("out").path).files }
    #expect(files == ["similarity-accuracy.csv", "similarity-weights.csv"])
    let accuracy = try SweepFixtures.rows(folder.file("out/similarity-accuracy.csv").path)
    #expect(
      accuracy.map {
        ["aggregation", "source", "model", "round", "accuracy_percent"].map($0.value)
      }
        == [
          ["layer-wise", "ours", "received", "1", "25"],
          ["layer-wise", "ours", "received", "2", "75"],
          ["layer-wise", "ours", "trained", "1", "37.5"],
          ["layer-wise", "ours", "trained", "2", "87.5"],
          ["model-wise", "paper", "", "50", "25.1"],
        ])
    let weights = try SweepFixtures.rows(folder.file("out/similarity-weights.csv").path)
    let ours = weights.filter { $0["source"] == "ours" }
    #expect(ours.count == 2 * 3)
    for row in ours {
      let layer = row["layer"] == "conv1" ? 0 : 1
      let expected = Self.weight(2, 1, layer, Int(number(row, "source_client")))
      #expect(abs(number(row, "weight") - Double(expected)) < 1e-6)
    }
    #expect(weights.filter { $0["source"] == "paper" }.map { $0["weight"] } == ["1.000"])
  }

  @Test("results without weights are left out and said, not drawn as zeros")
  func noWeights() throws {
    let folder = try TemporaryFolder()
    let results = try SweepFixtures.sweep("figure7", axes: [("dataset", ["cifar10"])]) { _ in
      SweepFixtures.run(
        RunRecord(roundCount: 2, clientCount: 4, layerCount: 1), method: "local", layers: ["fc1"])
    }
    let paper = try SweepFixtures.paper(in: folder)
    for section in [
      try WeightsOverTimeFigure(results, paper: paper).write(to: folder.file("out").path),
      try HeatMapFigure(results, paper: paper).write(to: folder.file("out").path),
      try SelfWeightsFigure(results, paper: paper).write(to: folder.file("out").path),
      try SelfWeightsOverRoundsFigure(results, paper: paper).write(to: folder.file("out").path),
    ] {
      #expect(section.files.isEmpty)
      #expect(section.pictures.isEmpty)
      #expect(section.notes.count == 1)
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("out").path))
  }
}

extension [String: String] {
  /// The value of a column; empty if there is no such column.
  func value(_ column: String) -> String { self[column] ?? "" }
}
