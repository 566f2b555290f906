import NeuralNetworks

/// A method with one global model, the weighted average of the participants' versions of it, of which
/// each client may keep some layers to itself.
///
/// θ^l ← Σ_{i ∈ S} p_i θ_i^l for every shared layer l, over the round's participants S.
public protocol AveragingMethod: FederatedMethod where ServerState == [Float] {
  /// Whether a layer is sent and averaged; the others stay with the client.
  func shares(_ layer: ParameterLayout.Layer) -> Bool

  /// The participants' weights p, which sum to 1; m_i / Σ_{k ∈ S} m_k unless a method differs.
  func averagingWeights(of clients: [Int]) -> [Float]

  /// What a participant sends to be averaged, axis (parameter).
  func sentModel(of update: ClientUpdate<Contribution>) -> [Float]
}

extension AveragingMethod {
  /// All layers are averaged.
  public func shares(_ layer: ParameterLayout.Layer) -> Bool { true }

  /// Each participant's share of their training samples.
  public func averagingWeights(of clients: [Int]) -> [Float] { setting.sampleShares(of: clients) }

  private var shared: SharedModel { SharedModel(setting, where: shares) }

  /// The global model, if all layers are averaged.
  public func globalModel(of state: [Float]) -> [Float]? {
    setting.sendsWholeModels && setting.layout.layers.allSatisfy(shares) ? state : nil
  }

  /// The initial global model, axis (parameter).
  public func initialState() -> [Float] { setting.initialParameters }

  /// The global model in the shared layers, the client's own latest model in the others.
  public func receivedModel(of client: Int, state: [Float], bank: ClientBank) -> [Float] {
    shared.received(own: bank[client], global: state)
  }

  /// The weighted average of the shared layers, summed in client order. Columns that are not shared stay at
  /// their initial value and are not used.
  public func aggregate(
    _ updates: [ClientUpdate<Contribution>], into state: inout [Float], bank: ClientBank,
    on engine: any TrainingEngine
  ) {
    let weights = averagingWeights(of: updates.map(\.client))
    shared.average(zip(updates, weights).map { (sentModel(of: $0), $1) }, into: &state)
  }

  /// The shared layers each way.
  public func traffic(of client: Int, state: [Float]) -> Traffic {
    Traffic(uplink: shared.bytes, downlink: shared.bytes)
  }

  /// The global model.
  public func tensors(of state: [Float]) -> [StateTensor] {
    [StateTensor(name: "global_model", shape: [state.count], values: state)]
  }

  /// The global model. Throws `FederationError` if it is missing or of another size.
  public func state(from tensors: [StateTensor]) throws -> [Float] {
    try StateTensor.values("global_model", shape: [setting.layout.count], in: tensors)
  }
}

extension AveragingMethod where Contribution == Void {
  /// The trained model.
  public func sentModel(of update: ClientUpdate<Void>) -> [Float] { update.trained }
}
