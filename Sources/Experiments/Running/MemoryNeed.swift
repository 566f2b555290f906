import FederatedLearning
import NeuralNetworks
import Support

/// The memory of a run's state: the least that it takes, from sizes alone, before any of it is taken.
package struct MemoryNeed {
  /// Bytes of every client's model.
  let models: Double
  /// Bytes of the server's state at the end, such as hypernetworks.
  let server: Double
  /// Bytes of the recorded aggregation weights.
  let weights: Double
  /// Bytes of the record of every round and client.
  let record: Double
  /// Bytes of the workers' stacks.
  private let stacks: Double

  package init<Method: FederatedMethod>(
    of method: Method, _ preparation: RunPreparation, workerCount: Int
  ) {
    let specification = preparation.specification
    let clients = preparation.data.clientCount
    let participants = Participation.count(
      share: specification.participation, clientCount: clients)
    let float = Double(MemoryLayout<Float>.size)
    models = Double(clients) * Double(preparation.layout.count) * float
    server =
      Double(method.stateValueCount(participations: specification.rounds * participants)) * float
    let every = specification.recordWeightsEvery(clientCount: clients)
    let records = every > 0 && method.weighting != nil ? specification.rounds / every + 1 : 0
    weights =
      Double(records) * Double(preparation.layout.layers.count) * Double(clients)
      * Double(clients) * float
    // Five measurements, two counts and a mark.
    record = Double(specification.rounds) * Double(clients) * 29
    stacks = Double(workerCount) * Double(WorkerPool.stackBytes)
  }

  /// Bytes of all of it.
  package var bytes: Double { models + server + weights + record + stacks }

  /// Throws `SpecificationError` if there is not that much memory.
  package func requireFits(_ memory: MachineMemory = .available) throws {
    guard bytes > memory.bytes else { return }
    let parts = [
      ("the clients' models", models), ("the server's state", server),
      ("recorded aggregation weights", weights), ("the record of all rounds", record),
      ("the workers' stacks", stacks),
    ].sorted { $0.1 > $1.1 }
    throw SpecificationError(
      "memory: \(memory.limit) \(Self.words(memory.bytes)), expected at least "
        + "\(Self.words(bytes)) (\(Self.words(parts[0].1)) for \(parts[0].0)); lower partition.clients, "
        + "rounds or the sizes of the method, or raise the limit")
  }

  private static func words(_ bytes: Double) -> String {
    bytes < 1e9 ? "\(Int(bytes / 1e6)) MB" : "\(Int(bytes / 1e9)) GB"
  }
}
