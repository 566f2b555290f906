import Experiments
import ExperimentsTestSupport
import Foundation
import Reports
import Support
import TestSupport
import Testing

@Suite("Accuracies over clients")
struct AccuracySpreadTests {
  @Test("mean, weighted mean, worst client and tenths of chosen accuracies")
  func chosen() {
    // Twenty clients with 0.00, 0.05, …, 0.95; the last has all but nineteen of the samples. One was not evaluated.
    let accuracies = (0..<20).map { Double($0) / 20 }.reversed() + [.nan]
    let counts = [Double](repeating: 1, count: 20) + [1000]
    let spread = AccuracySpread(Array(accuracies), testCounts: [81] + counts.dropFirst())
    #expect(spread.clients == 20)
    #expect(abs(spread.mean - 0.475) < 1e-12)
    #expect(abs(spread.weightedMean - (81 * 0.95 + 8.55) / 100) < 1e-12)
    #expect(spread.worst == 0)
    #expect(abs(spread.worstTenth - 0.025) < 1e-12)
    #expect(abs(spread.bestTenth - 0.925) < 1e-12)
    let one = AccuracySpread([0.5], testCounts: [3])
    #expect(one.worstTenth == 0.5 && one.bestTenth == 0.5 && one.standardDeviation.isNaN)
    #expect(AccuracySpread([.nan], testCounts: [3]).worst.isNaN)
  }

  @Test("spread.csv follows from the other files of the export")
  func file() throws {
    let folder = try TemporaryFolder()
    try Fixtures.run(["method=fedavg"], to: folder.file("a.h5").path)
    _ = try ResultExport(RunResult(path: folder.file("a.h5").path)).write(
      to: folder.file("csv").path)
    func rows(_ name: String) throws -> [[String: String]] {
      let lines = try String(contentsOf: folder.file("csv/\(name)"), encoding: .utf8)
        .split(separator: "\n").map {
          $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
      return lines.dropFirst().map {
        Dictionary(zip(lines[0], $0), uniquingKeysWith: { first, _ in first })
      }
    }
    func number(_ row: [String: String], _ column: String) -> Double {
      row[column].flatMap(Double.init) ?? .nan
    }
    let (spread, clients, classes) = try (
      rows("spread.csv"), rows("clients.csv"), rows("class_counts.csv")
    )
    #expect(!spread.isEmpty)
    var balancedRounds = 0
    for row in spread {
      let model = row["model"] ?? ""
      let column = "test_accuracy_\(model)"
      let own = clients.filter { $0["round"] == row["round"] && !($0[column] ?? "").isEmpty }
      #expect(number(row, "evaluated_clients") == Double(own.count))
      let accuracies = own.map { number($0, column) }
      #expect(number(row, "worst") == accuracies.min())
      let correct = own.reduce(0) { $0 + number($1, column) * number($1, "test_count") }
      let all = own.reduce(0) { $0 + number($1, "test_count") }
      #expect(abs(number(row, "weighted_mean") - correct / all) < 1e-6)
      let counted = classes.filter { $0["round"] == row["round"] }
      guard !counted.isEmpty else { continue }
      balancedRounds += 1
      let shares = Dictionary(grouping: counted) { $0["client"] ?? "" }.values.map { classes in
        classes.filter { number($0, "test_count") > 0 }.map {
          number($0, "correct_\(model)") / number($0, "test_count")
        }.mean
      }
      #expect(abs(number(row, "balanced_mean") - shares.mean) < 1e-9)
      for client in own {
        let held = counted.filter {
          $0["client"] == client["client"] && number($0, "test_count") > 0
        }
        let share = held.map { number($0, "correct_\(model)") / number($0, "test_count") }.mean
        #expect(abs(number(client, "balanced_accuracy_\(model)") - share) < 1e-9)
      }
    }
    #expect(balancedRounds > 0)
  }
}
