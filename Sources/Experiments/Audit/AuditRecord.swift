import FederatedLearning

/// Everything that an independent program needs to replay a run, collected round by round. Kept in
/// memory: audits are for small cases.
struct AuditRecord {
  /// Every client's initial model, axis (parameter).
  private(set) var initialParameters: [Float] = []
  /// Every client's initial hypernetwork, axes (client, hypernetwork parameter), row-major.
  private(set) var initialHypernetworks: [Float] = []
  /// Where tensors stand in a hypernetwork.
  private(set) var hypernetworkTensors: [HypernetworkTensor] = []
  /// Clients of each round, axes (round, slot).
  private(set) var participants: [[Int32]] = []
  /// Mini-batches in the order of training.
  private(set) var batches: [Batch] = []
  /// What each participant started from, axes (round, slot, parameter).
  private(set) var received: [Float] = []
  /// Every client's latest model after each round, axes (round, client, parameter).
  private(set) var parametersAfter: [Float] = []
  /// The global model after each round, axes (round, parameter); empty where there is none.
  private(set) var globalParametersAfter: [Float] = []
  /// Aggregation weights after each round, axes (round, client, layer, source client).
  private(set) var aggregationWeights: [Float] = []
  /// Layers that each participant kept, axes (round, slot, layer).
  private(set) var retained: [Bool] = []

  struct Batch {
    let round: Int32
    let client: Int32
    let phase: String
    let samples: [Int32]
  }

  /// Begins with the state before the first round.
  init<Method>(before federation: Federation<Method>, initialParameters: [Float]) {
    self.initialParameters = initialParameters
    guard let tensors = federation.method.hypernetworkTensors else { return }
    hypernetworkTensors = tensors
    initialHypernetworks =
      federation.method.tensors(of: federation.state.server)
      .first { $0.name == "hypernetworks" }?.values ?? []
  }

  /// Enters a round.
  /// - Parameters:
  ///   - before: the state that the round started from.
  ///   - federation: the federation after the round.
  mutating func enter<Method>(
    _ clients: [Int], before: Federation<Method>.State, after federation: Federation<Method>
  ) {
    let method = federation.method
    let round = federation.state.round
    participants.append(clients.map(Int32.init))
    for client in clients {
      batches += federation.batches(round: round, client: client).map {
        Batch(round: Int32(round), client: Int32(client), phase: "train", samples: $0)
      }
      received += method.receivedModel(of: client, state: before.server, bank: before.bank)
      if let kept = method.retainedLayers(of: client, state: before.server) { retained += kept }
    }
    parametersAfter += federation.state.bank.values
    let server = federation.state.server
    globalParametersAfter +=
      method.tensors(of: server).first { $0.name == "global_model" }?.values ?? []
    for client in 0..<federation.data.clientCount {
      guard let weights = method.aggregationWeights(of: client, state: server) else { continue }
      aggregationWeights += weights.joined()
    }
  }
}
