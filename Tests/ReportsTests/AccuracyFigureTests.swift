import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import Reports
import TestSupport
import Testing

/// The figures of accuracy tables, and what holds for all figures.
@Suite("Figures of accuracies")
struct AccuracyFigureTests {
  /// Two clients, four rounds, evaluated after rounds 2 and 4: Local reports the trained model here,
  /// FedAvg the received one, and FedAvg's second seed is missing.
  private func results(datasets: [String] = ["cifar10"]) throws -> SweepResults {
    try SweepFixtures.sweep(
      "table1",
      axes: [("dataset", datasets), ("method", ["local", "fedavg"]), ("seed", ["0", "1"])]
    ) { place in
      let (isLocal, seed) = (place["method"] == "local", Int(place["seed"] ?? "") ?? 0)
      guard isLocal || seed == 0 else { return nil }
      var record = RunRecord(roundCount: 4, clientCount: 2, layerCount: 1)
      for round in [2, 4] {
        for client in 0..<2 {
          let value = Float(round) / 16 + Float(client) / 4 + Float(seed) / 8
          record.testAccuracyReceived[2 * (round - 1) + client] = value
          record.testAccuracyTrained[2 * (round - 1) + client] = value + 0.25
        }
      }
      if !isLocal {
        record.uplinkBytes = [1, 2, 3, 4].map { $0 * 1_048_576 }
        record.downlinkBytes = [Double](repeating: 524_288, count: 4)
      }
      return SweepFixtures.run(
        record, method: isLocal ? "local" : "fedavg", reported: isLocal ? .trained : .received,
        seed: seed, layers: ["fc1"])
    }
  }

  private func rows(_ path: String, _ columns: [String]) throws -> [[String]] {
    try SweepFixtures.rows(path).map { row in columns.map { row.value($0) } }
  }

  @Test("learning curves: the reported model's mean over clients and seeds, evaluated rounds only")
  func learningCurves() throws {
    let folder = try TemporaryFolder()
    let section = try LearningCurvesFigure(results(), paper: SweepFixtures.paper(in: folder))
      .write(to: folder.file("out").path)
    #expect(section.files == ["learning-curves.csv"])
    #expect(section.notes.first?.hasPrefix("1 of 4 runs has no result and is left out: ") == true)
    #expect(
      try rows(
        folder.file("out/learning-curves.csv").path,
        ["dataset", "method", "model", "round", "accuracy_percent", "seeds"])
        == [
          ["cifar10", "local", "trained", "2", "56.25", "2"],
          ["cifar10", "local", "trained", "4", "68.75", "2"],
          ["cifar10", "fedavg", "received", "2", "25", "1"],
          ["cifar10", "fedavg", "received", "4", "37.5", "1"],
        ])
  }

  @Test("client spread: every client and seed after the last evaluation")
  func clientSpread() throws {
    let folder = try TemporaryFolder()
    _ = try ClientSpreadFigure(results(), paper: SweepFixtures.paper(in: folder))
      .write(to: folder.file("out").path)
    #expect(
      try rows(
        folder.file("out/client-spread.csv").path,
        ["method", "seed", "round", "client", "accuracy_percent"])
        == [
          ["local", "0", "4", "0", "50"], ["local", "0", "4", "1", "75"],
          ["local", "1", "4", "0", "62.5"], ["local", "1", "4", "1", "87.5"],
          ["fedavg", "0", "4", "0", "25"], ["fedavg", "0", "4", "1", "50"],
        ])
  }

  @Test("communication: sums over all rounds so far, evaluated or not, in 2^20 bytes")
  func communication() throws {
    let folder = try TemporaryFolder()
    _ = try CommunicationFigure(results(), paper: SweepFixtures.paper(in: folder))
      .write(to: folder.file("out").path)
    #expect(
      try rows(
        folder.file("out/accuracy-over-communication.csv").path,
        ["method", "round", "sent_mbytes", "accuracy_percent"])
        == [
          ["local", "2", "0", "56.25"], ["local", "4", "0", "68.75"],
          ["fedavg", "2", "4", "25"], ["fedavg", "4", "12", "37.5"],
        ])
  }

  @Test("a communication table has a line for each number of retained layers")
  func retainedLayers() throws {
    let folder = try TemporaryFolder()
    let results = try SweepFixtures.sweep(
      "table3", axes: [("dataset", ["cifar10"]), ("retained_layers", ["0", "1"])]
    ) { place in
      var record = RunRecord(roundCount: 1, clientCount: 1, layerCount: 1)
      record.testAccuracyReceived = [place["retained_layers"] == "0" ? 0.5 : 0.75]
      record.uplinkBytes = [2_097_152]
      return SweepFixtures.run(
        record, method: place["retained_layers"] == "0" ? "pfedla" : "heurpfedla",
        layers: ["fc1"])
    }
    let section = try CommunicationFigure(results, paper: SweepFixtures.paper(in: folder))
      .write(to: folder.file("out").path)
    #expect(
      try rows(
        folder.file("out/accuracy-over-communication.csv").path,
        ["dataset", "retained_layers", "sent_mbytes", "accuracy_percent"])
        == [["cifar10", "0", "2", "50"], ["cifar10", "1", "2", "75"]])
    for picture in section.pictures {
      let text = try String(contentsOf: folder.file("out/\(picture.name).svg"), encoding: .utf8)
      #expect(text.contains("pFedLA, 0 layers local"))
      #expect(text.contains("HeurpFedLA, 1 layers local"))
    }
  }

  /// Every figure of a sweep, in its own folder.
  private func write(_ results: SweepResults, _ paper: PaperNumbers, to folder: String) throws
    -> [ReportSection]
  {
    [
      try LearningCurvesFigure(results, paper: paper).write(to: folder),
      try ClientSpreadFigure(results, paper: paper).write(to: folder),
      try CommunicationFigure(results, paper: paper).write(to: folder),
    ]
  }

  @Test("without gnuplot there are the CSV files only, and a note")
  func noGnuplot() throws {
    let folder = try TemporaryFolder()
    let paper = try SweepFixtures.paper(in: folder)
    let out = folder.file("out").path
    let sections = try Gnuplot.$searchPath.withValue("/nowhere") {
      try write(results(), paper, to: out)
    }
    #expect(sections.allSatisfy { $0.pictures.isEmpty && $0.files.count == 1 })
    #expect(sections.allSatisfy { $0.notes.last?.hasPrefix("gnuplot is not installed") == true })
    let names = try FileManager.default.contentsOfDirectory(atPath: out)
    #expect(names.sorted() == sections.flatMap(\.files).sorted())
  }

  @Test("without results nothing is written but the note")
  func noResults() throws {
    let folder = try TemporaryFolder()
    let paper = try SweepFixtures.paper(
      ["fig1a.csv": "aggregation,round,accuracy_percent\nmodel-wise,50,25.1\n"], in: folder)
    let empty = try SweepFixtures.sweep("table1", axes: [("method", ["local", "fedavg"])]) { _ in
      nil
    }
    let out = folder.file("out").path
    let sections =
      try write(empty, paper, to: out) + [
        try SimilarityAccuracyFigure(empty, paper: paper).write(to: out),
        try SimilarityWeightsFigure(empty, paper: paper).write(to: out),
        try WeightsOverTimeFigure(empty, paper: paper).write(to: out),
        try HeatMapFigure(empty, paper: paper).write(to: out),
        try SelfWeightsFigure(empty, paper: paper).write(to: out),
      ]
    for section in sections {
      #expect(section.files.isEmpty)
      #expect(
        section.notes == [
          "2 of 2 runs have no result and are left out: method local; method fedavg."
        ])
    }
    #expect(!FileManager.default.fileExists(atPath: out))
  }

  @Test("the same results give the same pictures", .enabled(if: Gnuplot.program != nil))
  func determinism() throws {
    let folder = try TemporaryFolder()
    let paper = try SweepFixtures.paper(in: folder)
    let sections = try write(results(), paper, to: folder.file("a").path)
    _ = try write(results(), paper, to: folder.file("b").path)
    #expect(sections.allSatisfy { $0.pictures.count == 1 })
    for name in sections.flatMap({ $0.pictures.map(\.name) }) {
      for file in [".svg", ".png", ".pdf", "-narrow.svg"].map({ name + $0 }) {
        let first = try Data(contentsOf: folder.file("a/\(file)"))
        #expect(first.count > 1000)
        #expect(try first == Data(contentsOf: folder.file("b/\(file)")))
      }
    }
  }

  @Test(
    "names are shown as they are and never run as commands",
    .enabled(if: Gnuplot.program != nil))
  func quoting() throws {
    let folder = try TemporaryFolder()
    let paper = try SweepFixtures.paper(in: folder)
    let name = "a_b \"c\" 'd' @e 50% \\n `touch ran` {f}^2"
    let sections = try write(results(datasets: [name]), paper, to: folder.file("out").path)
    for file in sections.flatMap({ $0.pictures.map { "\($0.name).svg" } }) {
      let text = try String(contentsOf: folder.file("out/\(file)"), encoding: .utf8)
      #expect(text.contains(name))
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("out/ran").path))
  }

  /// Learning curves of methods as SVG, every method at its own accuracy.
  private func curves(of methods: [String]) throws -> String {
    let folder = try TemporaryFolder()
    let results = try HandMade.sweep("own", [("method", methods)]) { place in
      HandMade.run(place["method"] ?? "", [[0.25], [0.5]])
    }
    _ = try LearningCurvesFigure(results, paper: HandMade.noPaper).write(to: folder.path)
    return try String(contentsOf: folder.file("learning-curves.svg"), encoding: .utf8)
  }

  @Test(
    "a method has its colour whatever stands beside it", .enabled(if: Gnuplot.program != nil))
  func fixedLooks() throws {
    let looks = [
      ("pfedla", "rgb(  0, 114, 178)"), ("heurpfedla", "rgb(213,  94,   0)"),
      ("fedavg", "rgb(204, 121, 167)"),
    ]
    for (method, colour) in looks {
      #expect(try curves(of: [method]).contains(colour), "\(method)")
      #expect(try curves(of: ["fedper", method]).contains(colour), "\(method)")
    }
    #expect(try !curves(of: ["fedavg"]).contains("rgb(  0, 114, 178)"))
  }

  @Test(
    "more curves than can be followed are small panels over all others in grey",
    .enabled(if: Gnuplot.program != nil))
  func smallPanels() throws {
    let few = try curves(of: Array(MethodRegistry.names.prefix(10)))
    #expect(!few.contains("all other methods"))
    let many = try curves(of: Array(MethodRegistry.names.prefix(11)))
    #expect(many.contains("all other methods"))
    // Every method is a panel's title and no longer in the legend.
    for name in MethodRegistry.names.prefix(11) {
      let title = try #require(MethodRegistry.method(named: name)).information.title
      #expect(many.components(separatedBy: ">\(title)<").count == 2, "\(title)")
    }
  }
}
