import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import HDF5
import TestSupport
import Testing

@Suite("Runs")
struct RunTests {
  @Test(
    "the same bytes for 1, 2 and 3 workers",
    arguments: MethodRegistry.all.map { $0.information.name })
  func workers(method: String) throws {
    let folder = try TemporaryFolder()
    let files = try [1, 2, 3].map { workers in
      try Fixtures.run(
        ["method=\(method)"], to: folder.file("\(workers).h5").path, workers: workers)
    }
    #expect(files[0] == files[1])
    #expect(files[0] == files[2])
    #expect(files[0].count > 1000)
  }

  @Test("another seed gives other bytes")
  func seed() throws {
    let folder = try TemporaryFolder()
    let first = try Fixtures.run(to: folder.file("a.h5").path)
    let second = try Fixtures.run(["seed=4"], to: folder.file("b.h5").path)
    #expect(first != second)
  }

  @Test(
    "stopped after any round and resumed, the result has the uninterrupted run's bytes",
    arguments: MethodRegistry.all.map { $0.information.name })
  func resume(method: String) throws {
    let folder = try TemporaryFolder()
    let expected = try Fixtures.run(["method=\(method)"], to: folder.file("whole.h5").path)
    let path = folder.file("resumed.h5").path
    var stops = 0
    while true {
      // Each process does one round and stops.
      let outcome = try ExperimentRun(
        Fixtures.preparation(["method=\(method)"]), output: path, overwrite: false, workerCount: 2
      ).run(shouldStop: { true }, report: { #expect($0.roundsHere == 1) })
      guard case .interrupted(let round) = outcome else { break }
      stops += 1
      #expect(round == stops)
      #expect(FileManager.default.fileExists(atPath: path + ".checkpoint"))
      #expect(!FileManager.default.fileExists(atPath: path))
    }
    #expect(stops == 3)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == expected)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        == ["resumed.h5", "resumed.run.json", "whole.h5", "whole.run.json"])
  }

  @Test("a checkpoint of another specification is refused, with the key that differs")
  func otherSpecification() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    _ = try ExperimentRun(
      Fixtures.preparation(), output: path, overwrite: false, workerCount: 1
    ).run(shouldStop: { true }, report: { _ in })
    let error = #expect(throws: CheckpointError.self) {
      try Fixtures.run(["learning_rate=0.5"], to: path)
    }
    #expect(
      error?.description
        == "\(path).checkpoint: the checkpoint belongs to another specification: learning_rate was "
        + "0.01 and is now 0.5. Give the old value to resume, or remove \(path).checkpoint to start again"
    )
  }

  @Test("a truncated checkpoint gives way to the one before it")
  func truncatedCheckpoint() throws {
    let folder = try TemporaryFolder()
    let expected = try Fixtures.run(to: folder.file("whole.h5").path)
    let path = folder.file("a.h5").path
    for _ in 0..<2 {
      _ = try ExperimentRun(
        Fixtures.preparation(), output: path, overwrite: false, workerCount: 1
      ).run(shouldStop: { true }, report: { _ in })
    }
    let checkpoint = URL(fileURLWithPath: path + ".checkpoint")
    try Data(contentsOf: checkpoint).prefix(5000).write(to: checkpoint)
    var rounds: [Int] = []
    _ = try ExperimentRun(
      Fixtures.preparation(), output: path, overwrite: false, workerCount: 1
    ).run(shouldStop: { false }, report: { rounds.append($0.round) })
    #expect(rounds == [2, 3, 4])
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == expected)
  }

  @Test("the frequency of evaluations and checkpoints changes no other number")
  func frequencies() throws {
    let folder = try TemporaryFolder()
    let often = folder.file("often.h5").path
    let seldom = folder.file("seldom.h5").path
    try Fixtures.run(["checkpoint_every=1"], to: often)
    try Fixtures.run(["evaluate_every=3"], to: seldom)
    let (first, second) = (try RunResult(path: often).record, try RunResult(path: seldom).record)
    let last = 3 * 5..<4 * 5
    #expect(first.testAccuracyReceived[last] == second.testAccuracyReceived[last])
    #expect(first.testLossTrained[last] == second.testLossTrained[last])
    // Rounds 1 and 2 were not evaluated: missing, not zero.
    #expect(second.testAccuracyReceived[0..<10].allSatisfy { $0.isNaN })
    #expect(second.testAccuracyReceived[10..<20].allSatisfy { !$0.isNaN })
    #expect(second.weights == first.weights)
  }

  @Test("a result says what it holds")
  func contents() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(["method=heurpfedla"], to: path)
    let result = try RunResult(path: path)
    #expect(result.method == "heurpfedla")
    #expect(result.isSynthetic)
    #expect(result.seed == 3)
    #expect(result.layers == ["conv1", "bn1", "conv2", "bn2", "fc1", "fc2", "fc3"])
    #expect(result.trainCounts == [21, 21, 21, 21, 21])
    #expect(result.testCounts == [9, 9, 9, 9, 9])
    #expect(result.setting("methods.heurpfedla.retained_layers") == "1")
    #expect(result.setting("model.batch_normalisation") == "true")

    let record = result.record
    #expect(record.roundCount == 4)
    for round in 0..<4 {
      #expect(record.participated[round * 5..<(round + 1) * 5].count { $0 } == 3)
      #expect(record.uplinkBytes[round] == 3 * 4 * 121_278)
      // Running statistics are not sent. One of seven layers is kept by each of three participants.
      #expect(record.downlinkBytes[round] < record.uplinkBytes[round])
    }
    for place in 0..<20 {
      #expect(record.trainLoss[place].isNaN == !record.participated[place])
      #expect((0...1).contains(record.testAccuracyReceived[place]))
      // Nine test samples: accuracies are ninths.
      let ninths = record.testAccuracyTrained[place] * 9
      #expect(abs(ninths - ninths.rounded()) < 1e-5)
    }
    #expect(record.recordedRounds == [2, 4])
    #expect(record.weights.count == 2 * 5 * 7 * 5)
    for row in 0..<70 {
      #expect(abs(record.weights[row * 5..<row * 5 + 5].reduce(0, +) - 1) < 1e-5)
    }
    #expect(record.retained.count { $0 } == 2 * 5)

    let file = try HDF5File.openForReading(path)
    #expect(try file.attribute("data", as: String.self) == "synthetic")
    #expect(
      try file.dataset("model/fc1/weight").axisNames() == ["client", "out_feature", "in_feature"])
    #expect(try file.readValue("provenance/specification") == Fixtures.specification)
    #expect(try file.readValue("provenance/overrides") == "method=heurpfedla")
  }

  @Test("the saved models are the ones asked for", arguments: ["trained", "received", "none"])
  func savedModels(kind: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(
      ["method=fedavg", "saved_models=\(kind)", "model.batch_normalisation=false"], to: path)
    let file = try HDF5File.openForReading(path)
    #expect(try file.exists("model") == (kind != "none"))
    guard kind != "none" else { return }
    let biases: [Float] = try file.read("model/fc3/bias", shape: [5, 10])
    let first = biases[0..<10]
    // FedAvg sends all clients the same model; after local training the models differ.
    #expect((1..<5).allSatisfy { biases[$0 * 10..<$0 * 10 + 10] == first } == (kind == "received"))
  }
}
