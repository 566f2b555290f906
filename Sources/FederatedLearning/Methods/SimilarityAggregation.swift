import NeuralNetworks

/// A method in which each client receives equal parts of its own model and of the most similar other
/// clients' models, layer by layer.
///
/// s_ij = ⟨θ_i, θ_j⟩ / (‖θ_i‖ ‖θ_j‖) over the trained parameters of what is compared: a layer, or the
/// whole model. The client and its k most similar others with s_ij of at least the threshold, k at
/// most `neighbours`, each get the weight 1 / (1 + k); of equally similar ones the first.
///
/// The toy example in Figure 1 of Ma et al., CVPR 2022, DOI 10.1109/CVPR52688.2022.00985. The paper
/// leaves open how similarity is measured; Figure 1b shows at most three clients with equal weights.
protocol SimilarityAggregation: FederatedMethod, AggregationWeighting
where ServerState == SimilarityState, Contribution == Void {
  var similarity: SimilarityWeights { get }
}

/// How similar the clients' latest models are.
public struct SimilarityState: Sendable, Equatable {
  /// 1 − s, axes (compared unit, client, source client), row-major: the units of layers (`model.units`), or
  /// a single one for the whole model. Clients start equal and their similarity stays close to 1 for a while; the
  /// difference from 1 distinguishes them.
  public var dissimilarities: [Float]
}

/// How the methods of `SimilarityAggregation` weigh clients.
struct SimilarityWeights: Sendable {
  /// What is compared: each of the setting's units of layers, or the whole model.
  enum Unit: Sendable {
    case layers
    case model
  }

  let setting: FederationSetting
  /// What is compared, and shares its weights.
  let units: AggregationUnits
  let neighbours: Int
  let threshold: Double

  static let neighbours = MethodOption<Int>(
    "neighbours", default: 2, in: 0...100_000,
    "The largest number of other clients that contribute to a client's model. Figure 1b of the "
      + "paper has two.")
  static let threshold = MethodOption<Double>(
    "threshold", default: 0.5, in: -1...1,
    "The smallest cosine similarity at which a client contributes. Open in the paper.")

  /// The configuration keys.
  static let options: [any DeclaredOption] = [neighbours, threshold]

  init(options: MethodOptions, setting: FederationSetting, unit: Unit) {
    self.setting = setting
    units = unit == .layers ? setting.units : AggregationUnits(wholeModel: setting.layout)
    neighbours = options[Self.neighbours]
    threshold = options[Self.threshold]
  }

  /// Axes of 1 − s.
  var shape: [Int] { [units.count, setting.clientCount, setting.clientCount] }

  /// The weights of a client, axes (unit, source client); every row sums to 1.
  func weights(of client: Int, state: SimilarityState) -> [[Float]] {
    let count = setting.clientCount
    return units.parts.indices.map { unit in
      let start = (unit * count + client) * count
      return weights(
        of: client, dissimilarities: Array(state.dissimilarities[start..<start + count]))
    }
  }

  /// The weights from one row of 1 − s, axis (source client).
  private func weights(of client: Int, dissimilarities: [Float]) -> [Float] {
    let chosen = dissimilarities.indices
      .filter { $0 != client && Double(dissimilarities[$0]) <= 1 - threshold }
      .sorted {
        let (left, right) = (dissimilarities[$0], dissimilarities[$1])
        return left != right ? left < right : $0 < $1
      }
      .prefix(neighbours)
    var weights = [Float](repeating: 0, count: dissimilarities.count)
    for source in chosen + [client] { weights[source] = 1 / Float(1 + chosen.count) }
    return weights
  }

  /// All models are equal.
  func initialState() -> SimilarityState {
    SimilarityState(dissimilarities: [Float](repeating: 0, count: shape.reduce(1, *)))
  }

  /// Enters the dissimilarities of some clients with all clients; the others do not change.
  func update(_ state: inout SimilarityState, of clients: [Int], bank: ClientBank) {
    let (count, size) = (setting.clientCount, setting.layout.count)
    var difference = [Float](repeating: 0, count: size)
    let squares = (0..<count).map { squaredNorms(bank[$0]) }
    // Each source once: another rank may keep its model. Dissimilarities are the same bits both ways.
    for source in 0..<count {
      let other = bank[source]
      for client in clients {
        let own = bank[client]
        for index in 0..<size { difference[index] = own[index] - other[index] }
        for (unit, square) in squaredNorms(difference).enumerated() {
          let value = Self.dissimilarity(
            squares[client][unit], squares[source][unit], squaredDistance: square)
          state.dissimilarities[(unit * count + client) * count + source] = value
          state.dissimilarities[(unit * count + source) * count + client] = value
        }
      }
    }
  }

  /// Axis (compared unit).
  private func squaredNorms(_ model: [Float]) -> [Double] {
    model.withUnsafeBufferPointer { model in
      units.parts.map { $0.reduce(0) { $0 + innerProduct(model, model, $1.trainedRange) } }
    }
  }

  /// 1 − s = (‖a − b‖² − (‖a‖ − ‖b‖)²) / (2 ‖a‖ ‖b‖), which loses no digits where s is almost 1, and
  /// is exactly 0 for equal models; 1 with a zero model unless both are.
  private static func dissimilarity(
    _ square: Double, _ otherSquare: Double, squaredDistance: Double
  ) -> Float {
    guard squaredDistance != 0 else { return 0 }
    let (norm, otherNorm) = (square.squareRoot(), otherSquare.squareRoot())
    guard norm > 0, otherNorm > 0 else { return 1 }
    let apart = squaredDistance - (norm - otherNorm) * (norm - otherNorm)
    // A model that has diverged is like none.
    return apart.isFinite ? Float(min(2, max(0, apart / (2 * norm * otherNorm)))) : 2
  }
}

extension SimilarityAggregation {
  /// What is fixed for the federation.
  public var setting: FederationSetting { similarity.setting }

  /// All models are equal.
  public func initialState() -> SimilarityState { similarity.initialState() }

  /// The layer-wise sums of all clients' models with the client's weights.
  public func receivedModel(of client: Int, state: SimilarityState, bank: ClientBank) -> [Float] {
    let setting = similarity.setting
    var model = bank[client]
    let weights = similarity.weights(of: client, state: state)
    for (weights, parts) in zip(weights, similarity.units.parts) {
      for part in parts {
        bank.weightedSum(weights, columns: setting.sharedRange(part), into: &model)
      }
    }
    return model
  }

  /// Compares the participants' trained models with all clients' latest.
  public func aggregate(
    _ updates: [ClientUpdate<Void>], into state: inout SimilarityState, bank: ClientBank,
    on engine: any TrainingEngine
  ) {
    var latest = bank
    for update in updates { latest.store(update.trained, of: update.client) }
    similarity.update(&state, of: updates.map(\.client), bank: latest)
  }

  /// The weights, axes (layer, source client).
  public func aggregationWeights(of client: Int, state: SimilarityState) -> [[Float]] {
    similarity.units.rowsByLayer(similarity.weights(of: client, state: state))
  }

  /// A whole model each way.
  public func traffic(of client: Int, state: SimilarityState) -> Traffic {
    Traffic(uplink: similarity.setting.modelBytes, downlink: similarity.setting.modelBytes)
  }

  /// 1 − s.
  public func tensors(of state: SimilarityState) -> [StateTensor] {
    [
      StateTensor(
        name: "dissimilarities", shape: similarity.shape, values: state.dissimilarities)
    ]
  }

  /// 1 − s. Throws `FederationError` if they are missing or of another size.
  public func state(from tensors: [StateTensor]) throws -> SimilarityState {
    SimilarityState(
      dissimilarities: try StateTensor.values(
        "dissimilarities", shape: similarity.shape, in: tensors))
  }
}
