import Experiments
import Foundation
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

  @Test("runs with other settings are rows of their own, in order, with the setting as a column")
  func settings() throws {
    let one = try Comparison([3, 0, 2, 1].map { run($0, seed: 0) })
    #expect(one.rows.count == 4)
    #expect(one.differingSettings == ["retained_layers"])
    #expect(one.rows.map(\.settings) == [["0"], ["1"], ["2"], ["3"]])
    let three = try Comparison((0..<4).flatMap { k in (0..<3).map { run(k, seed: $0) } })
    #expect(three.rows.count == 4)
    #expect(three.rows.allSatisfy { $0.seeds == [0, 1, 2] })
    #expect(three.csv.text.hasPrefix("method,dataset,partition,rounds,retained_layers,seeds,"))
    #expect(three.plainText.contains("retained_layers"))
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

  @Test("files that are not the published ones are marked and warned of")
  func unverified() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(to: path)
    #expect(try Comparison([RunResult(path: path)]).rows[0].dataset == "cifar10 (synthetic)")
  }
}
