import NeuralNetworks

/// FedAGHN: a client's received model is a layer-wise weighted sum of all clients' models that favours those whose
/// latest updates point the same way; two trained numbers a client and layer say how much.
///
/// Song, Shen, Hou, Wang, Wang, Tang, Lv: *FedAGHN: personalized federated learning with attentive graph
/// hypernetworks*, Knowledge-Based Systems 2025, DOI 10.1016/j.knosys.2025.114355. With Δ_j^l the update (received
/// minus trained) of client j's latest participation in layer l and c_ij^l = cos(Δ_i^l, Δ_j^l),
///
///     s_ij^l = exp(β_i^l c_ij^l) / Σ_{k≠i} exp(β_i^l c_ik^l)  for j ≠ i
///     α_i^{l,i} = p_i^l / (1 + p_i^l),   α_i^{l,j} = s_ij^l / (1 + p_i^l)
///     θ̄_i^l = Σ_j α_i^{l,j} θ_j^l
///
/// After local training β_i^l and p_i^l move along (∂θ̄_i/∂(β_i, p_i))ᵀ (θ_i − θ̄_i), and p_i^l stays at least 0. The
/// formulas are read from the authors' code, which steps against that gradient (`hypernetwork_step: uphill`).
///
/// Clients that have not taken part yet have similarity 0 to all. Running statistics of batch normalisation, where
/// they are aggregated, take their layer's weights and give no gradient.
public struct FedAGHN: FederatedMethod, AggregationWeighting {
  static let stepSize = MethodOption<Double>(
    "step_size", default: 0.005, in: 0...1e6,
    "The step size of β and p. The default is that of the authors' example script.",
    stepSize: .init(.beside))
  static let initialScale = MethodOption<Double>(
    "initial_scale", default: 0.5, in: -1e6...1e6,
    "β at the start: how much similar updates weigh. The default is that of the authors' example script."
  )
  static let initialSelfWeight = MethodOption<Double>(
    "initial_self_weight", default: 0.03, in: 0...1e6,
    "p at the start: the client's own weight is p / (1 + p). The default is that of the authors' example script."
  )
  static let hypernetworkStep = MethodOption<HypernetworkStep>(
    "hypernetwork_step", default: .downhill,
    "downhill descends on the clients' losses; uphill has the sign of the authors' code; frozen leaves β and p as they "
      + "are.")

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "fedaghn", title: "FedAGHN", paper: "Song et al., Knowledge-Based Systems", year: 2025,
    equations: "its authors' code", statistics: .local, reported: .trained,
    options: [stepSize, initialScale, initialSelfWeight, hypernetworkStep])

  /// The server's memory besides the clients' models.
  public struct ServerState: Sendable, Equatable {
    /// β, axes (client, layer), row-major.
    public var scales: [Float]
    /// p, axes (client, layer), row-major.
    public var selfWeights: [Float]
    /// The update of each client's latest participation, trained minus received (the sign does not matter to a
    /// cosine), axes (client, parameter); an empty row is 0.
    public var changes: [[Float]]
    /// c, axes (layer, client, source client), row-major; a client's own is not used and stays 0.
    public var similarities: [Float]
  }

  /// What a participant sends besides its model.
  public struct Contribution: Sendable {
    /// Trained minus received, axis (parameter).
    var change: [Float]
    /// ⟨θ_j^l, change^l⟩, axes (layer, source client), row-major; empty before the server has made it.
    var products: [Float] = []
  }

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let stepSize: Double
  private let initialScale: Float
  private let initialSelfWeight: Float

  /// Reads the initial β and p and their step size.
  public init(options: MethodOptions, setting: FederationSetting) {
    self.setting = setting
    stepSize = Double(options[Self.hypernetworkStep].sign) * options[Self.stepSize]
    initialScale = Float(options[Self.initialScale])
    initialSelfWeight = Float(options[Self.initialSelfWeight])
  }

  private var layers: [ParameterLayout.Layer] { setting.layout.layers }

  /// β and p as the keys say; no update is known.
  public func initialState() -> ServerState {
    let (clients, count) = (setting.clientCount, setting.clientCount * layers.count)
    return ServerState(
      scales: [Float](repeating: initialScale, count: count),
      selfWeights: [Float](repeating: initialSelfWeight, count: count),
      changes: Array(repeating: [], count: clients),
      similarities: [Float](repeating: 0, count: layers.count * clients * clients))
  }

  /// What a client's weights in a layer are made of.
  private struct Attention {
    /// s, axis (source client); 0 for the client itself.
    let others: [Float]
    /// c, axis (source client).
    let similarities: ArraySlice<Float>
    /// p; 1 where there are no others.
    let own: Float

    /// α, axis (source client).
    func weights(client: Int) -> [Float] {
      let sum = (others.count > 1 ? 1 : 0) + own
      var weights = others.map { $0 / sum }
      weights[client] = own / sum
      return weights
    }
  }

  private func attention(of client: Int, layer: Int, _ state: ServerState) -> Attention {
    let count = setting.clientCount
    let start = (layer * count + client) * count
    let similarities = state.similarities[start..<start + count]
    let scale = state.scales[client * layers.count + layer]
    var scaled = similarities.map { scale * $0 }
    scaled.remove(at: client)
    var others = softmax(scaled)
    others.insert(0, at: client)
    let own = state.selfWeights[client * layers.count + layer]
    return Attention(
      others: others, similarities: similarities, own: count > 1 ? own : 1)
  }

  /// α_i, axes (layer, source client).
  public func aggregationWeights(of client: Int, state: ServerState) -> [[Float]] {
    layers.indices.map { attention(of: client, layer: $0, state).weights(client: client) }
  }

  /// θ̄_i.
  public func receivedModel(of client: Int, state: ServerState, bank: ClientBank) -> [Float] {
    var model = bank[client]
    for (weights, layer) in zip(aggregationWeights(of: client, state: state), layers) {
      bank.weightedSum(weights, columns: setting.sharedRange(layer), into: &model)
    }
    return model
  }

  /// Plain local training; contributes the change.
  public func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Contribution> {
    let (model, loss) = try task.descend(from: received.parameters, on: network)
    return ClientUpdate(
      client: task.client, trained: model, trainLoss: loss.mean,
      contribution: Contribution(change: difference(model, received.parameters)))
  }

  /// The inner products of the changes with all clients' models, in one pass over the bank.
  public func preprocess(
    _ updates: [ClientUpdate<Contribution>], state: ServerState, bank: ClientBank
  ) -> [ClientUpdate<Contribution>] {
    let changes = updates.map(\.contribution.change)
    // Axes (layer, participant, source client).
    let products = layers.map { bank.innerProducts(with: changes, columns: $0.trainedRange) }
    return updates.enumerated().map { place, update in
      ClientUpdate(
        client: update.client, trained: update.trained, trainLoss: update.trainLoss,
        contribution: Contribution(
          change: changes[place], products: products.flatMap { $0[place].map(Float.init) }))
    }
  }

  /// The contributions have all that the server needs.
  public var aggregatesTrainedModels: Bool { false }

  /// Change and products.
  public func values(of contribution: Contribution) -> [[Float]] {
    [contribution.change, contribution.products]
  }

  /// The same back. Throws `FederationError` if it does not fit.
  public func contribution(from values: [[Float]]) throws -> Contribution {
    let values = try values.expected(2)
    return Contribution(change: values[0], products: values[1])
  }

  /// The steps of the participants' β and p, and then the similarities of their new changes.
  public func aggregate(
    _ updates: [ClientUpdate<Contribution>], into state: inout ServerState, bank: ClientBank,
    on engine: any TrainingEngine
  ) throws {
    for update in updates { step(update, &state) }
    for update in updates { state.changes[update.client] = update.contribution.change }
    try compare(updates.map(\.client), &state, on: engine)
  }

  /// With g_j = ⟨θ_j, Δ⟩ and means over the weights: ∂/∂p = (g_i − Σ_j α_j g_j) / (1 + p) and
  /// ∂/∂β = Σ_{j≠i} s_j (c_j − Σ_k s_k c_k) g_j / (1 + p), summed in the order of clients.
  private func step(_ update: ClientUpdate<Contribution>, _ state: inout ServerState) {
    let (client, count) = (update.client, setting.clientCount)
    guard count > 1, stepSize != 0 else { return }
    for layer in layers.indices {
      let place = client * layers.count + layer
      let attention = attention(of: client, layer: layer, state)
      let products = update.contribution.products[layer * count..<(layer + 1) * count]
      let total = 1 + Double(attention.own)
      var (mean, weighted, covariance) = (0.0, 0.0, 0.0)
      for (weight, similarity) in zip(attention.others, attention.similarities) {
        mean += Double(weight) * Double(similarity)
      }
      for ((weight, similarity), product) in zip(
        zip(attention.others, attention.similarities), products)
      {
        weighted += Double(weight) * Double(product)
        covariance += Double(weight) * (Double(similarity) - mean) * Double(product)
      }
      let own = Double(products[products.startIndex + client])
      // g_i − Σ_j α_j g_j = (g_i − Σ_{j≠i} s_j g_j) / (1 + p).
      let slope = (own - weighted) / (total * total)
      state.scales[place] = Float(Double(state.scales[place]) + stepSize * covariance / total)
      state.selfWeights[place] = Float(max(Double(attention.own) + stepSize * slope, 0))
    }
  }

  /// Enters the cosines of some clients' changes with all others'.
  private func compare(_ clients: [Int], _ state: inout ServerState, on engine: any TrainingEngine)
    throws
  {
    let (count, changes, layers) = (setting.clientCount, state.changes, self.layers)
    let isNew = Set(clients)
    // A pair of participants is compared once.
    let pairs = clients.flatMap { client in
      (0..<count).filter {
        $0 != client && !changes[$0].isEmpty && (!isNew.contains($0) || $0 > client)
      }.map { (client: client, other: $0) }
    }
    let cosines = Slots<[Float]>(count: pairs.count)
    try engine.inParallel(pairs.count) { number in
      let (own, other) = (changes[pairs[number].client], changes[pairs[number].other])
      cosines[number] = own.withUnsafeBufferPointer { own in
        other.withUnsafeBufferPointer { other in
          layers.map { layer in
            let range = layer.trainedRange
            let squares = innerProduct(own, own, range) * innerProduct(other, other, range)
            let product = innerProduct(own, other, range)
            return squares > 0 ? Float(product / squares.squareRoot()) : 0
          }
        }
      }
    }
    for (pair, cosines) in zip(pairs, cosines.all) {
      for (layer, cosine) in cosines.enumerated() {
        state.similarities[(layer * count + pair.client) * count + pair.other] = cosine
        state.similarities[(layer * count + pair.other) * count + pair.client] = cosine
      }
    }
  }

  /// A model each way.
  public func traffic(of client: Int, state: ServerState) -> Traffic {
    Traffic(uplink: setting.modelBytes, downlink: setting.modelBytes)
  }

  /// All of the state, counted without making it.
  public func stateValueCount(participations: Int) -> Int {
    let clients = setting.clientCount
    return clients * (2 * layers.count + setting.layout.count) + layers.count * clients * clients
  }

  /// β, p, the changes and their similarities.
  public func tensors(of state: ServerState) -> [StateTensor] {
    let clients = setting.clientCount
    return [
      StateTensor(name: "scales", shape: [clients, layers.count], values: state.scales),
      StateTensor(name: "self_weights", shape: [clients, layers.count], values: state.selfWeights),
      StateTensor(
        name: "changes", rowShape: [setting.layout.count],
        rows: state.changes.map {
          $0.isEmpty ? [Float](repeating: 0, count: setting.layout.count) : $0
        }),
      StateTensor(
        name: "similarities", shape: [layers.count, clients, clients], values: state.similarities),
    ]
  }

  /// The state. Throws `FederationError` if a tensor is missing or of another size.
  public func state(from tensors: [StateTensor]) throws -> ServerState {
    let clients = setting.clientCount
    return ServerState(
      scales: try StateTensor.values("scales", shape: [clients, layers.count], in: tensors),
      selfWeights: try StateTensor.values(
        "self_weights", shape: [clients, layers.count], in: tensors),
      changes: try StateTensor.rows(
        "changes", count: clients, rowShape: [setting.layout.count], in: tensors),
      similarities: try StateTensor.values(
        "similarities", shape: [layers.count, clients, clients], in: tensors))
  }
}
