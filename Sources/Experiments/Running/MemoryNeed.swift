import FederatedLearning
import NeuralNetworks
import Support

/// The memory of a run's state: the least that it takes, from sizes alone, before any of it is taken.
package struct MemoryNeed {
  /// Something that takes memory.
  private struct Part {
    let name: String
    let bytes: Double
    let remedy: String
  }

  private let parts: [Part]
  /// Bytes of the workers' stacks: addresses that are reserved, of which little is taken.
  private let stacks: Part

  package init<Method: FederatedMethod>(
    of method: Method, _ preparation: RunPreparation, workerCount: Int, rankCount: Int = 1
  ) {
    let specification = preparation.specification
    let clients = preparation.data.clientCount
    let participations =
      specification.rounds
      * Participation.count(share: specification.participation, clientCount: clients)
    let float = Double(MemoryLayout<Float>.size)
    // Clients that never trained share one model, but in files each has its own.
    let isFiled = specification.savedModels != .none || specification.keepState
    let isSaved = isFiled || (rankCount > 1 && specification.checkpointEvery > 0)
    // Each rank keeps its part, but a file is made in one piece.
    let models =
      isSaved ? clients : (min(clients, participations + 1) + rankCount - 1) / rankCount
    let every = specification.recordWeightsEvery(clientCount: clients)
    let records = every > 0 && method.weighting != nil ? specification.rounds / every + 1 : 0
    parts = [
      Part(
        name: "the clients' models",
        bytes: Double(models) * Double(preparation.layout.count) * float,
        remedy: "lower partition.clients"),
      Part(
        name: "the server's state",
        bytes: Double(method.stateValueCount(participations: participations)) * float,
        remedy: "lower partition.clients or the method's sizes"),
      Part(
        name: "the recorded aggregation weights",
        bytes: Double(records) * Double(preparation.layout.layers.count) * Double(clients)
          * Double(clients) * float,
        remedy: "give a larger record_weights_every, or 0"),
      Part(
        name: "the recorded confusion counts",
        bytes: Self.confusionBytes(preparation),
        remedy: "give a larger record_class_counts_every"),
      // Five measurements, two counts and a mark.
      Part(
        name: "the record of all rounds",
        bytes: Double(specification.rounds) * Double(clients) * 29,
        remedy: "lower rounds or partition.clients"),
    ]
    stacks = Part(
      name: "the workers' stacks", bytes: Double(workerCount) * Double(WorkerPool.stackBytes),
      remedy: "give fewer --workers")
  }

  /// The entries of both models, at most two numbers for each test sample and record, and the table of one record, which
  /// is written as a whole.
  private static func confusionBytes(_ preparation: RunPreparation) -> Double {
    guard preparation.specification.recordClassConfusion else { return 0 }
    let (data, classes) = (preparation.data, Double(preparation.dataset.classNames.count))
    let schedule = RunRecord.Schedule(
      preparation.specification, clientCount: data.clientCount)
    let entries = preparation.evaluatedClients.reduce(0) {
      $0 + min(Double(data.test[$1].count), classes * classes)
    }
    let number = Double(MemoryLayout<Int32>.size)
    return number
      * (4 * entries * Double(schedule.classCountRecords) + Double(data.clientCount) * classes
        * classes)
  }

  /// One network: its initial parameters, parameters and gradients, and what its blocks hand to each other for a
  /// mini-batch. It is checked alone, before anything of the model's size is made.
  init(ofNetwork architecture: Architecture, _ layout: ParameterLayout, batchSize: Int) {
    let float = Double(MemoryLayout<Float>.size)
    parts = [
      Part(
        name: "the network's parameters", bytes: 3 * Double(layout.count) * float,
        remedy: "choose a smaller model.architecture"),
      Part(
        name: "the network's values for a mini-batch",
        bytes: architecture.activationCount * Double(batchSize) * float,
        remedy: "choose a smaller model.architecture or batch_size"),
    ]
    stacks = Part(name: "the workers' stacks", bytes: 0, remedy: "")
  }

  /// Bytes of the clients' models, the server's state, the aggregation weights and the confusion counts.
  var stateBytes: Double { parts.dropLast().reduce(0) { $0 + $1.bytes } }

  /// Bytes of all but the stacks.
  package var bytes: Double { parts.reduce(0) { $0 + $1.bytes } }

  /// Throws `SpecificationError` if there is not that much memory.
  package func requireFits(_ memory: MachineMemory = .available) throws {
    let counted = parts + (memory.isOfAddresses ? [stacks] : [])
    let need = counted.reduce(0) { $0 + $1.bytes }
    guard need > memory.bytes, let largest = counted.max(by: { $0.bytes < $1.bytes }) else {
      return
    }
    throw SpecificationError(
      "memory: \(memory.limit) \(MachineMemory.words(memory.bytes)), expected at least "
        + "\(MachineMemory.words(need)) (\(MachineMemory.words(largest.bytes)) for \(largest.name)); "
        + "\(largest.remedy), or raise the limit")
  }
}
