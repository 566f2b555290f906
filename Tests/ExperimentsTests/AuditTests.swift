import Experiments
import ExperimentsTestSupport
import Foundation
import HDF5
import TestSupport
import Testing

@Suite("Audited runs")
struct AuditTests {
  private func audited(_ overrides: [String], in folder: TemporaryFolder) throws -> HDF5File {
    let path = folder.file("audited.h5").path
    _ = try ExperimentRun(
      Fixtures.preparation(overrides), output: path, overwrite: true, workerCount: 2,
      isAudited: true
    ).run(shouldStop: { false }, report: { _ in })
    return try HDF5File.openForReading(path)
  }

  @Test("the audit adds to the result and changes nothing of it")
  func sameNumbers() throws {
    let folder = try TemporaryFolder()
    try Fixtures.run(to: folder.file("plain.h5").path)
    let file = try audited([], in: folder)
    let plain = try HDF5File.openForReading(folder.file("plain.h5").path)
    #expect(try file.childNames().filter { $0 != "audit" } == plain.childNames())
    for name in ["test_loss_received", "train_loss", "aggregation/weights", "model/fc3/bias"] {
      let (found, expected): ([Float], [Float]) = (try file.read(name), try plain.read(name))
      #expect(found.map(\.bitPattern) == expected.map(\.bitPattern))
    }
  }

  @Test(
    "every epoch of every participant is its training samples, and no test sample is in a batch")
  func batches() throws {
    let folder = try TemporaryFolder()
    let file = try audited(["local_epochs=2"], in: folder)
    let participants: [Int32] = try file.read("audit/participants", shape: [4, 3])
    let rounds: [Int32] = try file.read("audit/batches/round")
    let clients: [Int32] = try file.read("audit/batches/client")
    let sizes: [Int32] = try file.read("audit/batches/row_size")
    let samples: [Int32] = try file.read("audit/batches/dataset_index")
    let train: [Int32] = try file.read("partition/train/dataset_index")
    var start = 0
    var seen: [[Int32]: [Int32]] = [:]
    for index in rounds.indices {
      seen[[rounds[index], clients[index]], default: []] +=
        samples[start..<start + Int(sizes[index])]
      start += Int(sizes[index])
    }
    #expect(start == samples.count)
    #expect(seen.count == 12)
    for (key, samples) in seen {
      let (round, client) = (Int(key[0]), Int(key[1]))
      #expect(participants[(round - 1) * 3..<round * 3].contains(Int32(client)))
      let own = train[client * 21..<(client + 1) * 21].sorted()
      #expect(samples.prefix(21).sorted() == own)
      #expect(samples.suffix(21).sorted() == own)
    }
  }

  @Test("models chain: what is received comes from what was after the round before")
  func chain() throws {
    let folder = try TemporaryFolder()
    let file = try audited(["method=fedavg"], in: folder)
    let count = 121_374
    let received: [Float] = try file.read("audit/received", shape: [4, 3, count])
    let global: [Float] = try file.read("audit/global_parameters_after", shape: [4, count])
    let initial: [Float] = try file.read("audit/initial_parameters", shape: [5, count])
    #expect(received[0..<count] == initial[0..<count])
    for round in 1..<4 {
      for slot in 0..<3 {
        let place = (round * 3 + slot) * count
        #expect(received[place..<place + count] == global[(round - 1) * count..<round * count])
      }
    }
    // The kept models are those after the last round.
    let after: [Float] = try file.read("audit/parameters_after", shape: [4, 5, count])
    let biases: [Float] = try file.read("model/fc3/bias", shape: [5, 10])
    for client in 0..<5 {
      let end = (3 * 5 + client + 1) * count
      #expect(after[end - 10..<end] == biases[client * 10..<(client + 1) * 10])
    }
  }

  @Test("without records of the weights the result has none, but the audit has")
  func unrecordedWeights() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("plain.h5").path
    try Fixtures.run(["method=heurpfedla", "record_weights_every=0"], to: path)
    let plain = try HDF5File.openForReading(path)
    #expect(try !plain.exists("aggregation") && !plain.exists("source_client"))
    let result = try RunResult(path: path)
    #expect(result.record.recordedRounds.isEmpty && result.record.weights.isEmpty)
    let file = try audited(["record_weights_every=0"], in: folder)
    #expect(try !file.exists("aggregation"))
    let weights: [Float] = try file.read("audit/aggregation_weights", shape: [4, 5, nil, 5])
    #expect(weights.contains { $0 > 0 })
  }

  @Test("a stopped audited run leaves nothing")
  func stopped() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: SpecificationError.self) {
      try ExperimentRun(
        Fixtures.preparation(), output: folder.file("a.h5").path, overwrite: true, workerCount: 1,
        isAudited: true
      ).run(shouldStop: { true }, report: { _ in })
    }
    #expect(
      error?.description == "stopped: an audited run keeps no checkpoint; start it again")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }
}
