import NeuralNetworks

/// How pFedLA and HeurpFedLA aggregate: their hypernetworks, the step with which those are trained, and the
/// layers that clients keep. `LayerwiseMethod` makes a method of it.
struct LayerwiseAggregation: Sendable {
  let setting: FederationSetting
  /// The clients' hypernetworks; with direct weights each is nothing but the heads' biases.
  let hypernetwork: AggregationHypernetwork
  /// The hypernetworks as they are drawn, from which direct weights take their initial values.
  private let drawn: AggregationHypernetwork
  /// β; negative for a step uphill, 0 for frozen weights.
  let stepSize: Float
  /// What the server stores of a participant.
  let storedModel: StoredModel
  let gradientScaling: GradientScaling
  let headInitialisation: AggregationHypernetwork.HeadInitialisation
  /// k: layers that a client keeps local (HeurpFedLA, Algorithm 2); 0 for pFedLA.
  let retainedLayerCount: Int
  /// Whether retained layers give a gradient anyway.
  let retainedLayersPassGradient: Bool

  static let normaliser = MethodOption<WeightNormaliser>(
    "normaliser", default: .softmax,
    "How a head's outputs become weights that sum to 1. Open in the paper.")
  static let stepSize = MethodOption<Double>(
    "step_size", default: 1, in: 0...1e6,
    "β, the hypernetworks' step size. Open in the paper; the default was chosen on validation "
      + "samples from the training data (Documentation/hypernetwork-step-size.md).",
    stepSize: .init(.beside))
  static let gradientScaling = MethodOption<GradientScaling>(
    "gradient_scaling", default: .none,
    "none is the paper's gradient; model-norm (ours) divides it by the squared norm of the client's whole "
      + "Δθ, so that one step size suits other datasets and numbers of local epochs. step_size then "
      + "has another scale.",
    neutral: GradientScaling.none)
  static let embeddingSize = MethodOption<Int>(
    "embedding_size", default: 100, in: 1...100_000,
    "Length of each client's embedding vector. Open in the paper.")
  static let hiddenSizes = MethodOption<[Int]>(
    "hidden_sizes", default: [100, 100], each: 1...100_000,
    "Outputs of the hypernetworks' hidden layers. Open in the paper.")
  static let headInitialisation = MethodOption<AggregationHypernetwork.HeadInitialisation>(
    "head_initialisation", default: .zero,
    "zero gives equal initial weights (under softmax); uniform is PyTorch's; positive, uniform in 0 … 1 without "
      + "biases, is public code's. Open in the paper.")

  /// The configuration keys of the hypernetworks.
  static let options: [any DeclaredOption] =
    [normaliser, stepSize, gradientScaling, embeddingSize, hiddenSizes, headInitialisation]
    + LayerwiseVariants.options

  /// Throws `FederationError` for heads that would never get a gradient.
  init(
    options: MethodOptions, setting: FederationSetting, retainedLayerCount: Int = 0,
    retainedLayersPassGradient: Bool = false
  ) throws {
    self.setting = setting
    self.retainedLayerCount = retainedLayerCount
    self.retainedLayersPassGradient = retainedLayersPassGradient
    stepSize =
      options[LayerwiseVariants.hypernetworkStep].sign * Float(options[Self.stepSize])
    storedModel = options[LayerwiseVariants.storedModel]
    gradientScaling = options[Self.gradientScaling]
    headInitialisation = options[Self.headInitialisation]
    drawn = AggregationHypernetwork(
      embeddingSize: options[Self.embeddingSize], hiddenSizes: options[Self.hiddenSizes],
      layerCount: setting.units.count, clientCount: setting.clientCount,
      normaliser: options[Self.normaliser])
    hypernetwork = options[LayerwiseVariants.weights] == .direct ? drawn.withoutInputs : drawn
    guard
      hypernetwork.normaliser != .reluSum || headInitialisation != .zero || stepSize == 0
    else {
      throw FederationError(
        "head_initialisation: found zero with normaliser relu-sum, under which zero heads never get "
          + "a gradient; expected uniform, or normaliser softmax")
    }
  }

  /// A client's hypernetwork.
  func hypernetwork(of client: Int, state: HypernetworkState) -> AggregationHypernetwork.Values {
    if let own = state.clients[client] { return own }
    let initial = drawn.initial(seed: setting.seed, client: client, heads: headInitialisation)
    return hypernetwork == drawn ? initial : drawn.outputsAlone(of: initial)
  }

  /// What the server stores of a participant, axis (parameter). Running statistics are always those that training
  /// left.
  /// - Parameters:
  ///   - trained: its model after training.
  ///   - change: Δθ_i.
  ///   - old: what the server has stored of it.
  func stored(_ trained: [Float], change: [Float], old: [Float]) -> [Float] {
    guard storedModel == .oldPlusUpdate else { return trained }
    var stored = trained
    for layer in setting.layout.layers {
      for index in layer.trainedRange { stored[index] = old[index] + change[index] }
    }
    return stored
  }

  /// α_i, axes (unit, source client).
  func weights(of client: Int, state: HypernetworkState) -> [[Float]] {
    if state.clients[client] == nil, headInitialisation == .zero {
      return hypernetwork.weightsOfZeroHeads(client: client)
    }
    return hypernetwork.weights(of: hypernetwork(of: client, state: state), client: client)
  }

  /// The k units with the largest self weights; of equal ones the first. Axis (unit).
  func retained(_ weights: [[Float]], client: Int) -> [Bool] {
    let order = weights.indices.sorted {
      let (left, right) = (weights[$0][client], weights[$1][client])
      return left != right ? left > right : $0 < $1
    }
    var retained = [Bool](repeating: false, count: weights.count)
    for unit in order.prefix(retainedLayerCount) { retained[unit] = true }
    return retained
  }

  /// The units that a client keeps in its next round, axis (unit).
  func retainedUnits(of client: Int, state: HypernetworkState) -> [Bool] {
    guard retainedLayerCount > 0 else { return setting.units.parts.map { _ in false } }
    return retained(weights(of: client, state: state), client: client)
  }

  /// The layers that a client keeps as a whole in its next round, axis (layer).
  func retainedLayers(of client: Int, state: HypernetworkState) -> [Bool] {
    setting.units.flagsByLayer(retainedUnits(of: client, state: state))
  }
}
