import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import Reports
import TestSupport
import Testing

@Suite("Accuracy tables")
struct AccuracyTableTests {
  private typealias Place = [String: String]

  private func settings(_ place: Place) -> [(key: String, value: String)] {
    [
      ("dataset.name", place["dataset"] ?? "cifar10"), ("dataset.splits", "[test]"),
      ("dataset.classes", "all"), ("partition.seed", "0"), ("partition.train_fraction", "0.7"),
      ("rounds", place["clients"] == "100" ? "2500" : "600"), ("local_epochs", "10"),
    ]
  }

  /// Two datasets × {10, 100} clients × four methods × two seeds; FedBN on CIFAR-10 alone, nothing
  /// of pFedLA on EMNIST is finished.
  private func sweep(
    name: String = "table1", seeds: [String] = ["0", "1"], isSynthetic: Bool = false
  ) throws -> SweepResults {
    try HandMade.sweep(
      name,
      [
        ("dataset", ["emnist", "cifar10"]), ("clients", ["10", "100"]),
        ("method", ["local", "fedbn", "pfedla", "heurpfedla"]), ("seed", seeds),
      ],
      isSynthetic: isSynthetic,
      isPlanned: { !($0["method"] == "fedbn" && $0["dataset"] == "emnist") }
    ) { place in
      let seed = UInt64(place["seed"] ?? "") ?? 0
      guard let method = place["method"], !(method == "pfedla" && place["dataset"] == "emnist")
      else { return nil }
      let shift: Float = method == "local" ? 0 : 0.25
      let last = 0.25 + shift + Float(seed) / 8
      return HandMade.run(
        method, seed: seed,
        // Best in the first round: the table must not take it.
        [[1, 1], nil, [0.5, 0.5], [last - 0.125, last + 0.125]],
        reported: method == "fedbn" ? .trained : .received, isSynthetic: isSynthetic,
        settings: settings(place))
    }
  }

  private func row(_ rows: [Place], _ dataset: String, _ clients: String, _ method: String)
    -> Place?
  {
    rows.first {
      $0["dataset"] == dataset && $0["clients"] == clients && $0["method"] == method
    }
  }

  @Test("numbers of a cell by hand")
  func numbers() throws {
    let rows = HandMade.rows(AccuracyTable(try sweep(), paper: HandMade.paper).csv)
    // Two datasets × two numbers of clients × four methods less FedBN on EMNIST.
    #expect(rows.count == 14)
    let cell = try #require(row(rows, "cifar10", "10", "pfedla"))
    #expect(cell["method_title"] == "pFedLA")
    #expect(cell["seed_values"] == "0 1")
    #expect(cell["seeds_planned"] == "2")
    #expect(cell["reported_model"] == "received")
    // Means over clients 50 and 62.5.
    #expect(cell["accuracy_percent"] == "56.25")
    let overSeeds = try #require(cell["accuracy_sd_seeds"].flatMap(Double.init))
    #expect(abs(overSeeds - 12.5 / 2.0.squareRoot()) < 1e-12)
    let overClients = try #require(cell["accuracy_sd_clients"].flatMap(Double.init))
    #expect(abs(overClients - 25 / 2.0.squareRoot()) < 1e-12)
    // Three evaluations only.
    #expect(cell["accuracy_last_five_percent"] == "")
    #expect(cell["received_percent"] == "56.25")
    #expect(cell["trained_percent"] == "12.5")
    #expect(cell["paper_percent"] == "61.43")
    #expect(cell["paper_spread_percent"] == "0.56")
    let difference = try #require(cell["difference_percent"].flatMap(Double.init))
    #expect(abs(difference - (56.25 - 61.43)) < 1e-12)
    #expect(cell["rounds"] == "600")
    #expect(cell["data"] == "published")
    #expect(cell["code_version"] == CodeVersion.current)
  }

  @Test("the mean of the last five evaluations exists from the fifth evaluation on")
  func lastFive() throws {
    let rounds: [[Float]?] = [[1], nil, [0.125], [0.25], [0.375], nil, [0.5], [0.625]]
    #expect(HandMade.run("local", rounds).accuracyPercent(.received, last: 5) == 37.5)
    #expect(
      HandMade.run("local", Array(rounds.dropFirst())).accuracyPercent(.received, last: 5) == 37.5)
    let four = HandMade.run("local", Array(rounds.dropFirst(3)))
    #expect(four.accuracyPercent(.received, last: 5).isNaN)
    #expect(four.accuracyPercent(.received, last: 4) == 43.75)

    // One run with too few evaluations leaves the cell empty.
    for (first, expected) in [(rounds, "37.5"), (Array(rounds.dropFirst(3)), "")] {
      let sweep = try HandMade.sweep("own", [("method", ["local"]), ("seed", ["0", "1"])]) {
        place in
        HandMade.run(
          "local", seed: place["seed"] == "0" ? 0 : 1, place["seed"] == "0" ? first : rounds)
      }
      let cells = HandMade.rows(AccuracyTable(sweep, paper: HandMade.noPaper).csv)
      #expect(cells.map { $0["accuracy_last_five_percent"] } == [expected])
      #expect(cells.map { $0["accuracy_percent"] } == ["62.5"])
    }
  }

  @Test("the model that the method reports is taken")
  func reportedModel() throws {
    let rows = HandMade.rows(AccuracyTable(try sweep(), paper: HandMade.paper).csv)
    let cell = try #require(row(rows, "cifar10", "100", "fedbn"))
    #expect(cell["reported_model"] == "trained")
    #expect(cell["accuracy_percent"] == "56.25")
    #expect(cell["trained_percent"] == "56.25")
    #expect(cell["received_percent"] == "12.5")
  }

  @Test("missing numbers are empty, and cells that do not exist are left out")
  func missing() throws {
    let table = AccuracyTable(try sweep(), paper: HandMade.paper)
    let rows = HandMade.rows(table.csv)
    let cell = try #require(row(rows, "emnist", "10", "pfedla"))
    for column in [
      "seed_values", "reported_model", "accuracy_percent", "accuracy_sd_seeds",
      "difference_percent",
      "accuracy_last_five_percent", "received_percent", "trained_percent", "accuracy_sd_clients",
      "rounds", "data",
    ] {
      #expect(cell[column] == "", "\(column)")
    }
    #expect(cell["paper_percent"] == "90.65")
    #expect(cell["seeds_planned"] == "2")
    #expect(row(rows, "emnist", "10", "fedbn") == nil)

    #expect(
      table.table.header == [
        "method", "EMNIST, 10 clients", "EMNIST, 100 clients", "CIFAR-10, 10 clients",
        "CIFAR-10, 100 clients",
      ])
    #expect(
      table.table.rows[1] == [
        "FedBN", "–", "–", "56.25 ± 8.84 (59.36)", "56.25 ± 8.84 (70.88)",
      ])
    #expect(table.table.rows[2][1] == "(90.65)")
    #expect(table.table.footers.contains { $0.contains("4 of 28 planned runs are not finished") })
  }

  @Test("our best of each column is marked, equal ones alike")
  func marks() throws {
    let table = AccuracyTable(try sweep(), paper: HandMade.paper).table
    let places = [
      (3, 1), (3, 2), (1, 3), (2, 3), (3, 3), (1, 4), (2, 4), (3, 4),
    ].map { ReportTable.Place(row: $0.0, column: $0.1) }
    #expect(table.marked == Set(places))
    #expect(table.latex.contains("\\textbf{56.25 $\\pm$ 8.84 (94.11)}"))
    #expect(table.markdown.contains("| **56.25 ± 8.84 (94.11)** |"))

    let single = try HandMade.sweep("own", [("method", ["local", "fedavg"])]) { place in
      place["method"] == "local" ? HandMade.run("local", [[0.5]]) : nil
    }
    #expect(AccuracyTable(single, paper: HandMade.noPaper).table.marked.isEmpty)
  }

  @Test("one seed has no deviation")
  func oneSeed() throws {
    let table = AccuracyTable(try sweep(seeds: ["1"]), paper: HandMade.paper)
    #expect(table.table.rows[0][3] == "37.50 (59.44)")
    #expect(HandMade.rows(table.csv).allSatisfy { $0["accuracy_sd_seeds"] == "" })
    #expect(!table.table.footers.contains { $0.contains("±") })
  }

  @Test("the footers say what the numbers are")
  func footers() throws {
    let text = AccuracyTable(try sweep(), paper: HandMade.paper).table.footers
      .joined(separator: "\n")
    for part in [
      "Profile quick: a few_rounds.", "rounds 600 (clients 10); 2500 (clients 100)",
      "local epochs 10", "never a maximum over rounds", "trained for FedBN",
      "received for Local, pFedLA, HeurpFedLA", "2 seeds: 0, 1.",
      "Data: published files of emnist: splits [test]; published files of cifar10: splits [test].",
      "Partition: classes-per-client; train fraction 0.7.",
      "Code version: \(CodeVersion.current); numerics version \(CodeVersion.numerics).",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    #expect(!text.contains("SYNTHETIC"))
  }

  @Test(
    "unverified data and several versions of the numerics are said in the footers and the CSV file")
  func warnings() throws {
    let sweep = try HandMade.sweep("own", [("method", ["local", "fedavg"])]) { place in
      let isOld = place["method"] == "local"
      return HandMade.run(
        place["method"] ?? "", [[0.5, 0.5]], isUnverified: isOld,
        numericsVersion: isOld ? 0 : CodeVersion.numerics)
    }
    let table = AccuracyTable(sweep, paper: HandMade.noPaper)
    #expect(table.table.title.hasSuffix(" (UNVERIFIED data)"))
    for sentence in [
      "UNVERIFIED data: the digests of some files are not the published ones, or none is known.",
      "Runs of several numerics versions: their bits differ for reasons other than their settings.",
    ] {
      #expect(table.table.footers.contains(sentence))
    }
    let rows = HandMade.rows(table.csv)
    #expect(rows.map { $0["data"] } == ["unverified", "published"])
    #expect(rows.map { $0["numerics_version"] } == ["0", "\(CodeVersion.numerics)"])
    #expect(rows.map { $0["diverged"] } == ["0", "0"])
    // A picture of both methods holds unverified data; one of a method says so only if its own are.
    func titles(_ axes: Set<String>) -> [String] { sweep.panels(without: axes).map(\.title) }
    #expect(titles(["method"]) == ["CIFAR-10, UNVERIFIED"])
    #expect(titles([]) == ["CIFAR-10, method local, UNVERIFIED", "CIFAR-10, method fedavg"])
  }

  @Test("synthetic data are called so and not compared with the paper's")
  func synthetic() throws {
    let table = AccuracyTable(try sweep(isSynthetic: true), paper: HandMade.paper)
    #expect(table.table.title.hasSuffix("(SYNTHETIC data)"))
    #expect(table.table.footers.contains { $0.contains("SYNTHETIC images in the format of") })
    let rows = HandMade.rows(table.csv)
    #expect(rows.allSatisfy { $0["difference_percent"] == "" })
    #expect(row(rows, "cifar10", "10", "local")?["data"] == "synthetic")
  }

  @Test("a sweep of one's own has its own axes and no numbers of the paper")
  func own() throws {
    let sweep = try HandMade.sweep(
      "table1", [("step", ["0.1", "1"]), ("method", ["local", "fedavg"]), ("seed", ["0"])]
    ) { place in
      HandMade.run(place["method"] ?? "", [[place["step"] == "1" ? 0.75 : 0.5]])
    }
    let table = AccuracyTable(sweep, paper: HandMade.noPaper)
    #expect(table.table.header == ["method", "accuracy"])
    #expect(
      table.table.rows == [
        ["Local, step 0.1", "50.00"], ["Local, step 1", "75.00"], ["FedAvg, step 0.1", "50.00"],
        ["FedAvg, step 1", "75.00"],
      ])
    let rows = HandMade.rows(table.csv)
    #expect(rows.map { $0["step"] } == ["0.1", "1", "0.1", "1"])
    #expect(rows.allSatisfy { $0["paper_percent"] == "" && $0["difference_percent"] == "" })
    #expect(!table.table.footers.contains { $0.contains("paper's number") })
  }

  @Test("files and section")
  func files() throws {
    let folder = try TemporaryFolder()
    let section = try AccuracyTable(try sweep(), paper: HandMade.paper).write(to: folder.path)
    #expect(section.name == "table1")
    #expect(section.tables.count == 2)
    for file in section.files {
      #expect(try !Data(contentsOf: folder.file(file)).isEmpty)
    }
    #expect(
      try String(contentsOf: folder.file("table.tex"), encoding: .utf8)
        .contains("\\caption{table1: 100 \\% \\& more}"))
  }

  // MARK: Cost

  /// Ten rounds, evaluated after every second one; a method that computes `factor` times 14 gradients.
  private func counted(_ method: String, factor: Int32, forward: Int32 = 0) -> RunResult {
    let rows: [[Float]?] = (1...10).map {
      $0.isMultiple(of: 2) ? [Float($0) / 20, Float($0) / 20] : nil
    }
    return HandMade.run(method, rows) { record in
      for place in record.participated.indices where place % 2 == 0 {
        record.participated[place] = true
        record.gradientComputations[place] = 14 * factor
        record.forwardSamples[place] = forward
      }
      record.uplinkBytes = Array(repeating: Double(1 << 20), count: 10)
    }
  }

  @Test("gradients are counted by participation; expensive methods are shown at equal gradients")
  func cost() throws {
    let factors: [String: Int32] = ["local": 1, "fedavg": 1, "pfedme": 5, "fedfomo": 2]
    let sweep = try HandMade.sweep("own", [("method", factors.keys.sorted())]) { place in
      let method = place["method"] ?? ""
      return counted(method, factor: factors[method] ?? 0, forward: method == "fedfomo" ? 84 : 0)
    }
    let table = AccuracyTable(sweep, paper: HandMade.noPaper)
    let rows = HandMade.rows(table.csv)
    func value(_ method: String, _ column: String) -> String? {
      rows.first { $0["method"] == method }?[column]
    }
    #expect(value("fedavg", "gradients_per_participation") == "14")
    #expect(value("pfedme", "gradients_per_participation") == "70")
    #expect(value("fedfomo", "forward_samples_per_participation") == "84")
    #expect(value("local", "megabytes_per_participation") == "1")
    // The median is 21: pFedMe has its share of ten rounds after three, and was evaluated after two.
    #expect(value("pfedme", "equal_gradients_round") == "2")
    #expect(value("pfedme", "equal_gradients_percent")?.hasPrefix("10.00000") == true)
    #expect(value("fedfomo", "equal_gradients_round") == "")
    #expect(table.table.rows.last == ["pFedMe, equal gradients", "10.00 (round 2)"])
    let costs = table.costs.rows
    #expect(costs.contains(["pFedMe", "70 gradients, 1.00 MB"]))
    #expect(costs.contains(["FedFomo", "28 gradients + 84 samples forward, 1.00 MB"]))
  }
}
