import Experiments
import ExperimentsTestSupport
import Foundation
import Reports
import TestSupport
import Testing

/// The forest plot of an accuracy table.
@Suite("Forest plot")
struct ForestFigureTests {
  /// pFedLA leads Local by 2, 3 and 4 points in the three seeds; HeurpFedLA has no run.
  private func results(
    isSynthetic: Bool = false, methods: [String] = ["local", "pfedla", "heurpfedla"]
  )
    throws -> SweepResults
  {
    try HandMade.sweep(
      "table1",
      [
        ("dataset", ["cifar10"]), ("clients", ["10"]), ("method", methods),
        ("seed", ["0", "1", "2"]),
      ],
      isSynthetic: isSynthetic
    ) { place in
      guard let method = place["method"], method != "heurpfedla",
        let seed = place["seed"].flatMap({ UInt64($0) })
      else { return nil }
      let lead: Float = method == "pfedla" ? 0.02 + 0.01 * Float(seed) : 0
      return HandMade.run(method, seed: seed, [[0.5 + lead, 0.5 + lead]], isSynthetic: isSynthetic)
    }
  }

  private func rows(_ results: SweepResults) throws -> (rows: [[String: String]], ReportSection) {
    let folder = try TemporaryFolder()
    let section = try ForestFigure(results, paper: HandMade.paper).write(to: folder.path)
    let path = folder.file("forest.csv").path
    return (
      FileManager.default.fileExists(atPath: path) ? try SweepFixtures.rows(path) : [], section
    )
  }

  @Test("a row a contrast: its mean over seeds, its interval, the paper's difference")
  func numbers() throws {
    let (rows, section) = try rows(results())
    #expect(
      rows.map { $0["first_method"] }
        == ["pfedla", "heurpfedla"].flatMap { first in
          rows.filter { $0["first_method"] == first }.map { _ in first }
        })
    let row = try #require(
      rows.first { $0["first_method"] == "pfedla" && $0["second_method"] == "local" })
    let numbers = ["mean_difference", "interval_low", "interval_high", "paper_difference"].map {
      row[$0].flatMap(Double.init) ?? .nan
    }
    // 3 ± t(0.975, 2) · 1/√3 = 3 ± 4.302653 · 0.577350; the paper has 61.43 and 59.44.
    for (number, expected) in zip(numbers, [3, 0.515862, 5.484138, 1.99]) {
      #expect(abs(number - expected) < 1e-4, "\(number)")
    }
    #expect(row["seeds"] == "3")
    #expect(
      rows.filter { $0["first_method"] == "heurpfedla" }.allSatisfy { $0["seeds"] == "0" })
    #expect(section.pictures.allSatisfy { $0.isContrast })
    #expect(section.pictures.count == (Gnuplot.program == nil ? 0 : 1))
  }

  @Test("synthetic data have no difference of the paper beside them")
  func synthetic() throws {
    #expect(try rows(results(isSynthetic: true)).rows.allSatisfy { $0["paper_difference"] == "" })
  }

  @Test("without one of the paper's own methods there is no such plot")
  func otherMethods() throws {
    let (rows, section) = try rows(results(methods: ["local", "fedavg"]))
    #expect(rows.isEmpty && section.files.isEmpty)
  }
}
