import NeuralNetworks

/// Per-FedAvg: federated averaging that looks for a model from which one gradient step on a client's
/// own data leads to a good one.
///
/// It descends on F_i(w) = f_i(w − α ∇f_i(w)), whose gradient is (I − α ∇²f_i(w)) ∇f_i(w − α ∇f_i(w)).
/// Each step takes a batch D for the inner gradient, D′ for the outer one, g = ∇f(w − α ∇f(w; D); D′),
/// and where the second derivative is not dropped a third, D″, for its product with g.
///
/// A participant makes a step for every batch b_t of the round, as plain local training does: D′ is b_t,
/// D the batch before it and D″ the one after it, with the round's last batch before its first. So every
/// batch has each part once, and a short last batch of a pass is the outer one once a pass.
///
/// Fallah, Mokhtari, Ozdaglar: *Personalized federated learning with theoretical guarantees: a
/// model-agnostic meta-learning approach*, NeurIPS 2020, Algorithm 1.
public struct PerFedAvg: AveragingMethod {
  /// The approximation of the second derivative.
  public enum Variant: String, MethodChoice {
    /// Nothing: w ← w − β g.
    case firstOrder = "first-order"
    /// A difference of gradients:
    /// w ← w − β (g − α (∇f(w + δ g; D″) − ∇f(w − δ g; D″)) / (2 δ)).
    case hessianFree = "hessian-free"
  }

  static let variant = MethodOption<Variant>(
    "variant", default: .firstOrder,
    "first-order drops the second derivative; hessian-free approximates it by a difference of gradients"
      + ". The paper studies both; the default, the cheaper one, is ours.")
  static let innerStepSize = MethodOption<Double>(
    "inner_step_size", default: 0.01, in: 0...1e6,
    "α, the step size of a client's adaptation. The paper's experiments have 0.01. The outer "
      + "step size β is learning_rate; there the paper has 0.001.",
    stepSize: .init(.beside))
  static let finiteDifference = MethodOption<Double>(
    "finite_difference", default: 1e-3, in: 1e-12...1e6,
    "δ, half the distance between the two gradients of hessian-free. Open in the paper; the default "
      + "is that of public reimplementations.")

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "per-fedavg", title: "Per-FedAvg", paper: "Fallah et al., NeurIPS", year: 2020,
    equations: "Algorithm 1", reported: .trained,
    options: [variant, innerStepSize, finiteDifference])

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let variant: Variant
  private let innerStepSize: Float
  private let finiteDifference: Float

  /// Reads variant, α and δ.
  public init(options: MethodOptions, setting: FederationSetting) {
    self.setting = setting
    variant = options[Self.variant]
    innerStepSize = Float(options[Self.innerStepSize])
    finiteDifference = Float(options[Self.finiteDifference])
  }

  /// One batch to adapt the model that is evaluated as `trained`.
  public var preparationPhases: [LocalPhase] { [LocalPhase(.adapt, .batches(1))] }

  /// Equal, as in the paper.
  public func averagingWeights(of clients: [Int]) -> [Float] { setting.equalShares(of: clients) }

  /// Descent on F_i, a step for every batch of the round.
  ///
  /// Running statistics are updated only in the pass on D′: the others use models that are not kept.
  public func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: [Float], bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Void> {
    let batches = task.batches(.train)
    let (model, direction, ahead) = (Self.model, NetworkVector.kept(1), NetworkVector.kept(2))
    var loss = TrainingLoss()
    func pass(_ batch: [Int32]) throws -> Double {
      try network.computeGradient(batch[...], of: task.images)
    }
    try network.load(received.parameters, keepingIn: model)
    for (place, outer) in batches.enumerated() {
      _ = try pass(batches[place > 0 ? place - 1 : batches.count - 1])
      move(network, along: .gradient, by: -innerStepSize)
      loss.add(try pass(outer), count: outer.count)
      network.copy(.parameters, to: model, .statistics)
      if variant == .hessianFree {
        let third = batches[(place + 1) % batches.count]
        network.copy(.gradient, to: direction, .trained)
        move(network, along: direction, by: finiteDifference)
        _ = try pass(third)
        network.copy(.gradient, to: ahead, .trained)
        move(network, along: direction, by: -finiteDifference)
        _ = try pass(third)
        network.combine(ahead, 1, ahead, -1, .gradient)
        network.divide(ahead, by: 2 * finiteDifference)
        network.combine(.gradient, 1, direction, -innerStepSize, ahead)
      }
      network.copy(model, to: .parameters, .all)
      try network.descend(task.optimiser)
      network.copy(.parameters, to: model, .trained)
    }
    return ClientUpdate(
      client: task.client, trained: try network.parameters(), trainLoss: loss.mean,
      contribution: ())
  }

  /// The global model as the client adapts it: one step of size α on a batch of its training data.
  /// Running statistics are those that it received.
  public func trainedModel(
    _ task: LocalTask, state: [Float], bank: ClientBank, network: any LocalNetwork
  ) throws -> [Float] {
    let received = receivedModel(of: task.client, state: state, bank: bank)
    try network.load(received, keepingIn: Self.model)
    for batch in task.batches(.adapt) {
      _ = try network.computeGradient(batch[...], of: task.images)
      move(network, along: .gradient, by: -innerStepSize)
      network.copy(.parameters, to: Self.model, .trained)
    }
    return try network.parameters()
  }

  /// Where the model is kept while the network looks at others.
  private static let model = NetworkVector.kept(0)

  /// Has the network hold model + size · direction over the trained parameters, with the model's running
  /// statistics.
  private func move(_ network: any LocalNetwork, along direction: NetworkVector, by size: Float) {
    network.combine(.parameters, 1, Self.model, size, direction)
    network.copy(Self.model, to: .parameters, .statistics)
  }
}
