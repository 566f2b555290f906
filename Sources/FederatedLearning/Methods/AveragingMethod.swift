import NeuralNetworks

/// A method with one global model, the average of the participants' trained models weighted by their
/// numbers of training samples, of which each client may keep some layers to itself.
///
/// θ^l ← Σ_{i ∈ S} (m_i / Σ_{k ∈ S} m_k) θ_i^l for every shared layer l, over the round's
/// participants S.
protocol AveragingMethod: FederatedMethod where ServerState == [Float], Contribution == Void {
  var setting: FederationSetting { get }

  /// Whether a layer is sent and averaged; the others stay with the client.
  func shares(_ layer: ParameterLayout.Layer) -> Bool
}

extension AveragingMethod {
  /// All layers are averaged.
  func shares(_ layer: ParameterLayout.Layer) -> Bool { true }

  /// The columns that are sent and averaged.
  private var sharedColumns: [Range<Int>] {
    setting.layout.layers.filter(shares).map(setting.sharedRange)
  }

  /// The initial global model, axis (parameter).
  public func initialState() -> [Float] { setting.initialParameters }

  /// The global model in the shared layers, the client's own latest model in the others.
  public func receivedModel(of client: Int, state: [Float], bank: ClientBank) -> [Float] {
    var model = Array(bank[client])
    for columns in sharedColumns { model.replaceSubrange(columns, with: state[columns]) }
    return model
  }

  /// Plain local training.
  public func train(
    _ task: LocalTask, received: [Float], state: [Float], bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Void> {
    let (model, loss) = try task.descend(from: received, on: network)
    return ClientUpdate(client: task.client, trained: model, trainLoss: loss, contribution: ())
  }

  /// The weighted average of the shared layers, summed in client order. What is not shared stays at
  /// its initial value and is used by nobody.
  public func absorb(_ updates: [ClientUpdate<Void>], into state: inout [Float], bank: ClientBank) {
    let total = updates.reduce(0) { $0 + setting.trainCounts[$1.client] }
    for columns in sharedColumns {
      state.withUnsafeMutableBufferPointer { average in
        for index in columns { average[index] = 0 }
        for update in updates {
          let weight = Float(Double(setting.trainCounts[update.client]) / Double(total))
          update.trained.withUnsafeBufferPointer { trained in
            for index in columns { average[index] += weight * trained[index] }
          }
        }
      }
    }
  }

  /// The shared layers each way.
  public func traffic(of client: Int, state: [Float]) -> Traffic {
    let bytes = sharedColumns.reduce(0) { $0 + $1.count } * MemoryLayout<Float>.size
    return Traffic(uplink: bytes, downlink: bytes)
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
