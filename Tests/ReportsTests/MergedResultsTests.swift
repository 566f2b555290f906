import Experiments
import ExperimentsTestSupport
import Foundation
import HDF5
import Reports
import TestSupport
import Testing

@Suite("Merged results")
struct MergedResultsTests {
  private func run(
    _ method: String, seed: UInt64 = 0, _ accuracies: [[Float]?], path: String = "",
    _ settings: [(key: String, value: String)] = []
  ) -> MergedResults.Run {
    MergedResults.Run(
      HandMade.run(
        method, seed: seed, accuracies, path: path,
        settings: [
          ("method", method), ("seed", "\(seed)"), ("partition.seed", "\(seed)"),
          ("rounds", "\(accuracies.count)"),
        ] + settings
      ) { $0.uplinkBytes = accuracies.indices.map { Double($0 + 1) } })
  }

  private func errorLine(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return "\(error)" }
    return nil
  }

  private func read<Value>(
    _ runs: [MergedResults.Run], _ body: (HDF5File) throws -> Value
  ) throws -> Value {
    let folder = try TemporaryFolder()
    let path = folder.file("all.h5").path
    try MergedResults(runs).write(to: path, overwrite: false)
    let file = try HDF5File.openForReading(path)
    defer { try? file.close() }
    return try body(file)
  }

  @Test("results of different rounds, clients and seeds are aligned; what is missing is NaN")
  func ragged() throws {
    let runs = [
      run("pfedla", seed: 5, [[0.5, 0.25], nil, [0.75, 1]]),
      run("fedavg", seed: 1, [[0.125, 0.25, 0.375]]),
    ]
    try read(runs) { file in
      try #expect(file.read("method", as: String.self) == ["fedavg", "pfedla"])
      try #expect(file.read("seed", as: Int64.self) == [1, 5])
      try #expect(file.read("setting", as: String.self) == ["all"])
      try #expect(file.read("round", as: Int32.self) == [1, 2, 3])
      try #expect(file.read("client", as: Int32.self) == [0, 1, 2])
      let accuracy = try file.dataset("test_accuracy_received")
      try #expect(accuracy.axisNames() == ["method", "seed", "setting", "round", "client"])
      let nan = Float.nan
      let none = [Float](repeating: nan, count: 9)
      let expected: [Float] =
        [0.125, 0.25, 0.375] + [Float](repeating: nan, count: 6) + none + none
        + [0.5, 0.25, nan, nan, nan, nan, 0.75, 1, nan]
      try #expect(
        accuracy.read(as: Float.self).map { $0.isNaN ? -1 : $0 }
          == expected.map { $0.isNaN ? -1 : $0 })
      let bytes: [Double] = try file.read("uplink_bytes", shape: [2, 2, 1, 3])
      #expect(bytes.map { $0.isNaN ? -1 : $0 } == [1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 2, 3])
      try #expect(
        file.read("status", as: String.self) == ["complete", "", "", "complete"])
      try #expect(file.read("method_title", as: String.self) == ["FedAvg", "pFedLA"])
      let counts: [Double] = try file.read("test_count", shape: [2, 2, 1, 3])
      #expect(
        counts.map { $0.isNaN ? -1 : $0 } == [180, 180, 180, -1, -1, -1, -1, -1, -1, 180, 180, -1])
    }
  }

  @Test("the order of the results does not matter, not to a bit")
  func order() throws {
    let runs = (0..<3).flatMap { seed in
      ["local", "pfedla"].map { run($0, seed: seed, [[Float(seed) / 4, 0.5]]) }
    }
    func bytes(_ runs: [MergedResults.Run]) throws -> Data {
      let folder = try TemporaryFolder()
      try MergedResults(runs).write(to: folder.file("all.h5").path, overwrite: false)
      return try Data(contentsOf: folder.file("all.h5"))
    }
    try #expect(bytes(runs) == bytes(runs.reversed()))
  }

  @Test("a setting is what differs: data always, other keys where one method has two values")
  func settings() throws {
    func cell(_ method: String, _ alpha: String, _ rate: String) -> MergedResults.Run {
      run(
        method, [[0.5]], [("partition.concentration", alpha), ("learning_rate", rate)])
    }
    // The learning rate goes with the method.
    let some = try MergedResults([
      cell("pfedla", "0.5", "0.1"), cell("fedavg", "10.0", "0.2"), cell("pfedla", "10.0", "0.1"),
    ])
    #expect(
      some.settings.map(\.label) == [
        "partition.concentration=0.5", "partition.concentration=10.0",
      ])
    #expect(some.methods.map(\.label) == ["fedavg", "pfedla"])
    let rates = try MergedResults([cell("pfedla", "0.5", "0.1"), cell("pfedla", "0.5", "0.02")])
    #expect(rates.settings.map(\.label) == ["learning_rate=0.02", "learning_rate=0.1"])
    try read([cell("pfedla", "0.5", "0.1"), cell("pfedla", "10.0", "0.1")]) { file in
      try #expect(file.read("partition_concentration", as: Double.self) == [0.5, 10])
      try #expect(
        file.dataset("test_accuracy_received").attribute("coordinates", as: String.self)
          == "method_title reported_model partition_concentration")
    }
  }

  @Test("variants of a method are entries of the method axis")
  func variants() throws {
    let key = "methods.pfedla.step_size"
    let merged = try MergedResults([
      run("pfedla", [[0.5]], [(key, "10.0")]), run("pfedla", [[0.5]], [(key, "9.0")]),
      run("fedavg", [[0.5]]),
    ])
    #expect(
      merged.methods.map(\.label) == ["fedavg", "pfedla, step_size=9.0", "pfedla, step_size=10.0"])
    #expect(merged.settings.count == 1)
  }

  @Test("two results in one place are refused, whatever their rounds")
  func duplicates() {
    #expect(
      errorLine {
        _ = try MergedResults([
          run("fedavg", [[0.5]], path: "a.h5"), run("fedavg", [[0.5], [0.5]], path: "b.h5"),
        ])
      }
        == "a.h5 and b.h5: two results of fedavg with seed 0 and the same settings, expected one; give one of them"
    )
    #expect(
      errorLine {
        let one = run("fedavg", [[0.5]], path: "a.h5")
        _ = try MergedResults([one, one])
      } == "a.h5: given twice, expected each result once")
    #expect(
      errorLine { _ = try MergedResults([]) } == "found no result to merge, expected at least one")
  }

  @Test("a real result keeps every number")
  func real() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(["evaluate_every=2"], to: path)
    let result = try RunResult(path: path)
    try read([MergedResults.Run(result)]) { file in
      for (name, key) in [
        ("test_accuracy_trained", \RunRecord.testAccuracyTrained),
        ("train_loss", \RunRecord.trainLoss),
      ] {
        let values: [Float] = try file.read(name, shape: [1, 1, 1, 4, 5])
        #expect(values.map(\.bitPattern) == result.record[keyPath: key].map(\.bitPattern))
      }
      let participated: [Float] = try file.read("participated")
      #expect(participated.map { $0 == 1 } == result.record.participated)
      try #expect(file.read("numbers_sha256", as: String.self) == [#require(result.numbersSHA256)])
    }
    // It is no result: export and compare must not take it for one.
    let merged = folder.file("all.h5").path
    try MergedResults([MergedResults.Run(result)]).write(to: merged, overwrite: false)
    #expect(
      errorLine { _ = try RunResult(path: merged) } == "\(merged): not a result of pfedla run")
  }
}
