import Experiments
import ExperimentsTestSupport
import Foundation
import Reports
import Support
import TestSupport
import Testing

@Suite("Comparison")
struct ComparisonTests {
  private func run(_ retained: Int, seed: UInt64, accuracy: Float = 0.5) -> RunResult {
    HandMade.run(
      "heurpfedla", seed: seed, [[accuracy, accuracy]],
      settings: [
        ("method", "heurpfedla"), ("seed", "\(seed)"), ("partition.seed", "\(seed)"),
        ("methods.heurpfedla.retained_layers", "\(retained)"), ("rounds", "1"),
      ])
  }

  @Test("results of several numerics versions are told apart, and warned of")
  func oldSchema() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(to: path)
    let old = folder.file("old.h5").path
    try OldSchema.make(of: path, at: old)
    let table = try Comparison([RunResult(path: path), RunResult(path: old)])
    #expect(table.rows.count == 2)
    #expect(table.differingSettings == ["numerics_version"])
    #expect(
      table.warnings.first
        == "the results are of numerics versions 0, \(CodeVersion.numerics): their bits differ for "
        + "reasons other than their settings; compute the older ones again")
  }

  @Test("runs with other settings are rows of their own, in order, with the setting as a column")
  func settings() throws {
    let one = try Comparison([3, 0, 2, 1].map { run($0, seed: 0) })
    #expect(one.rows.count == 4)
    #expect(one.differingSettings == ["retained_layers"])
    #expect(one.rows.map(\.settings) == [["0"], ["1"], ["2"], ["3"]])
    let three = try Comparison((0..<4).flatMap { k in (0..<3).map { run(k, seed: $0) } })
    #expect(three.rows.count == 4)
    #expect(three.rows.allSatisfy { $0.seeds == [0, 1, 2] })
    #expect(
      three.csv.text.hasPrefix(
        "method,dataset,data,partition,rounds,retained_layers,numerics_version,seeds,seed_values,"))
    #expect(three.plainText(isBold: false).contains("retained_layers"))
    #expect(
      HandMade.rows(three.csv).allSatisfy { $0["seeds"] == "3" && $0["seed_values"] == "0 1 2" })
  }

  @Test("a table of means over some clients says so")
  func someClients() throws {
    func text(_ count: String?) throws -> [String] {
      let keys =
        [("method", "fedavg"), ("rounds", "1")] + (count.map { [("evaluate_clients", $0)] } ?? [])
      let comparison = try Comparison([
        HandMade.run("fedavg", seed: 0, [[0.5, 0.5]], settings: keys)
      ])
      return [comparison.plainText(isBold: false), comparison.markdown]
    }
    let words = "over the clients that were evaluated: 50 (evaluate_clients)"
    #expect(try text("50").allSatisfy { $0.contains(words) })
    for all in [nil, "0"] {
      #expect(try text(all).allSatisfy { !$0.contains("evaluate_clients") })
    }
  }

  @Test("a key that only one method has is no column")
  func otherMethods() throws {
    let comparison = try Comparison([run(1, seed: 0), HandMade.run("fedavg", [[0.5, 0.5]])])
    #expect(comparison.rows.count == 2)
    #expect(comparison.differingSettings.isEmpty)
  }

  @Test("the same run twice is refused by name")
  func duplicates() throws {
    let folder = try TemporaryFolder()
    let (first, second) = (folder.file("a.h5").path, folder.file("b.h5").path)
    try Fixtures.run(to: first)
    try FileManager.default.copyItem(atPath: first, toPath: second)
    let twice = #expect(throws: SpecificationError.self) {
      try Comparison([first, first].map { try RunResult(path: $0) })
    }
    #expect(twice?.description == "\(first): given twice, expected each result once")
    let copied = #expect(throws: SpecificationError.self) {
      try Comparison([first, second].map { try RunResult(path: $0) })
    }
    #expect(
      copied?.description
        == "\(first) and \(second): two results of one run (pfedla, seed 3, the same settings); give one "
        + "of them")
  }

  @Test("seeds are one row, and their deviation is over seeds")
  func seeds() throws {
    let comparison = try Comparison([
      run(1, seed: 0, accuracy: 0.5), run(1, seed: 1, accuracy: 0.7),
    ])
    #expect(comparison.rows.count == 1)
    #expect(abs(comparison.rows[0].received.mean - 60) < 1e-4)
    #expect(abs(comparison.rows[0].received.seedDeviation - 14.142) < 1e-2)
  }

  /// A run with a separate seed for the partition.
  private func run(seed: UInt64, partitionSeed: Int, digest: String? = nil) -> RunResult {
    HandMade.run(
      "fedavg", seed: seed, [[0.5, 0.5]], partition: digest ?? "\(partitionSeed) ",
      path: "s\(seed)p\(partitionSeed)\(digest ?? "").h5",
      settings: [("seed", "\(seed)"), ("partition.seed", "\(partitionSeed)"), ("rounds", "1")])
  }

  @Test("partitions under the same seed are rows of their own, seeds on one partition are one row")
  func partitionSeeds() throws {
    func rows(_ pairs: [(UInt64, Int)]) throws -> [String] {
      let comparison = try Comparison(pairs.map { run(seed: $0.0, partitionSeed: $0.1) })
      return comparison.rows.map { row in
        (comparison.differingSettings + row.settings + ["\(row.seeds)"]).joined(separator: " ")
      }
    }
    #expect(try rows([(0, 0), (1, 1)]) == ["[0, 1]"])
    #expect(try rows([(0, 0), (1, 0)]) == ["[0, 1]"])
    #expect(try rows([(0, 0), (0, 5)]) == ["partition.seed 0 [0]", "partition.seed 5 [0]"])
    #expect(
      try rows([(0, 0), (1, 0), (0, 5), (1, 5)])
        == ["partition.seed 0 [0, 1]", "partition.seed 5 [0, 1]"])
    #expect(
      try rows([(0, 0), (1, 1), (2, 2), (1, 5)])
        == ["partition.seed 5 [1]", "partition.seed seed [0, 1, 2]"])
    let error = #expect(throws: SpecificationError.self) {
      try Comparison([
        run(seed: 3, partitionSeed: 0, digest: "x"), run(seed: 3, partitionSeed: 0, digest: "y"),
      ])
    }
    #expect(
      error?.description
        == "s3p0x.h5 and s3p0y.h5: two partitions with the same seed 3, the same settings and the same "
        + "partition.seed, expected one; give one of them")
  }

  @Test("every row of the curves names its row of the table, and no column comes twice")
  func curveKeys() throws {
    func run(_ rate: String, rounds: Int, isSynthetic: Bool = false, version: Int = 1) -> RunResult
    {
      HandMade.run(
        "fedavg", Array(repeating: [0.5, 0.5], count: rounds), isSynthetic: isSynthetic,
        numericsVersion: version,
        settings: [("learning_rate", rate), ("rounds", "\(rounds)")])
    }
    let comparison = try Comparison([
      run("0.1", rounds: 1), run("0.2", rounds: 1), run("0.1", rounds: 2),
      run("0.1", rounds: 1, isSynthetic: true), run("0.1", rounds: 1, version: 0),
    ])
    let (table, curves) = (HandMade.rows(comparison.csv), HandMade.rows(comparison.curves))
    let header = comparison.csv.text.prefix { $0 != "\n" }.split(separator: ",")
    #expect(Set(header).count == header.count)
    let keys = [
      "method", "dataset", "data", "partition", "rounds", "learning_rate", "numerics_version",
    ]
    func key(_ row: [String: String]) -> [String] { keys.map { row[$0] ?? "no column" } }
    #expect(Set(table.map(key)).count == 5)
    #expect(Set(curves.map(key)) == Set(table.map(key)))
    #expect(Set(curves.map { key($0) + [$0["round"] ?? ""] }).count == curves.count)
    #expect(curves.allSatisfy { $0["method"] == "FedAvg" && $0["dataset"] == "cifar10" })
    #expect(curves.allSatisfy { $0["seeds"] == "1" && $0["seed_values"] == "0" })
    // In the picture each panel occurs once, and each line of a panel has its own title.
    let panels = comparison.panels.map { "\($0.dataset) \($0.scheme)" }
    #expect(panels == ["cifar10 classes-per-client", "cifar10 (synthetic) classes-per-client"])
    let titles = comparison.methodCurves.map { "\($0.dataset): \($0.title)" }
    #expect(Set(titles).count == 5, "\(titles)")
    #expect(titles.contains("cifar10 (synthetic): FedAvg"))
    #expect(
      titles.contains("cifar10: FedAvg (learning_rate 0.1, numerics_version 1, 2 rounds)"),
      "\(titles)")
  }

  @Test("how statistics travel is no column where no run has batch normalisation")
  func withoutStatistics() throws {
    func comparison(_ hasNormalisation: Bool) throws -> Comparison {
      try Comparison(
        [("fedavg", "aggregated"), ("pfedla", "local")].map { method, statistics in
          HandMade.run(
            method, [[0.5]],
            settings: [
              ("model.batch_normalisation", "\(hasNormalisation)"),
              ("model.batch_normalisation_statistics", statistics),
            ])
        })
    }
    #expect(try comparison(true).differingSettings == ["batch_normalisation_statistics"])
    #expect(try comparison(false).differingSettings.isEmpty)
  }

  @Test("files that are not the published ones are marked and warned of")
  func unverified() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(to: path)
    #expect(try Comparison([RunResult(path: path)]).rows[0].dataset == "cifar10 (synthetic)")
  }
}
