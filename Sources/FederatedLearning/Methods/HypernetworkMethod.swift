import NeuralNetworks

/// A method that is layer-wise aggregation by hypernetworks in all but its settings.
protocol HypernetworkMethod: FederatedMethod
where ServerState == HypernetworkState, Contribution == HypernetworkContribution {
  var aggregation: LayerwiseAggregation { get }
}

/// What a participant's work gives its hypernetwork.
public struct HypernetworkContribution: Sendable, Equatable {
  /// Δθ_i = θ_i − θ̄_i, axis (parameter); empty once the server has made the gradient of it.
  public var change: [Float] = []
  /// (∂θ̄_i/∂(v_i, ψ_i))ᵀ Δθ_i; nil before.
  package var gradient: HypernetworkGradient?

  package init(change: [Float] = [], gradient: HypernetworkGradient? = nil) {
    self.change = change
    self.gradient = gradient
  }
}

extension HypernetworkMethod {
  /// Freshly initialised hypernetworks.
  public func initialState() -> HypernetworkState {
    aggregation.initialState()
  }

  /// The layer-wise weighted sum of all clients' models, but for retained layers.
  public func receivedModel(of client: Int, state: HypernetworkState, bank: ClientBank) -> [Float] {
    aggregation.receivedModels(of: [client], state: state, bank: bank)[0]
  }

  /// The same for several clients, in one pass over the bank.
  public func receivedModels(of clients: [Int], state: HypernetworkState, bank: ClientBank)
    -> [[Float]]
  {
    aggregation.receivedModels(of: clients, state: state, bank: bank)
  }

  /// Plain local training; contributes Δθ_i.
  public func train(
    _ task: LocalTask, received: PreparedModel, state: HypernetworkState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<HypernetworkContribution> {
    try aggregation.train(
      task, received: received, state: state, bank: bank, network: network)
  }

  /// The gradients of the participants' hypernetworks, in one pass over the bank.
  public func digest(
    _ updates: [ClientUpdate<HypernetworkContribution>], state: HypernetworkState, bank: ClientBank
  ) -> [ClientUpdate<HypernetworkContribution>] {
    aggregation.digest(updates, state: state, bank: bank)
  }

  /// The steps of the participants' hypernetworks.
  public func absorb(
    _ updates: [ClientUpdate<HypernetworkContribution>], into state: inout HypernetworkState,
    bank: ClientBank, on engine: any TrainingEngine
  ) {
    aggregation.absorb(updates, into: &state)
  }

  /// α_i, axes (layer, source client).
  public func aggregationWeights(of client: Int, state: HypernetworkState) -> [[Float]]? {
    aggregation.weights(of: client, state: state)
  }

  /// Where tensors stand in a client's hypernetwork.
  public var hypernetworkTensors: [HypernetworkTensor]? {
    aggregation.hypernetwork.tensors(layers: aggregation.setting.layout.layers.map(\.name))
  }

  /// The client's hypernetwork, axis (hypernetwork parameter).
  public func hypernetworkParameters(of client: Int, state: HypernetworkState) -> [Float]? {
    aggregation.hypernetwork.parameters(of: aggregation.hypernetwork(of: client, state: state))
  }

  /// The most values that the hypernetworks take.
  public func stateValueCount(participations: Int) -> Int {
    aggregation.stateValueCount(participations: participations)
  }

  /// A model up; a model but for retained layers down.
  public func traffic(of client: Int, state: HypernetworkState) -> Traffic {
    aggregation.traffic(of: client, state: state)
  }

  /// The hypernetworks.
  public func tensors(of state: HypernetworkState) -> [StateTensor] {
    aggregation.tensors(of: state)
  }

  /// The hypernetworks. Throws `FederationError` if they are missing or of another size.
  public func state(from tensors: [StateTensor]) throws -> HypernetworkState {
    try aggregation.state(from: tensors)
  }
}
