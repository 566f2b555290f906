import NeuralNetworks

/// FedALA: before local training, each client mixes the global model into the last layers of its own
/// one, element by element, with weights that it learns on a part of its training data.
///
/// θ̂ = θ_own + (θ_global − θ_own) ⊙ W in the adaptive layers, the global model in the others;
/// W ← clamp(W − η ∇_θ̂ L ⊙ (θ_global − θ_own), 0, 1) after each mini-batch. The server averages as
/// federated averaging does.
///
/// Only participants keep the W that they learn, as in the paper's Algorithm 1. A client that is evaluated learns
/// for the model that it would start from, and discards what it has learned.
///
/// Zhang, Hua, Wang, Song, Xue, Ma, Guan: *FedALA: adaptive local aggregation for personalized
/// federated learning*, AAAI 2023, Algorithm 1.
public struct FedALA: FederatedMethod {
  static let adaptiveLayers = MethodOption<Int>(
    "adaptive_layers", default: 1, in: 0...1_000,
    "p, the number of last layers that are mixed element by element. The default is the "
      + "paper's and the authors' code's, whose 2 counts weight and bias.")
  static let weightStepSize = MethodOption<Double>(
    "weight_step_size", default: 1, in: 0...1e6,
    "η, the step size of the mixing weights. The default is that of the authors' code.",
    stepSize: .init(.beside))
  static let sampleShare = MethodOption<Double>(
    "sample_share", default: 0.8, in: 0...1,
    "s, the share of a client's training samples, drawn again each round, on which it learns its mixing "
      + "weights; at least one sample. The default is the paper's choice and the authors' code's."
  )
  static let convergenceWindow = MethodOption<Int>(
    "convergence_window", default: 10, in: 1...100_000,
    "The number of last losses, one per pass, that decide whether the first learning has converged; at least one more pass "
      + "than that is made. The default is that of the authors' code.")
  static let convergenceDeviation = MethodOption<Double>(
    "convergence_deviation", default: 0.1, in: 0...1e6,
    "The first learning has converged when the standard deviation of those losses is below "
      + "this. The default is that of the authors' code.")
  static let firstPassesLimit = MethodOption<Int>(
    "first_passes_limit", default: 100, in: 1...1_000_000,
    "The largest number of passes of the first learning. The authors' code has no limit; the default is ours."
  )

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "fedala", title: "FedALA", paper: "Zhang et al., AAAI", year: 2023,
    equations: "Algorithm 1",
    options: [
      adaptiveLayers, weightStepSize, sampleShare, convergenceWindow, convergenceDeviation,
      firstPassesLimit,
    ])

  /// What the server remembers, for itself and for the clients.
  public struct State: Sendable, Equatable {
    /// The global model, axis (parameter).
    public var global: [Float]
    /// W, each client's mixing weights in [0, 1], axes (client, adaptive parameter).
    public var mixing: [Float]
    /// Whether a client has learned its weights before, axis (client): 1, or 0.
    public var hasLearned: [Float]
  }

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let shared: SharedModel
  /// The trained columns of the adaptive layers.
  private let columns: [Int]
  private let stepSize: Float
  private let sampleShare: Double
  private let window: Int
  private let deviation: Double
  private let passesLimit: Int

  /// Reads the options. Throws `FederationError` if the model has fewer layers.
  public init(options: MethodOptions, setting: FederationSetting) throws {
    self.setting = setting
    shared = SharedModel(setting)
    columns = try setting.lastLayers(Self.adaptiveLayers, options).flatMap {
      Array($0.trainedRange)
    }
    stepSize = Float(options[Self.weightStepSize])
    sampleShare = options[Self.sampleShare]
    window = options[Self.convergenceWindow]
    deviation = options[Self.convergenceDeviation]
    passesLimit = options[Self.firstPassesLimit]
  }

  /// A part of the training data to learn the mixing weights on.
  public var preparationPhases: [LocalPhase] { [LocalPhase(.adapt, .share(sampleShare))] }

  /// The initial model, all weights 1: the global model as it is.
  public func initialState() -> State {
    State(
      global: setting.initialParameters,
      mixing: [Float](repeating: 1, count: setting.clientCount * columns.count),
      hasLearned: [Float](repeating: 0, count: setting.clientCount))
  }

  /// The global model; where running statistics are local, with the client's own.
  public func receivedModel(of client: Int, state: State, bank: ClientBank) -> [Float] {
    shared.received(own: bank[client], global: state.global)
  }

  /// What a client knows of its mixing weights.
  public struct Mixing: Sendable, Equatable {
    /// W, axis (adaptive parameter).
    public let weights: [Float]
    /// Whether they have ever been learned: 1, or 0.
    public let hasLearned: Float
  }

  /// Learns the mixing weights and mixes. The weights go to the server by way of `train`.
  ///
  /// Nothing is learned while own and global model agree in the adaptive layers. Otherwise one pass
  /// over the batches, the first time as many as the convergence options ask for. Gradients are
  /// taken in training mode, but the model's running statistics do not change.
  public func prepare(
    _ task: LocalTask, received: [Float], state: State, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> PreparedModel<Mixing> {
    let client = task.client
    let own = bank[client]
    let differences = columns.map { received[$0] - own[$0] }
    var weights = Array(state.mixing[client * columns.count..<(client + 1) * columns.count])
    let batches = task.batches(.adapt)
    guard differences.contains(where: { $0 != 0 }), !batches.isEmpty else {
      return PreparedModel(
        parameters: received, notes: Mixing(weights: weights, hasLearned: state.hasLearned[client]))
    }
    var model = received
    func mix() {
      for (place, column) in columns.enumerated() {
        model[column] = own[column] + differences[place] * weights[place]
      }
    }
    mix()
    let isFirst = state.hasLearned[client] == 0
    var losses: [Double] = []
    var gradient = [Float](repeating: 0, count: model.count)
    repeat {
      var last = 0.0
      for batch in batches {
        try network.load(model)
        last = try network.computeGradient(batch[...], of: task.images) / Double(batch.count)
        try network.storeGradient(into: &gradient)
        for (place, column) in columns.enumerated() {
          let moved = weights[place] - stepSize * gradient[column] * differences[place]
          weights[place] = min(max(moved, 0), 1)
        }
        mix()
      }
      losses.append(last)
    } while isFirst && losses.count < passesLimit && !hasConverged(losses)
    return PreparedModel(parameters: model, notes: Mixing(weights: weights, hasLearned: 1))
  }

  /// Whether there are more losses than the window holds, and the standard deviation of those in it
  /// (with their number as divisor) is below the limit.
  private func hasConverged(_ losses: [Double]) -> Bool {
    guard losses.count > window else { return false }
    let last = losses.suffix(window)
    let mean = last.reduce(0, +) / Double(window)
    let variance = last.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(window)
    return variance.squareRoot() < deviation
  }

  /// Plain local training from the mixed model.
  public func train(
    _ task: LocalTask, received: PreparedModel<Mixing>, state: State, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Mixing> {
    let (model, loss) = try task.descend(from: received.parameters, on: network)
    return ClientUpdate(
      client: task.client, trained: model, trainLoss: loss.mean, contribution: received.notes)
  }

  /// W, and whether it has ever been learned.
  public func values(of contribution: Mixing) -> [[Float]] {
    [contribution.weights, [contribution.hasLearned]]
  }

  /// The same back. Throws `FederationError` if it does not fit.
  public func contribution(from values: [[Float]]) throws -> Mixing {
    let values = try values.expected(2)
    return Mixing(weights: values[0], hasLearned: values[1].first ?? 0)
  }

  /// The average of all layers by samples, and the participants' mixing weights.
  public func aggregate(
    _ updates: [ClientUpdate<Mixing>], into state: inout State, bank: ClientBank,
    on engine: any TrainingEngine
  ) {
    let weights = setting.sampleShares(of: updates.map(\.client))
    shared.average(zip(updates, weights).map { ($0.trained, $1) }, into: &state.global)
    for update in updates {
      let row = update.client * columns.count..<(update.client + 1) * columns.count
      state.mixing.replaceSubrange(row, with: update.contribution.weights)
      state.hasLearned[update.client] = update.contribution.hasLearned
    }
  }

  /// A whole model each way; mixing weights are not sent.
  public func traffic(of client: Int, state: State) -> Traffic {
    Traffic(uplink: shared.bytes, downlink: shared.bytes)
  }

  /// Models and mixing weights, counted without making them.
  public func stateValueCount(participations: Int) -> Int {
    setting.layout.count + setting.clientCount * (columns.count + 1)
  }

  /// The global model.
  public func globalModel(of state: State) -> [Float]? {
    setting.sendsWholeModels ? state.global : nil
  }

  /// Global model, mixing weights, and which clients have learned them.
  public func tensors(of state: State) -> [StateTensor] {
    [
      StateTensor(name: "global_model", shape: [state.global.count], values: state.global),
      StateTensor(
        name: "mixing_weights", shape: [setting.clientCount, columns.count], values: state.mixing),
      StateTensor(name: "has_learned", shape: [setting.clientCount], values: state.hasLearned),
    ]
  }

  /// The same back. Throws `FederationError` if one is missing or of another size.
  public func state(from tensors: [StateTensor]) throws -> State {
    State(
      global: try StateTensor.values("global_model", shape: [setting.layout.count], in: tensors),
      mixing: try StateTensor.values(
        "mixing_weights", shape: [setting.clientCount, columns.count], in: tensors),
      hasLearned: try StateTensor.values("has_learned", shape: [setting.clientCount], in: tensors))
  }
}
