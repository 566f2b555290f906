import Foundation
import NeuralNetworks

/// FedAMP: the server keeps a personal model for each client, a weighted sum of all clients' models
/// that favours the near ones (attentive message passing); the client's training is pulled towards
/// it.
///
/// Huang, Chu, Zhou, Wang, Liu, Pei, Zhang: *Personalized cross-silo federated learning on non-IID
/// data*, AAAI 2021, Algorithm 1 with A(x) = 1 − exp(−x / σ):
/// u_i = (1 − Σ_{j ≠ i} ξ_ij) w_i + Σ_{j ≠ i} ξ_ij w_j, ξ_ij = α_k A′(‖w_i − w_j‖²)
/// = α_k exp(−‖w_i − w_j‖² / σ) / σ. The client then descends from u_i on
/// L_i(w) + (λ / (2 α_k)) ‖w − u_i‖². α_k and λ are the same in every round k.
///
/// The paper asks for a convex combination of models. Where Σ_{j ≠ i} ξ_ij exceeds
/// 1 − 1/N here, the ξ_ij of that client are scaled to sum to that: a client's own model never weighs
/// less than in a plain mean.
///
/// Distances are over the trained parameters of the whole model; all layers, running statistics
/// included where they are aggregated, take the same weights.
public struct FedAMP: FederatedMethod, AggregationWeighting {
  static let attentionStepSize = MethodOption<Double>(
    "attention_step_size", default: 10_000, in: 1e-6...1e9,
    "α_k, the step of the weighted sums, in every round. The default, with λ = 1, pulls with 10⁻⁴, as "
      + "public code whose penalty is the paper's does (Fling).",
    stepSize: .init(.beside))
  static let attentionWidth = MethodOption<Double>(
    "attention_width", default: 1, in: 1e-6...1e9,
    "σ, the squared distance over which a weight falls by a factor e. The default is PFLlib's. Tune it: its "
      + "scale is that of the squared distances between clients' models.")
  static let regularisation = MethodOption<Double>(
    "regularisation", default: 1, in: 0...1e9,
    "λ; the gradient (λ / α_k) (w − u) pulls local training towards the received model. The "
      + "default is PFLlib's and Fling's.")

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "fedamp", title: "FedAMP", paper: "Huang et al., AAAI", year: 2021,
    equations: "Algorithm 1", reported: .trained,
    options: [attentionStepSize, attentionWidth, regularisation])

  /// The server's memory besides the clients' models.
  public struct ServerState: Sendable, Equatable {
    /// ‖w_i − w_j‖² over the trained parameters, axes (client, source client), row-major.
    public var squaredDistances: [Float]
  }

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let stepSize: Double
  private let width: Double
  private let strength: Float

  /// Reads α_k, σ and λ.
  public init(options: MethodOptions, setting: FederationSetting) {
    self.setting = setting
    stepSize = options[Self.attentionStepSize]
    width = options[Self.attentionWidth]
    strength = Float(options[Self.regularisation] / stepSize)
  }

  /// All clients have the same model.
  public func initialState() -> ServerState {
    ServerState(
      squaredDistances: [Float](repeating: 0, count: setting.clientCount * setting.clientCount))
  }

  /// A client's weights of all clients' models, axis (source client); they sum to 1.
  private func weights(of client: Int, state: ServerState) -> [Float] {
    let count = setting.clientCount
    var weights = state.squaredDistances[client * count..<(client + 1) * count].map {
      stepSize * exp(-Double($0) / width) / width
    }
    weights[client] = 0
    let total = weights.reduce(0, +)
    let most = 1 - 1 / Double(count)
    if total > most { weights = weights.map { $0 * most / total } }
    weights[client] = 1 - min(total, most)
    return weights.map(Float.init)
  }

  /// The client's row of weights for every layer, axes (layer, source client).
  public func aggregationWeights(of client: Int, state: ServerState) -> [[Float]] {
    let weights = weights(of: client, state: state)
    return setting.layout.layers.map { _ in weights }
  }

  /// u_i.
  public func receivedModel(of client: Int, state: ServerState, bank: ClientBank) -> [Float] {
    let weights = weights(of: client, state: state)
    var model = bank[client]
    for layer in setting.layout.layers {
      bank.weightedSum(weights, columns: setting.sharedRange(layer), into: &model)
    }
    return model
  }

  /// Local training with the pull towards u_i.
  public func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Void> {
    let (model, loss) = try task.descend(
      from: received.parameters, on: network,
      proximal: LocalTask.Proximal(anchor: received.parameters, strength: strength))
    return ClientUpdate(client: task.client, trained: model, trainLoss: loss.mean, contribution: ())
  }

  /// Measures the participants' new models against all others.
  public func aggregate(
    _ updates: [ClientUpdate<Void>], into state: inout ServerState, bank: ClientBank,
    on engine: any TrainingEngine
  ) throws {
    let count = setting.clientCount
    var trained = [[Float]?](repeating: nil, count: count)
    for update in updates { trained[update.client] = update.trained }
    // A pair of participants is measured once.
    let pairs = updates.flatMap { update in
      (0..<count).filter {
        $0 != update.client && (trained[$0] == nil || $0 > update.client)
      }.map { (update: update, other: $0) }
    }
    let ranges = setting.layout.layers.map(\.trainedRange)
    let latest = trained
    let distances = Slots<Float>(count: pairs.count)
    try engine.inParallel(pairs.count) { number in
      let pair = pairs[number]
      let apart = difference(pair.update.trained, latest[pair.other] ?? bank[pair.other])
      distances[number] = apart.withUnsafeBufferPointer { apart in
        Float(ranges.reduce(0.0) { $0 + innerProduct(apart, apart, $1) })
      }
    }
    for (pair, distance) in zip(pairs, distances.all) {
      state.squaredDistances[pair.update.client * count + pair.other] = distance
      state.squaredDistances[pair.other * count + pair.update.client] = distance
    }
  }

  /// A model each way.
  public func traffic(of client: Int, state: ServerState) -> Traffic {
    Traffic(uplink: setting.modelBytes, downlink: setting.modelBytes)
  }

  /// The distances, counted without making them.
  public func stateValueCount(participations: Int) -> Int {
    setting.clientCount * setting.clientCount
  }

  /// The distances.
  public func tensors(of state: ServerState) -> [StateTensor] {
    [
      StateTensor(
        name: "squared_distances", shape: [setting.clientCount, setting.clientCount],
        values: state.squaredDistances)
    ]
  }

  /// The distances. Throws `FederationError` if they are missing or of another size.
  public func state(from tensors: [StateTensor]) throws -> ServerState {
    ServerState(
      squaredDistances: try StateTensor.values(
        "squared_distances", shape: [setting.clientCount, setting.clientCount], in: tensors))
  }
}
