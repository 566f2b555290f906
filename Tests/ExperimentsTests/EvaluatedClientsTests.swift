import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import HDF5
import TestSupport
import Testing

/// Evaluation of a fixed sample of the clients.
@Suite("Evaluated clients")
struct EvaluatedClientsTests {
  @Test("a sample is drawn once, under the seed, and 0 or every client is all")
  func sample() {
    let drawn = (0..<20).map { EvaluatedClients.clients(seed: $0, count: 3, clientCount: 50) }
    for clients in drawn {
      #expect(clients.count == 3 && Set(clients).count == 3 && clients == clients.sorted())
      #expect(clients.allSatisfy { (0..<50).contains($0) })
    }
    #expect(Set(drawn).count > 15)
    #expect(drawn[4] == EvaluatedClients.clients(seed: 4, count: 3, clientCount: 50))
    for count in [0, 4] {
      #expect(EvaluatedClients.clients(seed: 1, count: count, clientCount: 4) == [0, 1, 2, 3])
    }
  }

  @Test("the sample has the numbers that it has among all clients, and the others have none")
  func numbers() throws {
    let folder = try TemporaryFolder()
    let (all, some) = (folder.file("all.h5").path, folder.file("some.h5").path)
    try Fixtures.run(["record_class_counts_every=2"], to: all)
    try Fixtures.run(["record_class_counts_every=2", "evaluate_clients=2"], to: some)
    let (first, second) = (try RunResult(path: all), try RunResult(path: some))
    let clients = EvaluatedClients.clients(seed: 3, count: 2, clientCount: 5)
    #expect(second.evaluatedRounds == [1, 2, 3, 4])
    for round in 1...4 {
      #expect(second.record.evaluatedClients(round: round) == clients)
      for model in [EvaluatedModel.received, .trained] {
        let row = first.accuracies(model, round: round)
        #expect(second.accuracies(model, round: round) == clients.map { row[$0] })
        for client in 0..<5 {
          #expect(
            second.accuracy(model, of: client, round: round)
              == (clients.contains(client) ? row[client] : nil))
        }
      }
    }
    let mean = clients.map { Double(first.accuracies(.received, round: 4)[$0]) }.reduce(0, +) / 2
    #expect(abs(second.accuracyPercent(.received) - 100 * mean) < 1e-9)
    #expect(abs(second.record.meanOverClients(\.testAccuracyReceived, round: 4) - mean) < 1e-9)
    #expect(second.record.weights == first.record.weights)
    #expect(second.record.trainLoss.map(\.bitPattern) == first.record.trainLoss.map(\.bitPattern))
    for (place, count) in second.record.correctReceived.enumerated() {
      let client = place / 10 % 5
      #expect(
        count == (clients.contains(client) ? first.record.correctReceived[place] : -1))
    }

    let file = try HDF5File.openForReading(some)
    defer { try? file.close() }
    let evaluated: [Bool] = try file.read("evaluated", shape: [5])
    #expect(evaluated.indices.filter { evaluated[$0] } == clients)
    let whole = try HDF5File.openForReading(all)
    defer { try? whole.close() }
    #expect(try !whole.exists("evaluated"))
  }

  @Test("any number of workers and stops give the same bytes")
  func bytes() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    let expected = try Fixtures.run(
      ["evaluate_clients=3"], to: folder.file("b.h5").path, workers: 1)
    #expect(
      try Fixtures.runWithStops(["evaluate_clients=3"], to: path, stops: 3, workers: 3) == expected)
  }

  @Test("more clients than there are is an error")
  func tooMany() {
    let error = #expect(throws: SpecificationError.self) {
      try Fixtures.preparation(["evaluate_clients=6"])
    }
    #expect(
      error?.description
        == "evaluate_clients: found 6, expected at most the 5 clients of the partition, or 0 for all"
    )
  }
}
