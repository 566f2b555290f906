import NeuralNetworks

/// FedAPA: each client's received body is a weighted sum of all clients' bodies, with one trained weight a source
/// client; the head, the last layers, stays on the client.
///
/// Sun, Sun, Pan, Fu, Guo: *FedAPA: server-side gradient-based adaptive personalized aggregation for federated
/// learning on heterogeneous data*, IJCAI 2025, DOI 10.24963/ijcai.2025/692, Equations 5 and 7:
/// θ̄_i = Σ_j a_{i,j} θ_j, and after local training A_i moves along the derivative of θ̄_i, here
///
///     a_{i,j} ← clamp(a_{i,j} + η ⟨θ_j, θ_i − θ̄_i⟩, 0, 1)
///
/// for j ≠ i, so that θ̄_i moves towards the trained θ_i as in the authors' code; their supplement prints −η. Before
/// each aggregation the client's own weight is set to 1 and the row is divided by its sum, as in the authors' code.
/// Rows start with all weight on the client itself.
///
/// Sums run over the trained parameters of the body, layer by layer. Running statistics of batch normalisation, where
/// they are aggregated, take the same weights and give no gradient.
public struct FedAPA: FederatedMethod, AggregationWeighting {
  static let headLayers = MethodOption<Int>(
    "head_layers", default: 1, in: 0...1_000,
    "The number of last layers that stay on the client. The default is the classifier alone, the authors' decision "
      + "function.")
  static let weightStepSize = MethodOption<Double>(
    "weight_step_size", default: 0.01, in: 0...1e6,
    "η, the step size of the aggregation weights. The default is the authors' configuration, which also has a momentum "
      + "of 0.9; here there is none.",
    stepSize: .init(.beside))

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "fedapa", title: "FedAPA", paper: "Sun et al., IJCAI", year: 2025,
    equations: "Equations 5 and 7", reported: .trained, options: [headLayers, weightStepSize])

  /// The server's memory besides the clients' models.
  public struct ServerState: Sendable, Equatable {
    /// a, axes (client, source client), row-major, before a row is divided by its sum; a client's own is 1.
    public var weights: [Float]
  }

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let body: ArraySlice<ParameterLayout.Layer>
  private let stepSize: Double

  /// Reads the size of the head and η. Throws `FederationError` if the model has fewer layers.
  public init(options: MethodOptions, setting: FederationSetting) throws {
    self.setting = setting
    body = setting.layout.layers.dropLast(try setting.lastLayers(Self.headLayers, options).count)
    stepSize = options[Self.weightStepSize]
  }

  /// Every client has all weight.
  public func initialState() -> ServerState {
    let count = setting.clientCount
    return ServerState(
      weights: (0..<count * count).map { $0 / count == $0 % count ? 1 : 0 })
  }

  /// A client's weights of all clients' bodies, axis (source client); they sum to 1.
  private func weights(of client: Int, state: ServerState) -> [Float] {
    let count = setting.clientCount
    let row = state.weights[client * count..<(client + 1) * count]
    let sum = row.reduce(0, +)
    return row.map { $0 / sum }
  }

  /// The client's row for every layer of the body; in the head all weight is on the client. Axes (layer, source
  /// client).
  public func aggregationWeights(of client: Int, state: ServerState) -> [[Float]] {
    let weights = weights(of: client, state: state)
    let own = (0..<setting.clientCount).map { Float($0 == client ? 1 : 0) }
    return setting.layout.layers.indices.map { body.indices.contains($0) ? weights : own }
  }

  /// θ̄_i with the client's own head.
  public func receivedModel(of client: Int, state: ServerState, bank: ClientBank) -> [Float] {
    let weights = weights(of: client, state: state)
    var model = bank[client]
    for layer in body {
      bank.weightedSum(weights, columns: setting.sharedRange(layer), into: &model)
    }
    return model
  }

  /// Plain local training of all layers; contributes θ_i − θ̄_i, axis (parameter).
  public func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<[Float]> {
    let (model, loss) = try task.descend(from: received.parameters, on: network)
    return ClientUpdate(
      client: task.client, trained: model, trainLoss: loss.mean,
      contribution: difference(model, received.parameters))
  }

  /// ⟨θ_j, θ_i − θ̄_i⟩, axis (source client), instead of θ_i − θ̄_i, in one pass over the bank.
  public func preprocess(
    _ updates: [ClientUpdate<[Float]>], state: ServerState, bank: ClientBank
  ) -> [ClientUpdate<[Float]>] {
    var products = updates.map { _ in [Double](repeating: 0, count: setting.clientCount) }
    for layer in body {
      let own = bank.innerProducts(
        with: updates.map(\.contribution), columns: layer.trainedRange)
      for (place, row) in own.enumerated() { products[place] = zip(products[place], row).map(+) }
    }
    return zip(updates, products).map { update, row in
      ClientUpdate(
        client: update.client, trained: update.trained, trainLoss: update.trainLoss,
        contribution: row.map(Float.init))
    }
  }

  /// The products have all that the weights need.
  public var aggregatesTrainedModels: Bool { false }

  /// The participants' rows after their steps.
  public func aggregate(
    _ updates: [ClientUpdate<[Float]>], into state: inout ServerState, bank: ClientBank,
    on engine: any TrainingEngine
  ) {
    let count = setting.clientCount
    for update in updates {
      let weights = weights(of: update.client, state: state)
      for source in 0..<count {
        let moved = Double(weights[source]) + stepSize * Double(update.contribution[source])
        state.weights[update.client * count + source] =
          source == update.client ? 1 : Float(min(max(moved, 0), 1))
      }
    }
  }

  /// The body each way.
  public func traffic(of client: Int, state: ServerState) -> Traffic {
    let bytes =
      body.reduce(0) { $0 + setting.sharedRange($1).count } * MemoryLayout<Float>.size
    return Traffic(uplink: bytes, downlink: bytes)
  }

  /// The weights, counted without making them.
  public func stateValueCount(participations: Int) -> Int {
    setting.clientCount * setting.clientCount
  }

  /// The weights.
  public func tensors(of state: ServerState) -> [StateTensor] {
    [
      StateTensor(
        name: "weights", shape: [setting.clientCount, setting.clientCount], values: state.weights)
    ]
  }

  /// The weights. Throws `FederationError` if they are missing or of another size.
  public func state(from tensors: [StateTensor]) throws -> ServerState {
    ServerState(
      weights: try StateTensor.values(
        "weights", shape: [setting.clientCount, setting.clientCount], in: tensors))
  }
}
