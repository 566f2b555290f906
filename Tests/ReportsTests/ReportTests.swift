import Experiments
import ExperimentsTestSupport
import Foundation
import Reports
import Support
import TestSupport
import Testing

@Suite("Reports")
struct ReportTests {
  private func lines(_ path: String) throws -> [[String]] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
  }

  @Test("the export holds every number of the result")
  func export() throws {
    let folder = try TemporaryFolder()
    try Fixtures.run(["method=heurpfedla"], to: folder.file("a.h5").path)
    let result = try RunResult(path: folder.file("a.h5").path)
    let names = try ResultExport(result).write(to: folder.file("csv").path)
    #expect(
      names == [
        "rounds.csv", "clients.csv", "spread.csv", "aggregation_weights.csv",
        "aggregation_summary.csv", "class_counts.csv",
      ])
    // Every row begins with what distinguishes results.
    func lines(_ path: String) throws -> [[String]] {
      let all = try self.lines(path)
      #expect(all[0].prefix(5) == ["method", "dataset", "scheme", "clients", "seed"])
      for row in all.dropFirst() {
        #expect(row.prefix(5) == ["heurpfedla", "cifar10", "classes-per-client", "5", "3"])
      }
      return all.map { Array($0.dropFirst(5)) }
    }

    let rounds = try lines(folder.file("csv/rounds.csv").path)
    #expect(rounds.count == 1 + 4)
    #expect(
      rounds[0][0...2] == ["round", "test_accuracy_received_mean", "test_accuracy_received_sd"])
    for round in 1...4 {
      #expect(rounds[round][0] == "\(round)")
      let mean = result.record.meanOverClients(\.testAccuracyReceived, round: round)
      #expect(abs((Double(rounds[round][1]) ?? .nan) - mean) < 1e-9)
    }

    let clients = try lines(folder.file("csv/clients.csv").path)
    #expect(clients.count == 1 + 4 * 5)
    let column = try #require(clients[0].firstIndex(of: "train_loss"))
    let work = try #require(clients[0].firstIndex(of: "gradient_computations"))
    for (row, fields) in clients.dropFirst().enumerated() {
      #expect(fields[4] == (result.record.participated[row] ? "1" : "0"))
      let loss = result.record.trainLoss[row]
      #expect(loss.isNaN ? fields[column].isEmpty : Float(fields[column]) == loss)
      // Only participants have counts of work.
      let gradients = result.record.gradientComputations[row]
      #expect((gradients > 0) == result.record.participated[row])
      #expect(fields[work...work + 1] == ["\(gradients)", "0"])
    }

    let weights = try lines(folder.file("csv/aggregation_weights.csv").path)
    #expect(weights[0] == ["round", "client", "layer", "source_client", "weight", "retained"])
    #expect(weights.count == 1 + 2 * 5 * 7 * 5)
    #expect(weights.dropFirst().map { Float($0[4]) } == result.record.weights.map { $0 })

    // Each layer's weights sum to 1, so over all pairs of the summary they sum to the clients.
    let summary = try lines(folder.file("csv/aggregation_summary.csv").path).dropFirst()
    #expect(summary.first?[2] == "self")
    for round in result.record.recordedRounds {
      for layer in result.layers {
        let rows = summary.filter { $0[0] == "\(round)" && $0[1] == layer }
        let sum = rows.reduce(0) { $0 + (Double($1[3]) ?? .nan) * (Double($1[4]) ?? .nan) }
        #expect(abs(sum - 5) < 1e-4)
        #expect(rows.reduce(0) { $0 + (Int($1[3]) ?? 0) } == 25)
      }
    }
  }

  @Test("counts of classes are exported by the names of the classes")
  func classCounts() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(["rounds=5", "record_class_counts_every=2", "evaluate_every=1"], to: path)
    let result = try RunResult(path: path)
    let csv = folder.file("csv").path
    let files = try ResultExport(result).write(to: csv)
    #expect(files.contains("class_counts.csv"))
    let rows = try String(contentsOfFile: csv + "/class_counts.csv", encoding: .utf8)
      .split(separator: "\n")
    #expect(
      rows[0]
        == "method,dataset,scheme,clients,seed,round,client,class,test_count,correct_received,correct_trained"
    )
    #expect(rows.count == 1 + 3 * 5 * 10)
    #expect(rows[1].hasPrefix("pfedla,cifar10,classes-per-client,5,3,2,0,airplane,"))
    #expect(!files.contains("class_confusion.csv"))
  }

  @Test("confusion counts above 0 are exported, and add up to the counts of classes")
  func classConfusion() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(
      [
        "rounds=5", "record_class_counts_every=2", "record_class_confusion=true",
        "evaluate_clients=3",
      ], to: path)
    let result = try RunResult(path: path)
    let csv = folder.file("csv").path
    #expect(try ResultExport(result).write(to: csv).contains("class_confusion.csv"))
    func rows(_ name: String) throws -> [[String]] {
      try String(contentsOfFile: "\(csv)/\(name)", encoding: .utf8).split(separator: "\n")
        .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }
    let counted = try rows("class_confusion.csv")
    #expect(
      counted[0].dropFirst(5)
        == ["round", "client", "class", "predicted_class", "count_received", "count_trained"])
    #expect(counted.dropFirst().allSatisfy { $0[9] != "0" || $0[10] != "0" })
    // By round, client and class.
    var (sums, right): ([[String]: [Int]], [[String]: [Int]]) = ([:], [:])
    for row in counted.dropFirst() {
      let counts = row[9...].map { Int($0) ?? 0 }
      let key = Array(row[5..<8])
      sums[key] = zip(sums[key] ?? [0, 0], counts).map(+)
      if row[7] == row[8] { right[key] = counts }
    }
    var compared = 0
    for row in try rows("class_counts.csv").dropFirst() {
      let key = Array(row[5..<8])
      guard row[9] != "" else {
        #expect(sums[key] == nil)
        continue
      }
      let tested = try #require(Int(row[8]))
      #expect((sums[key] ?? [0, 0]) == [tested, tested])
      #expect((right[key] ?? [0, 0]).map(String.init) == Array(row[9...]))
      compared += 1
    }
    #expect(compared == 3 * 3 * 10)
  }

  @Test("the comparison takes the last round and distinguishes methods and seeds")
  func comparison() throws {
    let folder = try TemporaryFolder()
    var paths: [String] = []
    for method in ["pfedla", "local"] {
      for seed in [3, 4] {
        paths.append(folder.file("\(method)\(seed).h5").path)
        try Fixtures.run(["method=\(method)", "seed=\(seed)"], to: paths[paths.count - 1])
      }
    }
    let results = try paths.map { try RunResult(path: $0) }
    let comparison = try Comparison(results)
    #expect(comparison.rows.map(\.method) == ["Local", "pFedLA"])
    #expect(comparison.rows.map(\.seeds) == [[3, 4], [3, 4]])
    #expect(comparison.rows.allSatisfy { $0.dataset == "cifar10 (synthetic)" })
    let means = results[2...].map {
      100 * $0.record.meanOverClients(\.testAccuracyReceived, round: 4)
    }
    let row = comparison.rows[0]
    #expect(abs(row.received.mean - (means[0] + means[1]) / 2) < 1e-9)
    #expect(abs(row.received.seedDeviation - abs(means[0] - means[1]) / 2.0.squareRoot()) < 1e-9)
    // Local training starts from what it left.
    #expect(row.received.mean == row.trained.mean)

    let files = try comparison.write(to: folder.file("report").path).files
    #expect(files.starts(with: ["table.csv", "table.md", "curves.csv"]))
    for file in files {
      #expect(try !Data(contentsOf: folder.file("report/\(file)")).isEmpty)
    }
    let curves = try lines(folder.file("report/curves.csv").path)
    #expect(curves.count == 1 + 2 * 4)
  }

}
