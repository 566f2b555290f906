import NeuralNetworks

/// Federated averaging: one global model, the average of the participants' trained models weighted
/// by their numbers of training samples.
///
/// θ ← Σ_{i ∈ S} (m_i / Σ_{k ∈ S} m_k) θ_i over the round's participants S.
///
/// McMahan, Moore, Ramage, Hampson, Agüera y Arcas: *Communication-efficient learning of deep
/// networks from decentralized data*, AISTATS 2017, Algorithm 1.
public struct FedAvg: FederatedMethod {
  /// Name and origin.
  public static let information = MethodInformation(
    name: "fedavg", title: "FedAvg", reference: "McMahan et al., AISTATS 2017, Algorithm 1")

  private let setting: FederationSetting

  /// Needs no options.
  public init(options: MethodOptions, setting: FederationSetting) { self.setting = setting }

  /// The initial global model, axis (parameter).
  public func initialState() -> [Float] { setting.initialParameters }

  /// The global model.
  public func receivedModel(of client: Int, state: [Float], bank: ClientBank) -> [Float] {
    var model = state
    setting.keepOwnStatistics(of: client, bank: bank, in: &model)
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

  /// The weighted average, summed in client order.
  public func absorb(_ updates: [ClientUpdate<Void>], into state: inout [Float], bank: ClientBank) {
    let total = updates.reduce(0) { $0 + setting.trainCounts[$1.client] }
    var average = [Float](repeating: 0, count: state.count)
    for update in updates {
      let weight = Float(Double(setting.trainCounts[update.client]) / Double(total))
      average.withUnsafeMutableBufferPointer { average in
        update.trained.withUnsafeBufferPointer { trained in
          for index in 0..<average.count { average[index] += weight * trained[index] }
        }
      }
    }
    state = average
  }

  /// A whole model each way.
  public func traffic(of client: Int, state: [Float]) -> Traffic {
    Traffic(uplink: setting.modelBytes, downlink: setting.modelBytes)
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
