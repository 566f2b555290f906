import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import HDF5
import TestSupport
import Testing

/// Runs whose clients drop out, and their files.
@Suite("Client dropout in runs")
struct ClientDropoutRunTests {
  private static let keys = ["client_dropout=0.5", "rounds=6"]

  @Test("results say who dropped out, and only results of such runs")
  func record() throws {
    let folder = try TemporaryFolder()
    let (path, plain) = (folder.file("a.h5").path, folder.file("b.h5").path)
    try Fixtures.run(Self.keys, to: path)
    try Fixtures.run(["rounds=6"], to: plain)
    let (record, other) = (try RunResult(path: path).record, try RunResult(path: plain).record)
    #expect(!other.droppedOut.contains(true))
    var count = 0
    for round in 1...6 {
      for client in record.places(ofRound: round) {
        // The selected clients are the same with and without dropouts.
        #expect(
          other.participated[client] == (record.participated[client] || record.droppedOut[client]))
        guard record.droppedOut[client] else { continue }
        count += 1
        #expect(!record.participated[client] && record.trainLoss[client].isNaN)
        #expect(record.gradientComputations[client] == 0)
      }
      #expect(record.downlinkBytes[round - 1] == other.downlinkBytes[round - 1])
      #expect(record.uplinkBytes[round - 1] <= other.uplinkBytes[round - 1])
    }
    #expect(count > 0)
    let file = try HDF5File.openForReading(plain)
    defer { try? file.close() }
    #expect(try !file.exists("dropped_out"))
  }

  @Test("any number of workers and a stop after every round give the same bytes")
  func bytes() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    let expected = try Fixtures.run(Self.keys, to: folder.file("b.h5").path, workers: 1)
    #expect(try Fixtures.runWithStops(Self.keys, to: path, stops: 5, workers: 3) == expected)
  }

  @Test("an audit has free slots for clients that dropped out")
  func audit() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5")
    _ = try ExperimentRun(
      Fixtures.preparation(Self.keys + ["method=heurpfedla"]), output: path.path, overwrite: false,
      workerCount: 2, isAudited: true
    ).run(shouldStop: { false }, report: { _ in })
    let file = try HDF5File.openForReading(path.path)
    defer { try? file.close() }
    let slots: [Int32] = try file.read("audit/participants", shape: [6, 3])
    let participated: [Bool] = try file.read("participated", shape: [6, 5])
    for round in 0..<6 {
      let row = slots[3 * round..<3 * round + 3]
      let clients = (0..<5).filter { participated[5 * round + $0] }.map(Int32.init)
      #expect(Array(row) == clients + [Int32](repeating: -1, count: 3 - clients.count))
    }
    #expect(slots.contains(-1))
  }

  @Test("a probability of 1 or more is an error", arguments: ["1", "-0.1", "nan", "often"])
  func range(_ value: String) throws {
    #expect(throws: SpecificationError.self) {
      try RunSpecification(Fixtures.document(["client_dropout=\(value)"]))
    }
  }
}
