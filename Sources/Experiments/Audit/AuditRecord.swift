import FederatedLearning

/// Everything that an independent program needs to replay a run, collected round by round. Kept in
/// memory: audits are for small cases.
struct AuditRecord {
  /// Every client's initial model, axis (parameter).
  private(set) var initialParameters: [Float] = []
  /// Every client's initial hypernetwork, axes (client, hypernetwork parameter), row-major; or the
  /// one that all share, axis (hypernetwork parameter).
  private(set) var initialHypernetworks: [Float] = []
  /// Whether all clients share one hypernetwork.
  private(set) var sharesHypernetwork = false
  /// The layout of a hypernetwork.
  private(set) var hypernetworkTensors: [HypernetworkTensor] = []
  /// Clients of each round, axes (round, slot): as many slots as clients are selected. Slots that clients left free by
  /// dropping out are the last ones of the round, with the client `noClient`.
  private(set) var participants: [[Int32]] = []
  /// What stands for no client.
  static let noClient: Int32 = -1
  /// Mini-batches: of each round, first those with which each client, participant or not, prepares
  /// the model that it receives, then those of the participants' training. A round after the last
  /// holds the preparation of the models that the run ends with.
  private(set) var batches: [Batch] = []
  /// What each participant started from, axes (round, slot, parameter); NaN in a free slot.
  private(set) var received: [Float] = []
  /// Every client's latest model after each round, axes (round, client, parameter).
  private(set) var parametersAfter: [Float] = []
  /// The global model after each round, axes (round, parameter); empty if there is none.
  private(set) var globalParametersAfter: [Float] = []
  /// Aggregation weights after each round, axes (round, client, layer, source client).
  private(set) var aggregationWeights: [Float] = []
  /// Layers that each participant kept, axes (round, slot, layer); none in a free slot.
  private(set) var retained: [Bool] = []

  /// Every client's hypernetwork after each round, axes (round, client, hypernetwork parameter); or the one
  /// that all share, axes (round, hypernetwork parameter).
  private(set) var hypernetworksAfter: [Float] = []
  /// Other state of the server after each round: mixing weights, affinities, control variates, ….
  private(set) var stateAfter: [StateSeries] = []

  /// What clients that joined after training did.
  var joining = JoiningAudit()

  /// A tensor of the server's state.
  struct StateSeries {
    let name: String
    /// Without the rounds.
    let shape: [Int]
    /// Axes (round, …).
    var values: [Float]
  }

  struct Batch {
    let round: Int32
    let client: Int32
    let phase: String
    let samples: [Int32]

    /// Those of some phases.
    static func batches(of phases: [LocalPhase.Batches], round: Int, client: Int) -> [Batch] {
      phases.flatMap { phase in
        phase.batches.map {
          Batch(
            round: Int32(round), client: Int32(client), phase: phase.phase.rawValue, samples: $0)
        }
      }
    }
  }

  /// Begins with the state before the first round.
  init<Method>(of federation: Federation<Method>, initialParameters: [Float]) {
    self.initialParameters = initialParameters
    guard let hypernetworks = federation.method.hypernetworks else { return }
    hypernetworkTensors = hypernetworks.hypernetworkTensors
    sharesHypernetwork = hypernetworks.sharesHypernetwork
    initialHypernetworks = Self.parameters(of: hypernetworks, in: federation)
  }

  /// The parameters of every client's hypernetwork, or of the one that all share.
  private static func parameters<Method>(
    of hypernetworks: any HypernetworkTraining<Method.ServerState>,
    in federation: Federation<Method>
  ) -> [Float] {
    (0..<(hypernetworks.sharesHypernetwork ? 1 : federation.data.clientCount)).flatMap {
      hypernetworks.hypernetworkParameters(of: $0, state: federation.state.server)
    }
  }

  /// Records what the next round starts from. Throws the engine's error.
  mutating func enter<Method>(before federation: Federation<Method>) throws {
    let round = federation.state.round + 1
    let clients = federation.participants(round: round)
    let free = federation.selected(round: round).count - clients.count
    participants.append(
      clients.map(Int32.init) + [Int32](repeating: Self.noClient, count: free))
    enterPreparation(of: federation)
    for model in try federation.models(.received, of: clients) { received += model }
    received += [Float](repeating: .nan, count: free * federation.setting.layout.count)
    let retention = federation.method.retention
    for client in clients {
      enter(federation.trainingBatches(round: round, client: client), round: round, client: client)
      if let retention {
        retained += retention.retainedLayers(of: client, state: federation.state.server)
      }
    }
    if retention != nil {
      retained += [Bool](
        repeating: false, count: free * federation.setting.layout.layers.count)
    }
  }

  /// Records the outcome of a round.
  mutating func enter<Method>(after federation: Federation<Method>) {
    let (method, server) = (federation.method, federation.state.server)
    for client in 0..<federation.data.clientCount {
      parametersAfter += federation.state.bank[client]
    }
    let tensors = method.tensors(of: server)
    globalParametersAfter += tensors.first { $0.name == Self.globalModel }?.values ?? []
    if let hypernetworks = method.hypernetworks {
      hypernetworksAfter += Self.parameters(of: hypernetworks, in: federation)
    } else {
      enter(tensors.filter { $0.name != Self.globalModel })
    }
    guard let weighting = method.weighting else { return }
    for client in 0..<federation.data.clientCount {
      aggregationWeights += weighting.aggregationWeights(of: client, state: server).joined()
    }
  }

  private static let globalModel = "global_model"

  private mutating func enter(_ tensors: [StateTensor]) {
    for tensor in tensors {
      if let place = stateAfter.firstIndex(where: { $0.name == tensor.name }) {
        stateAfter[place].values += tensor.values
      } else {
        stateAfter.append(
          StateSeries(name: tensor.name, shape: tensor.shape, values: tensor.values))
      }
    }
  }

  /// Enters how the models that the run ends with are prepared.
  mutating func enter<Method>(afterLast federation: Federation<Method>) {
    enterPreparation(of: federation)
  }

  private mutating func enterPreparation<Method>(of federation: Federation<Method>) {
    let round = federation.state.round + 1
    for client in 0..<federation.data.clientCount {
      enter(
        federation.preparationBatches(round: round, client: client), round: round, client: client)
    }
  }

  private mutating func enter(_ phases: [LocalPhase.Batches], round: Int, client: Int) {
    batches += Batch.batches(of: phases, round: round, client: client)
  }
}
