import Experiments
import ExperimentsTestSupport
import Foundation
import HDF5
import Partitioning
import TestSupport
import Testing

/// Runs after which clients join, and their files.
@Suite("New clients in runs")
struct NewClientRunTests {
  private static let keys = ["new_clients=2", "new_client_rounds=2"]

  @Test("the others train as if there were no new clients, whose samples nobody else has")
  func separation() throws {
    let folder = try TemporaryFolder()
    let (path, others) = (folder.file("a.h5").path, folder.file("b.h5").path)
    try Fixtures.run(Self.keys, to: path)
    let preparation = try Fixtures.preparation(Self.keys)
    let new = try #require(preparation.newPartition)
    let whole = try Fixtures.preparation().partition
    #expect(new.train == preparation.newClients.map { whole.train[$0] })
    #expect(new.test == preparation.newClients.map { whole.test[$0] })
    #expect(preparation.partition.clientCount == 3 && new.clientCount == 2)
    let own = Set(new.train.joined()).union(new.test.joined())
    #expect(own.isDisjoint(with: preparation.partition.train.joined()))
    #expect(own.isDisjoint(with: preparation.partition.test.joined()))

    let file = folder.file("partition.h5").path
    try preparation.partition.save(to: file)
    try Fixtures.run(["partition={file: \(file)}"], to: others)
    let (first, second) = (try RunResult(path: path), try RunResult(path: others))
    // NaN differs from itself.
    for (name, key) in RunRecord.matrices {
      #expect(
        first.record[keyPath: key].map(\.bitPattern)
          == second.record[keyPath: key].map(\.bitPattern), "\(name)")
    }
    #expect(first.record.weights == second.record.weights)
    #expect(first.record.uplinkBytes == second.record.uplinkBytes)
    #expect(first.partitionSHA256 == second.partitionSHA256)
    #expect(second.newClients == nil)
    let record = try #require(first.newClients)
    #expect(record.clients == preparation.newClients && record.rounds == [0, 1, 2])
    for name in NewClientRecord.names { #expect(record.matrices[name]?.count == 6) }
    let means = record.rounds.map { record.mean("test_loss_trained", afterRounds: $0) }
    #expect(Set(means).count == 3 && means.allSatisfy(\.isFinite))
    #expect(record.mean("test_loss_trained", afterRounds: 3).isNaN)
  }

  @Test("any number of workers, and stops after and in rounds, give the same bytes")
  func bytes() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    let expected = try Fixtures.run(Self.keys, to: folder.file("b.h5").path, workers: 1)
    #expect(try Fixtures.runWithStops(Self.keys, to: path, stops: 3, workers: 3) == expected)
  }

  @Test("the file has a row for each new client and each of its rounds")
  func file() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(Self.keys + ["method=fedavg"], to: path)
    let file = try HDF5File.openForReading(path)
    defer { try? file.close() }
    let group = try file.group("new_clients")
    let clients: [Int32] = try group.read("new_client", shape: [2])
    #expect(clients.map(Int.init) == (try Fixtures.preparation(Self.keys).newClients))
    let received: [Float] = try group.read("test_accuracy_received", shape: [3, 2])
    let trained: [Float] = try group.read("test_accuracy_trained", shape: [3, 2])
    #expect(received[2...] == trained[2...])
    let sizes: [Int32] = try group.group("partition/train").read("row_size", shape: [2])
    #expect(sizes == (try group.read("train_count", shape: [2])))
  }

  @Test(
    "counts that do not suit are errors of one line",
    arguments: [
      (["new_clients=5"], "expected fewer than the 5 clients"),
      (["new_client_rounds=2"], "expected 0 without new_clients"),
      (["new_clients=-1"], "new_clients: found -1"),
    ])
  func errors(_ keys: [String], _ words: String) {
    do {
      _ = try Fixtures.preparation(keys)
      Issue.record("no error")
    } catch {
      #expect("\(error)".contains(words), "\(error)")
    }
  }
}
