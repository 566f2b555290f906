import FederatedLearning
import HDF5
import NeuralNetworks
import Partitioning

/// What clients that joined after training have measured.
public struct NewClientRecord: Sendable, Equatable {
  /// Their numbers among all clients of the partition, ascending.
  public let clients: [Int]
  /// Rounds after which they were evaluated: 0 … `new_client_rounds`.
  public let rounds: [Int]
  /// The four matrices on test data, axes (joining round, new client), row-major, by the names that the matrices of
  /// other clients have.
  public let matrices: [String: [Float]]

  /// The matrices' names.
  package static let names = [
    "test_accuracy_received", "test_accuracy_trained", "test_loss_received", "test_loss_trained",
  ]

  /// From the records of the clients, which have equally many rounds.
  init<Method>(_ clients: [Int], _ records: [Federation<Method>.JoiningRecord]) {
    self.clients = clients
    let rounds = Array((records.first?.received ?? []).indices)
    self.rounds = rounds
    func matrix(
      _ model: (Federation<Method>.JoiningRecord) -> [Evaluation], _ value: (Evaluation) -> Float
    ) -> [Float] {
      rounds.flatMap { round in records.map { value(model($0)[round]) } }
    }
    matrices = [
      "test_accuracy_received": matrix(\.received, \.accuracy),
      "test_accuracy_trained": matrix(\.trained, \.accuracy),
      "test_loss_received": matrix(\.received, \.loss),
      "test_loss_trained": matrix(\.trained, \.loss),
    ]
  }

  /// Writes it, with the clients' samples, into a group of a result.
  func write(into group: HDF5Group, partition: Partition) throws {
    let client = try group.createDimension("new_client", values: clients.map(Int32.init))
    let round = try group.createDimension("joining_round", values: rounds.map(Int32.init))
    for name in Self.names {
      let dataset = try group.write(
        name, matrices[name] ?? [], axes: [round, client], storage: .compressed, missingAsNaN: true)
      try dataset.setAttribute(
        "long_name",
        "as /\(name), of clients that took no part in training, after so many rounds of their own")
      try dataset.setAttribute("units", "1")
    }
    for (name, samples) in [("train_count", partition.train), ("test_count", partition.test)] {
      let dataset = try group.write(
        name, samples.map { Int32($0.count) }, axes: [client], storage: .compressed)
      try dataset.setAttribute(
        "long_name", "samples of the client's \(name.prefix { $0 != "_" }) data")
    }
    try partition.write(into: group.createGroup("partition"), clientDimension: client)
  }

  /// Reads it from a result; nil if no client joined.
  /// - Throws: `HDF5Error` for arrays that are missing or of another shape, `RunRecord.Misfit` for impossible values.
  init?(result file: HDF5File) throws {
    guard try file.exists("new_clients") else { return nil }
    let group = try file.group("new_clients")
    let numbers: [Int32] = try group.read("new_client", shape: [nil])
    try RunRecord.require(numbers, "/new_clients/new_client", "ascending from 0") { number, place in
      number >= 0 && (place == 0 || number > numbers[place - 1])
    }
    let rounds: [Int32] = try group.read("joining_round", shape: [nil])
    try RunRecord.require(rounds, "/new_clients/joining_round", "0, 1, 2, …") { $0 == Int32($1) }
    clients = numbers.map(Int.init)
    self.rounds = rounds.map(Int.init)
    var matrices: [String: [Float]] = [:]
    for name in Self.names {
      let values: [Float] = try group.read(name, shape: [rounds.count, numbers.count])
      let isShare = name.contains("accuracy")
      try RunRecord.require(values, "/new_clients/\(name)", isShare ? "0 … 1" : "at least 0 or NaN")
      {
        value, _ in (!isShare && value.isNaN) || (value >= 0 && (!isShare || value <= 1))
      }
      matrices[name] = values
    }
    self.matrices = matrices
  }

  /// Mean over the new clients of a matrix's row; `round` is the number of their own rounds.
  public func mean(_ name: String, afterRounds round: Int) -> Double {
    guard let values = matrices[name], rounds.contains(round) else { return .nan }
    return values[round * clients.count..<(round + 1) * clients.count].map(Double.init).mean
  }
}
