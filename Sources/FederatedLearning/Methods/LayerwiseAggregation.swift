import NeuralNetworks

/// What pFedLA and HeurpFedLA share: personalised models as layer-wise weighted sums over the client
/// bank, with weights from one hypernetwork per client that is trained on the server.
///
/// θ̄_i^l = Σ_j α_i^{l,j} θ_j^l (paper, Equations 5 and 6). After local training with
/// Δθ_i = θ_i − θ̄_i, the embedding and the parameters of the client's hypernetwork move by
/// β (∂θ̄_i/∂(v_i, ψ_i))ᵀ Δθ_i (Equations 7 to 11): Δθ_i points downhill, so this descends on the loss.
/// By the chain rule only ⟨θ_j^l, Δθ_i^l⟩ for each layer l and source j is needed.
///
/// With `gradient_scaling` model-norm, the gradient is divided by ‖Δθ_i‖² = Σ_l ‖Δθ_i^l‖², one number
/// for all layers (`GradientScaling`).
///
/// Running statistics of batch normalisation, where they are aggregated, take their layer's weights
/// but give no gradient: the training loss does not depend on them.
struct LayerwiseAggregation: Sendable {
  let setting: FederationSetting
  let hypernetwork: Hypernetwork
  let stepSize: Float
  let gradientScaling: GradientScaling
  let headInitialisation: Hypernetwork.HeadInitialisation
  /// k: layers that a client keeps local (HeurpFedLA, Algorithm 2); 0 for pFedLA.
  let retainedLayerCount: Int
  /// Whether retained layers give a gradient all the same.
  let retainedLayersPassGradient: Bool

  typealias State = HypernetworkState

  typealias Contribution = HypernetworkContribution

  /// The configuration keys of the hypernetworks.
  static let options: [MethodOption] = [
    MethodOption(
      "normaliser", default: .text(WeightNormaliser.softmax.rawValue),
      .choice(WeightNormaliser.allCases.map(\.rawValue)),
      "How a head's outputs become weights that sum to 1. Open in the paper."),
    MethodOption(
      "step_size", default: .number(3), .number(0...1e6),
      "β, the hypernetworks' step size. Open in the paper; the default was chosen on validation "
        + "samples out of the training data (Documentation/hypernetwork-step-size.md).",
      stepSize: .init(.beside)),
    MethodOption(
      "gradient_scaling", default: .text(GradientScaling.none.rawValue),
      .choice(GradientScaling.allCases.map(\.rawValue)),
      "none is the paper's gradient. model-norm divides it by the squared norm of the client's whole "
        + "Δθ, so that a step size suits other datasets and numbers of local epochs; ours. step_size "
        + "has another scale there.",
      neutral: .text("none")),
    MethodOption(
      "embedding_size", default: .integer(100), .integer(1...100_000),
      "Length of each client's embedding vector. Open in the paper."),
    MethodOption(
      "hidden_sizes", default: .integers([100, 100]), .integers(1...100_000),
      "Outputs of the hypernetworks' hidden layers. Open in the paper."),
    MethodOption(
      "head_initialisation", default: .text(Hypernetwork.HeadInitialisation.zero.rawValue),
      .choice(Hypernetwork.HeadInitialisation.allCases.map(\.rawValue)),
      "zero starts from equal weights (under softmax), uniform as PyTorch does. Open in the paper."),
  ]

  init(
    options: MethodOptions, setting: FederationSetting, retainedLayerCount: Int,
    retainedLayersPassGradient: Bool
  ) throws {
    guard let normaliser = WeightNormaliser(rawValue: options.text("normaliser")),
      let headInitialisation = Hypernetwork.HeadInitialisation(
        rawValue: options.text("head_initialisation")),
      let gradientScaling = GradientScaling(rawValue: options.text("gradient_scaling"))
    else {
      throw FederationError("methods: unknown normaliser, head initialisation or gradient scaling")
    }
    guard normaliser != .reluSum || headInitialisation != .zero || options.number("step_size") == 0
    else {
      throw FederationError(
        "head_initialisation: found zero with normaliser relu-sum, under which zero heads never get "
          + "a gradient; expected uniform, or normaliser softmax")
    }
    let layerCount = setting.layout.layers.count
    guard retainedLayerCount <= layerCount else {
      throw FederationError(
        "retained_layers: found \(retainedLayerCount), expected at most \(layerCount), the number "
          + "of layers of the model")
    }
    self.setting = setting
    self.headInitialisation = headInitialisation
    self.gradientScaling = gradientScaling
    self.retainedLayerCount = retainedLayerCount
    self.retainedLayersPassGradient = retainedLayersPassGradient
    stepSize = Float(options.number("step_size"))
    hypernetwork = Hypernetwork(
      embeddingSize: options.integer("embedding_size"),
      hiddenSizes: options.integers("hidden_sizes"),
      layerCount: layerCount, clientCount: setting.clientCount, normaliser: normaliser)
  }

  func initialState() -> State {
    State(clients: Array(repeating: nil, count: setting.clientCount))
  }

  /// A client's hypernetwork.
  func hypernetwork(of client: Int, state: State) -> ClientHypernetwork {
    state.clients[client]
      ?? hypernetwork.initial(seed: setting.seed, client: client, heads: headInitialisation)
  }

  /// α_i, axes (layer, source client).
  func weights(of client: Int, state: State) -> [[Float]] {
    if state.clients[client] == nil, headInitialisation == .zero {
      return hypernetwork.weightsOfZeroHeads(client: client)
    }
    return hypernetwork.weights(of: hypernetwork(of: client, state: state), client: client)
  }

  /// The k layers with the largest self weights; of equal ones the first.
  func retained(_ weights: [[Float]], client: Int) -> [Bool] {
    let order = weights.indices.sorted {
      let (left, right) = (weights[$0][client], weights[$1][client])
      return left != right ? left > right : $0 < $1
    }
    var retained = [Bool](repeating: false, count: weights.count)
    for layer in order.prefix(retainedLayerCount) { retained[layer] = true }
    return retained
  }

  /// The layers that a client keeps in its next round.
  func retainedLayers(of client: Int, state: State) -> [Bool] {
    guard retainedLayerCount > 0 else {
      return [Bool](repeating: false, count: setting.layout.layers.count)
    }
    return retained(weights(of: client, state: state), client: client)
  }

  /// θ̄_i of some clients, axes (client, parameter); their own models in retained layers.
  func receivedModels(of clients: [Int], state: State, bank: ClientBank) -> [[Float]] {
    // Axes (client, layer, source client).
    let weights = clients.map { self.weights(of: $0, state: state) }
    let retained = zip(clients, weights).map { self.retained($1, client: $0) }
    var models = clients.map { bank[$0] }
    for (index, layer) in setting.layout.layers.enumerated() {
      bank.weightedSums(
        clients.indices.map { retained[$0][index] ? nil : weights[$0][index] },
        columns: setting.sharedRange(layer), into: &models)
    }
    return models
  }

  func train(
    _ task: LocalTask, received: PreparedModel, state: State, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Contribution> {
    let (model, loss) = try task.descend(from: received.parameters, on: network)
    let change = difference(model, received.parameters)
    return ClientUpdate(
      client: task.client, trained: model, trainLoss: loss.mean,
      contribution: Contribution(change: change))
  }

  /// The gradients (∂θ̄_i/∂(v_i, ψ_i))ᵀ Δθ_i, in place of Δθ_i.
  func digest(
    _ updates: [ClientUpdate<Contribution>], state: State, bank: ClientBank
  ) -> [ClientUpdate<Contribution>] {
    guard stepSize != 0 else { return updates }
    let changes = updates.map(\.contribution.change)
    let factors = changes.map { gradientScaling.factor(for: $0, layout: setting.layout) }
    let retained = updates.map { retainedLayers(of: $0.client, state: state) }
    // Axes (participant, layer, source client); 0 for layers without a gradient.
    var weightGradients = updates.map { _ in
      setting.layout.layers.map { _ in [Float](repeating: 0, count: setting.clientCount) }
    }
    for (index, layer) in setting.layout.layers.enumerated() {
      let learning = updates.indices.filter {
        factors[$0] != 0 && (!retained[$0][index] || retainedLayersPassGradient)
      }
      let products = bank.innerProducts(
        with: learning.map { changes[$0] }, columns: layer.trainedRange)
      for (place, products) in zip(learning, products) {
        weightGradients[place][index] = products.map { Float($0 * factors[place]) }
      }
    }
    return zip(updates, weightGradients).map { update, weightGradient in
      ClientUpdate(
        client: update.client, trained: update.trained, trainLoss: update.trainLoss,
        contribution: Contribution(
          gradient: hypernetwork.gradient(
            of: hypernetwork(of: update.client, state: state), client: update.client,
            weightGradient: weightGradient)))
    }
  }

  /// The steps of the participants' hypernetworks by β times their gradients.
  func absorb(_ updates: [ClientUpdate<Contribution>], into state: inout State) {
    for update in updates {
      // Without a gradient there is nothing to keep of the client.
      guard let gradient = update.contribution.gradient, stepSize != 0,
        gradient.outputs.contains(where: { $0 != 0 })
      else { continue }
      var own = hypernetwork(of: update.client, state: state)
      // Else its heads are copied when they are changed.
      state.clients[update.client] = nil
      hypernetwork.step(&own, along: gradient, size: stepSize)
      state.clients[update.client] = own
    }
  }

  /// The whole model up; all but the retained layers down.
  func traffic(of client: Int, state: State) -> Traffic {
    let retained = retainedLayers(of: client, state: state)
    let kept = zip(setting.layout.layers, retained).reduce(0) {
      $0 + ($1.1 ? setting.sharedRange($1.0).count : 0)
    }
    return Traffic(
      uplink: setting.modelBytes,
      downlink: setting.modelBytes - kept * MemoryLayout<Float>.size)
  }

  func tensors(of state: State) -> [StateTensor] {
    HypernetworkTensors(hypernetwork: hypernetwork).tensors(of: state)
  }

  func state(from tensors: [StateTensor]) throws -> State {
    try HypernetworkTensors(hypernetwork: hypernetwork).state(from: tensors)
  }

  /// The most values that all hypernetworks take after so many participations of clients.
  func stateValueCount(participations: Int) -> Int {
    let (clients, base) = (setting.clientCount, hypernetwork.baseCount)
    let dense = clients * (hypernetwork.parameterCount - base)
    let step = hypernetwork.layerCount * clients + hypernetwork.headInputs
    let steps = participations.multipliedReportingOverflow(by: step)
    let isFactored = headInitialisation == .zero && !steps.overflow
    return clients * base + (isFactored ? min(steps.partialValue, dense) : dense)
  }
}
