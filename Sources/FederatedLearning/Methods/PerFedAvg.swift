import NeuralNetworks

/// Per-FedAvg: federated averaging that looks for a model from which one gradient step on a client's
/// own data leads to a good one.
///
/// It descends on F_i(w) = f_i(w − α ∇f_i(w)), whose gradient is (I − α ∇²f_i(w)) ∇f_i(w − α ∇f_i(w)).
/// Each step takes a batch D for the inner gradient, D′ for the outer one, g = ∇f(w − α ∇f(w; D); D′),
/// and where the second derivative is not dropped a third, D″, for its product with g.
///
/// Fallah, Mokhtari, Ozdaglar: *Personalized federated learning with theoretical guarantees: a
/// model-agnostic meta-learning approach*, NeurIPS 2020, Algorithm 1.
public struct PerFedAvg: AveragingMethod {
  /// What stands for the second derivative.
  public enum Variant: String, Sendable, CaseIterable {
    /// Nothing: w ← w − β g.
    case firstOrder = "first-order"
    /// A difference of gradients:
    /// w ← w − β (g − α (∇f(w + δ g; D″) − ∇f(w − δ g; D″)) / (2 δ)).
    case hessianFree = "hessian-free"
  }

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "per-fedavg", title: "Per-FedAvg", paper: "Fallah et al., NeurIPS", year: 2020,
    equations: "Algorithm 1", reported: .trained,
    options: [
      MethodOption(
        "variant", default: .text(Variant.firstOrder.rawValue),
        .choice(Variant.allCases.map(\.rawValue)),
        "first-order drops the second derivative, hessian-free takes a difference of gradients for "
          + "it. The paper studies both; the default is ours, the cheaper one."),
      MethodOption(
        "inner_step_size", default: .number(0.01), .number(0...1e6),
        "α, the step size of a client's adaptation. The paper's experiments have 0.01. The outer "
          + "step size β is learning_rate; there the paper has 0.001."),
      MethodOption(
        "finite_difference", default: .number(1e-3), .number(1e-12...1e6),
        "δ, half the distance of the two gradients of hessian-free. Open in the paper; the default "
          + "is that of public reimplementations."),
    ])

  let setting: FederationSetting
  private let variant: Variant
  private let innerStepSize: Float
  private let finiteDifference: Float

  /// Reads variant, α and δ. Throws `FederationError` for an unknown variant.
  public init(options: MethodOptions, setting: FederationSetting) throws {
    guard let variant = Variant(rawValue: options.text("variant")) else {
      throw FederationError(
        "variant: found \(options.text("variant")), expected one of "
          + Variant.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self.setting = setting
    self.variant = variant
    innerStepSize = Float(options.number("inner_step_size"))
    finiteDifference = Float(options.number("finite_difference"))
  }

  /// One batch to adapt the model that is evaluated as `trained`.
  public var preparationPhases: [LocalPhase] { [LocalPhase(.adapt, .batches(1))] }

  /// Equal, as in the paper.
  func averagingWeights(of clients: [Int]) -> [Float] { setting.equalShares(of: clients) }

  /// Descent on F_i, a step for every two (first-order) or three batches in order. The first batches
  /// of the round complete the last step, so that no sample is left out.
  ///
  /// Running statistics move in the pass on D′ alone: the others look at models that are not kept.
  public func train(
    _ task: LocalTask, received: PreparedModel, state: [Float], bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Void> {
    let batches = task.batches(.train)
    let perStep = variant == .firstOrder ? 2 : 3
    var model = received.parameters
    var velocity: [Float] = []
    var loss = TrainingLoss()
    // Kept from step to step.
    var (moved, statistics) = (model, model)
    var inner = [Float](repeating: 0, count: model.count)
    var (direction, ahead) = (inner, inner)
    for start in stride(from: 0, to: batches.count, by: perStep) {
      let own = (0..<perStep).map { batches[(start + $0) % batches.count] }
      try storeGradient(at: model, own[0], task, network, into: &inner)
      move(model, along: inner, by: -innerStepSize, into: &moved)
      let lossSum = try storeGradient(at: moved, own[1], task, network, into: &direction)
      loss.add(lossSum, count: own[1].count)
      try network.storeStatistics(into: &statistics)
      if variant == .hessianFree {
        move(model, along: direction, by: finiteDifference, into: &moved)
        try storeGradient(at: moved, own[2], task, network, into: &ahead)
        move(model, along: direction, by: -finiteDifference, into: &moved)
        try storeGradient(at: moved, own[2], task, network, into: &inner)
        for index in direction.indices {
          let product = (ahead[index] - inner[index]) / (2 * finiteDifference)
          direction[index] -= innerStepSize * product
        }
      }
      task.optimiser.step(
        &model, gradient: direction, velocity: &velocity, layout: setting.layout)
      setting.layout.copyStatistics(from: statistics, into: &model)
    }
    return ClientUpdate(client: task.client, trained: model, trainLoss: loss.mean, contribution: ())
  }

  /// What the client makes of the global model: one step of size α on a batch of its training data.
  /// Running statistics are those that it received.
  public func trainedModel(
    _ task: LocalTask, state: [Float], bank: ClientBank, network: any LocalNetwork
  ) throws -> [Float] {
    let received = receivedModel(of: task.client, state: state, bank: bank)
    var moved = received
    var gradient = [Float](repeating: 0, count: received.count)
    for batch in task.batches(.adapt) {
      try storeGradient(at: moved, batch, task, network, into: &gradient)
      move(moved, along: gradient, by: -innerStepSize, into: &moved)
    }
    return moved
  }

  /// ∇f(model; batch), axis (parameter).
  /// - Returns: the sum of the samples' losses.
  @discardableResult
  private func storeGradient(
    at model: [Float], _ batch: [Int32], _ task: LocalTask, _ network: any LocalNetwork,
    into gradient: inout [Float]
  ) throws -> Double {
    try network.load(model)
    let lossSum = try network.computeGradient(batch[...], of: task.images)
    try network.storeGradient(into: &gradient)
    return lossSum
  }

  /// moved = model + size · direction over the trained parameters.
  private func move(
    _ model: [Float], along direction: [Float], by size: Float, into moved: inout [Float]
  ) {
    for layer in setting.layout.layers {
      for index in layer.trainedRange { moved[index] = model[index] + size * direction[index] }
      let statistics = layer.trainedRange.upperBound..<layer.range.upperBound
      moved.replaceSubrange(statistics, with: model[statistics])
    }
  }
}
