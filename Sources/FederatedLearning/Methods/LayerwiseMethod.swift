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
///
/// `LayerwiseVariants` has what public code does otherwise.
protocol LayerwiseMethod: FederatedMethod, AggregationWeighting, HypernetworkTraining
where ServerState == HypernetworkState, Contribution == HypernetworkContribution, Notes == Void {
  var aggregation: LayerwiseAggregation { get }
}

/// What a participant's work gives its hypernetwork.
public struct HypernetworkContribution: Sendable, Equatable {
  /// Δθ_i = θ_i − θ̄_i, axis (parameter); empty once the server has made the gradient of it.
  public var change: [Float] = []
  /// (∂θ̄_i/∂(v_i, ψ_i))ᵀ Δθ_i; nil before.
  package var gradient: AggregationHypernetwork.Gradient?

  package init(change: [Float] = [], gradient: AggregationHypernetwork.Gradient? = nil) {
    self.change = change
    self.gradient = gradient
  }
}

extension LayerwiseMethod {
  /// What is fixed for the federation.
  public var setting: FederationSetting { aggregation.setting }

  /// Every hypernetwork as initialised.
  public func initialState() -> HypernetworkState {
    HypernetworkState(clients: Array(repeating: nil, count: setting.clientCount))
  }

  /// The layer-wise weighted sum of all clients' models, except for retained layers.
  public func receivedModel(of client: Int, state: HypernetworkState, bank: ClientBank) -> [Float] {
    receivedModels(of: [client], state: state, bank: bank)[0]
  }

  /// θ̄_i of some clients in one pass over the bank, axes (client, parameter); their own models in retained
  /// layers.
  public func receivedModels(of clients: [Int], state: HypernetworkState, bank: ClientBank)
    -> [[Float]]
  {
    // Axes (client, unit, source client).
    let weights = clients.map { aggregation.weights(of: $0, state: state) }
    let retained = zip(clients, weights).map { aggregation.retained($1, client: $0) }
    var models = clients.map { bank[$0] }
    for (unit, parts) in setting.units.parts.enumerated() {
      let weights = clients.indices.map { retained[$0][unit] ? nil : weights[$0][unit] }
      for part in parts {
        bank.weightedSums(weights, columns: setting.sharedRange(part), into: &models)
      }
    }
    return models
  }

  /// Plain local training; contributes Δθ_i. What the server stores is the trained model unless the method's
  /// `stored_model` says otherwise.
  public func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: HypernetworkState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<HypernetworkContribution> {
    let (model, loss) = try task.descend(from: received.parameters, on: network)
    let change = difference(model, received.parameters)
    return ClientUpdate(
      client: task.client,
      trained: aggregation.stored(model, change: change, old: bank[task.client]),
      trainLoss: loss.mean, contribution: HypernetworkContribution(change: change))
  }

  /// The gradients (∂θ̄_i/∂(v_i, ψ_i))ᵀ Δθ_i, instead of Δθ_i, in one pass over the bank.
  public func preprocess(
    _ updates: [ClientUpdate<HypernetworkContribution>], state: HypernetworkState, bank: ClientBank
  ) -> [ClientUpdate<HypernetworkContribution>] {
    guard aggregation.stepSize != 0 else { return updates }
    let changes = updates.map(\.contribution.change)
    let factors = changes.map {
      aggregation.gradientScaling.factor(for: $0, layout: setting.layout)
    }
    let retained = updates.map { aggregation.retainedUnits(of: $0.client, state: state) }
    // Axes (participant, unit, source client); 0 for units without a gradient.
    var weightGradients = updates.map { _ in
      setting.units.parts.map { _ in [Float](repeating: 0, count: setting.clientCount) }
    }
    for (unit, parts) in setting.units.parts.enumerated() {
      let learning = updates.indices.filter {
        factors[$0] != 0 && (!retained[$0][unit] || aggregation.retainedLayersPassGradient)
      }
      let products = innerProducts(of: parts, learning.map { changes[$0] }, bank)
      for (place, products) in zip(learning, products) {
        weightGradients[place][unit] = products.map { Float($0 * factors[place]) }
      }
    }
    return zip(updates, weightGradients).map { update, weightGradient in
      ClientUpdate(
        client: update.client, trained: update.trained, trainLoss: update.trainLoss,
        contribution: HypernetworkContribution(
          gradient: aggregation.hypernetwork.gradient(
            of: aggregation.hypernetwork(of: update.client, state: state), client: update.client,
            weightGradient: weightGradient)))
    }
  }

  /// Σ_l ⟨θ_j^l, Δθ_i^l⟩ over a unit's parts in their order, axes (change, source client).
  private func innerProducts(
    of parts: [AggregationUnits.Part], _ changes: [[Float]], _ bank: ClientBank
  ) -> [[Double]] {
    let products = parts.map { bank.innerProducts(with: changes, columns: $0.trainedRange) }
    return products.dropFirst().reduce(products.first ?? []) { sums, next in
      zip(sums, next).map { zip($0, $1).map(+) }
    }
  }

  /// Only the gradients change the server's state.
  public var aggregatesTrainedModels: Bool { false }

  /// The gradient's parts; nothing without a gradient, as the change is then not used.
  public func values(of contribution: HypernetworkContribution) -> [[Float]] {
    contribution.gradient.map { [$0.base, $0.headInput, $0.outputs] } ?? []
  }

  /// The same back. Throws `FederationError` if it does not fit.
  public func contribution(from values: [[Float]]) throws -> HypernetworkContribution {
    guard !values.isEmpty else { return HypernetworkContribution() }
    let values = try values.expected(3)
    return HypernetworkContribution(
      gradient: .init(base: values[0], headInput: values[1], outputs: values[2]))
  }

  /// The steps of the participants' hypernetworks by β times their gradients.
  public func aggregate(
    _ updates: [ClientUpdate<HypernetworkContribution>], into state: inout HypernetworkState,
    bank: ClientBank, on engine: any TrainingEngine
  ) {
    for update in updates {
      // Without a gradient there is nothing to keep of the client.
      guard let gradient = update.contribution.gradient, aggregation.stepSize != 0,
        gradient.outputs.contains(where: { $0 != 0 })
      else { continue }
      var own = aggregation.hypernetwork(of: update.client, state: state)
      // Else its heads are copied when they are changed.
      state.clients[update.client] = nil
      aggregation.hypernetwork.step(&own, along: gradient, size: aggregation.stepSize)
      state.clients[update.client] = own
    }
  }

  /// α_i, axes (layer, source client).
  public func aggregationWeights(of client: Int, state: HypernetworkState) -> [[Float]] {
    setting.units.rowsByLayer(aggregation.weights(of: client, state: state))
  }

  /// Each client has its own hypernetwork.
  public var sharesHypernetwork: Bool { false }

  /// The layout of a client's hypernetwork.
  public var hypernetworkTensors: [HypernetworkTensor] {
    aggregation.hypernetwork.tensors(layers: setting.units.names)
  }

  /// The client's hypernetwork, axis (hypernetwork parameter).
  public func hypernetworkParameters(of client: Int, state: HypernetworkState) -> [Float] {
    aggregation.hypernetwork.parameters(of: aggregation.hypernetwork(of: client, state: state))
  }

  /// Whether all parameters are finite. Heads that are kept as steps are only written out where their sum might
  /// overflow: for 10,000 clients they have millions of values, for every participant in every round.
  public func hypernetworkIsFinite(of client: Int, state: HypernetworkState) -> Bool {
    guard let own = state.clients[client] else { return true }
    guard own.heads.mayOverflow else { return firstNonFinite(own.base) == nil }
    return firstNonFinite(hypernetworkParameters(of: client, state: state)) == nil
  }

  /// Uplink: the whole model. Downlink: all but the retained units.
  public func traffic(of client: Int, state: HypernetworkState) -> Traffic {
    let retained = aggregation.retainedUnits(of: client, state: state)
    let kept = zip(setting.units.parts, retained).filter(\.1).flatMap(\.0).reduce(0) {
      $0 + setting.sharedRange($1).count
    }
    return Traffic(
      uplink: setting.modelBytes,
      downlink: setting.modelBytes - kept * MemoryLayout<Float>.size)
  }

  /// The hypernetworks.
  public func tensors(of state: HypernetworkState) -> [StateTensor] {
    HypernetworkTensors(hypernetwork: aggregation.hypernetwork).tensors(of: state)
  }

  /// The hypernetworks. Throws `FederationError` if they are missing or of another size.
  public func state(from tensors: [StateTensor]) throws -> HypernetworkState {
    try HypernetworkTensors(hypernetwork: aggregation.hypernetwork).state(from: tensors)
  }

  /// Hypernetworks as before the first round: only the new client's is asked for, and the others' lack it as a source.
  public func joined(_ state: HypernetworkState, of earlier: Self) -> HypernetworkState {
    initialState()
  }

  /// The largest number of values in all hypernetworks after this many participations.
  public func stateValueCount(participations: Int) -> Int {
    let (hypernetwork, clients) = (aggregation.hypernetwork, setting.clientCount)
    let base = hypernetwork.baseCount
    let dense = clients * (hypernetwork.parameterCount - base)
    let step = hypernetwork.layerCount * clients + hypernetwork.headInputs
    let steps = participations.multipliedReportingOverflow(by: step)
    let isFactored = aggregation.headInitialisation == .zero && !steps.overflow
    return clients * base + (isFactored ? min(steps.partialValue, dense) : dense)
  }
}
