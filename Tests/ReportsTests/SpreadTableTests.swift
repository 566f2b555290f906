import Experiments
import ExperimentsTestSupport
import Foundation
import Reports
import TestSupport
import Testing

@Suite("Spread tables")
struct SpreadTableTests {
  /// The last evaluations, axis (client), by method and seed.
  private static let accuracies: [String: [[Float]]] = [
    "local": [[0.5, 0.5, 0.5, 0.5], [0.25, 0.75, 0.5, 0.5]],
    "fedavg": [[0.25, 0.25, 0.75, 1], [0.5, 0.5, 0.5, 0.5]],
    "pfedla": [[0.75, 0.5, 0.25, 1], [0.5, 0.5, 0.75, 0.75]],
  ]

  private func sweep(
    _ methods: [String] = ["local", "fedavg", "pfedla"], datasets: [String] = ["cifar10"],
    partition: @escaping (String) -> String = { _ in "p" },
    isFinished: @escaping ([String: String]) -> Bool = { _ in true }
  ) throws -> SweepResults {
    try HandMade.sweep(
      "own", [("dataset", datasets), ("method", methods), ("seed", ["0", "1"])]
    ) { place in
      guard isFinished(place), let method = place["method"],
        let seed = place["seed"].flatMap(Int.init), let row = Self.accuracies[method]?[seed]
      else { return nil }
      // The best is in the first round; the last evaluation counts.
      return HandMade.run(
        method, seed: UInt64(seed), [[1, 1, 1, 1], row, nil],
        reported: method == "fedavg" ? .trained : .received, partition: partition(method))
    }
  }

  private func rows(_ sweep: SweepResults) -> [String: [String: String]] {
    Dictionary(
      HandMade.rows(SpreadTable(sweep, paper: HandMade.noPaper).csv).map {
        ("\($0["dataset"] ?? "")/\($0["method"] ?? "")", $0)
      }, uniquingKeysWith: { first, _ in first })
  }

  private func number(_ row: [String: String]?, _ column: String) -> Double {
    row?[column].flatMap(Double.init) ?? .nan
  }

  @Test(
    "numbers of a method by hand: means over seeds, at the last evaluation of the reported model")
  func numbers() throws {
    let rows = rows(try sweep())
    #expect(rows.count == 3)
    let pfedla = rows["cifar10/pfedla"]
    #expect(pfedla?["seed_values"] == "0 1")
    // Seeds: 0.75 0.5 0.25 1, and 0.5 0.5 0.75 0.75; every client has as many test samples.
    #expect(number(pfedla, "mean_percent") == 62.5)
    #expect(number(pfedla, "weighted_mean_percent") == 62.5)
    #expect(number(pfedla, "worst_percent") == 37.5)
    #expect(number(pfedla, "worst_tenth_percent") == 37.5)
    #expect(number(pfedla, "best_tenth_percent") == 87.5)
    let deviations = [(0.3125 / 3).squareRoot(), (0.0625 / 3).squareRoot()]
    #expect(
      abs(number(pfedla, "sd_percent") - 100 * (deviations[0] + deviations[1]) / 2) < 1e-6)
    // Better than Local: 2 of 4 (one is equal), and 3 of 4, where the second is worse.
    #expect(number(pfedla, "better_than_local_percent") == 62.5)
    // Better than FedAvg: 2 of 4 (the last is equal), and 2 of 4.
    #expect(number(pfedla, "better_than_fedavg_percent") == 50)
    #expect(number(rows["cifar10/fedavg"], "better_than_local_percent") == 37.5)
    #expect(rows["cifar10/fedavg"]?["better_than_fedavg_percent"] == "")
    #expect(rows["cifar10/local"]?["better_than_local_percent"] == "")
  }

  @Test("clients are compared only with those of the same partition and seed")
  func pairs() throws {
    let other = rows(try sweep(partition: { $0 == "local" ? "q" : "p" }))
    #expect(other["cifar10/pfedla"]?["better_than_local_percent"] == "")
    #expect(number(other["cifar10/pfedla"], "better_than_fedavg_percent") == 50)
    let oneSeed = rows(
      try sweep(isFinished: { !($0["method"] == "local" && $0["seed"] == "1") }))
    #expect(number(oneSeed["cifar10/pfedla"], "better_than_local_percent") == 50)
    let none = rows(try sweep(["pfedla"]))
    #expect(none["cifar10/pfedla"]?["better_than_local_percent"] == "")
    #expect(none["cifar10/pfedla"]?["better_than_fedavg_percent"] == "")
  }

  @Test("a table for each dataset with a finished run, its files, and a sentence on what it shows")
  func tables() throws {
    let folder = try TemporaryFolder()
    let sweep = try sweep(
      datasets: ["cifar10", "emnist", "mnist"], isFinished: { $0["dataset"] != "mnist" })
    let section = try SpreadTable(sweep, paper: HandMade.noPaper).write(to: folder.path)
    #expect(
      section.files == [
        "spread.csv", "spread-cifar10.md", "spread-cifar10.tex", "spread-emnist.md",
        "spread-emnist.tex",
      ])
    for file in section.files { #expect(try !Data(contentsOf: folder.file(file)).isEmpty) }
    let table = try #require(section.tables.first)
    #expect(table.title == "Accuracy over clients: CIFAR-10")
    #expect(table.rows.map(\.first) == ["Local", "FedAvg", "pFedLA"])
    #expect(table.rows[2].suffix(2) == ["62.50", "50.00"])
    #expect(table.rows[0].suffix(2).first == "")
    #expect(table.footers.count == 1)
    let empty = try SpreadTable(
      self.sweep(isFinished: { _ in false }), paper: HandMade.noPaper
    ).write(to: folder.file("none").path)
    #expect(empty.files.isEmpty && empty.tables.isEmpty)
  }

  @Test("file names contain no part of a label that is a path, and are distinct")
  func names() throws {
    let sweep = try sweep(datasets: ["a/b", "a-b"])
    let endings = SpreadTable(sweep, paper: HandMade.noPaper).tables.map(\.ending)
    #expect(endings == ["-1", "-2"])
    let one = try self.sweep(datasets: ["../x"])
    #expect(SpreadTable(one, paper: HandMade.noPaper).tables.map(\.ending) == ["----x"])
  }
}
