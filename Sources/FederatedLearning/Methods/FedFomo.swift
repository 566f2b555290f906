import NeuralNetworks
import RandomStreams

/// FedFomo: each client downloads a few other clients' models and moves towards those that lower
/// its loss on its own validation samples.
///
/// With base_i the model from which client i's latest local training started, and its own trained
/// model among the candidates n:
///
///     d_n = (L_i(base_i) − L_i(θ_n)) / ‖θ_n − base_i‖
///     w_n = max(d_n, 0) / Σ_k max(d_k, 0)
///     received_i = base_i + Σ_n w_n (θ_n − base_i)
///
/// L_i is the mean loss on the validation samples; the norm is over the trained parameters. If no
/// candidate has a positive d, the client starts from base_i again, as in the authors' code. Only models
/// of clients that have taken part before can be downloaded: no other client has uploaded one.
///
/// Zhang, Sapra, Fidler, Yeung, Alvarez: *Personalized federated learning with first order model
/// optimization*, ICLR 2021.
public struct FedFomo: FederatedMethod {
  static let downloadedModels = MethodOption<Int>(
    "downloaded_models", default: 5, in: 0...100_000,
    "M, the number of other clients' models that a client downloads per round, at most all that have been "
      + "uploaded. The default is PFLlib's.")
  static let exploration = MethodOption<Double>(
    "exploration", default: 0.3, in: 0...1,
    "ε, the probability in the first round that a download is random instead of the one with "
      + "the largest affinity. The default is the authors' code's.")
  static let explorationDecay = MethodOption<Double>(
    "exploration_decay", default: 0.05, in: 0...1,
    "How much ε falls per round, down to 0. The default is the authors' code's.")
  static let validationShare = MethodOption<Double>(
    "validation_share", default: 0.2, in: 0.01...0.99,
    "The share of a client's training samples that are used only to weight models. The "
      + "default is the authors' code's. The run's validation_share, if any, replaces it, "
      + "so all methods train on the same samples.")

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "fedfomo", title: "FedFomo", paper: "Zhang et al., ICLR", year: 2021,
    equations: "first-order weights and affinity sampling",
    options: [downloadedModels, exploration, explorationDecay, validationShare])

  /// What the server remembers of every client.
  public struct ServerState: Sendable, Equatable {
    /// base_i: the model from which each client's latest local training started; the initial model
    /// before the first. Axes (client, parameter), row-major.
    public var bases: [Float]
    /// P: how much each client has gained from each, axes (client, source client), row-major.
    public var affinity: [Float]
    /// Whether each client has uploaded a model, that is, has taken part: 1, or 0. Axis (client).
    public var hasUploaded: [Float]
  }

  /// What a participant sends the server besides its trained model.
  public struct Contribution: Sendable, Equatable {
    /// The model that it started from, axis (parameter).
    public let base: [Float]
    /// d, axis (source client); 0 for models that were not candidates.
    public let gains: [Float]

    /// What a participant found.
    public init(base: [Float], gains: [Float]) {
      self.base = base
      self.gains = gains
    }
  }

  /// Each client's affinity to itself at the start, as in the authors' code; 0 to the others.
  static let initialSelfAffinity: Float = 0.1

  /// Below this, |Σ_k d_k| is raised by as much before it divides, as in the authors' code.
  static let smallestGainSum = 1e-9

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let downloadCount: Int
  private let exploration: Double
  private let explorationDecay: Double
  /// Share of the training samples that weight models.
  public let validationShare: Double

  /// Bases and gains are in the contributions.
  public var aggregatesTrainedModels: Bool { false }

  /// Reads the keys. Throws `FederationError` for a client with a single training sample.
  public init(options: MethodOptions, setting: FederationSetting) throws {
    if let client = setting.trainCounts.firstIndex(where: { $0 < 2 }) {
      throw FederationError(
        "fedfomo: client \(client) has 1 training sample, expected at least 2, to train on one and "
          + "weight models with the other; raise partition.samples_per_client")
    }
    self.setting = setting
    downloadCount = min(options[Self.downloadedModels], setting.clientCount - 1)
    exploration = options[Self.exploration]
    explorationDecay = options[Self.explorationDecay]
    validationShare = options[Self.validationShare]
  }

  /// The validation samples.
  public var preparationPhases: [LocalPhase] {
    [LocalPhase(.validation, .share(validationShare))]
  }

  /// The initial model in every row; affinity only to oneself; no client has uploaded a model.
  public func initialState() -> ServerState {
    let count = setting.clientCount
    var affinity = [Float](repeating: 0, count: count * count)
    for client in 0..<count { affinity[client * count + client] = Self.initialSelfAffinity }
    return ServerState(
      bases: Array(repeatElement(setting.initialParameters, count: count).joined()),
      affinity: affinity, hasUploaded: [Float](repeating: 0, count: count))
  }

  /// base_i: what the client moves away from. What it downloads is combined by `prepare`.
  public func receivedModel(of client: Int, state: ServerState, bank: ClientBank) -> [Float] {
    let count = setting.layout.count
    return shared.received(
      own: bank[client], global: Array(state.bases[client * count..<(client + 1) * count]))
  }

  /// base_i + Σ_n w_n (θ_n − base_i), and d as notes.
  public func prepare(
    _ task: LocalTask, received: [Float], state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> PreparedModel<[Float]> {
    let own = bank[task.client]
    let candidates = candidates(of: task.client, round: task.round, state: state)
    var gains = [Float](repeating: 0, count: setting.clientCount)
    let samples = task.batches(.validation).flatMap { $0 }
    func loss(_ model: [Float]) throws -> Double {
      try network.load(model)
      let evaluation = try network.evaluate(samples[...], of: task.images)
      return evaluation.lossSum / Double(evaluation.count)
    }
    let baseLoss = try loss(received)
    for source in candidates {
      let model = shared.received(own: own, global: bank[source])
      let distance = distance(model, received)
      guard distance > 0 else { continue }
      let gain = Float((baseLoss - (try loss(model))) / distance)
      // A model that has diverged gains nothing.
      gains[source] = gain.isFinite ? gain : 0
    }
    return PreparedModel(
      parameters: combined(gains, base: received, bank: bank), notes: gains)
  }

  /// Plain local training.
  public func train(
    _ task: LocalTask, received: PreparedModel<[Float]>, state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Contribution> {
    let (model, loss) = try task.descend(from: received.parameters, on: network)
    return ClientUpdate(
      client: task.client, trained: model, trainLoss: loss.mean,
      contribution: Contribution(base: received.parameters, gains: received.notes))
  }

  /// Base and d.
  public func values(of contribution: Contribution) -> [[Float]] {
    [contribution.base, contribution.gains]
  }

  /// The same back. Throws `FederationError` if it does not fit.
  public func contribution(from values: [[Float]]) throws -> Contribution {
    let values = try values.expected(2)
    return Contribution(base: values[0], gains: values[1])
  }

  /// base_i is what the participant started from; P_ij ← P_ij + d_j / |Σ_k d_k|, as in the authors' code.
  ///
  /// Gains and losses may cancel out, so that a step of P may be large. Where |Σ_k d_k| < 10⁻⁹, also
  /// where it is 0, 10⁻⁹ is added to it; an affinity that would leave the range of numbers stays.
  public func aggregate(
    _ updates: [ClientUpdate<Contribution>], into state: inout ServerState, bank: ClientBank,
    on engine: any TrainingEngine
  ) {
    let (clients, parameters) = (setting.clientCount, setting.layout.count)
    for update in updates {
      let (client, contribution) = (update.client, update.contribution)
      state.bases.replaceSubrange(
        client * parameters..<(client + 1) * parameters, with: contribution.base)
      state.hasUploaded[client] = 1
      let sum = abs(contribution.gains.reduce(0) { $0 + Double($1) })
      let divisor = sum < Self.smallestGainSum ? sum + Self.smallestGainSum : sum
      for (source, gain) in contribution.gains.enumerated() {
        let place = client * clients + source
        let affinity = state.affinity[place] + Float(Double(gain) / divisor)
        if affinity.isFinite { state.affinity[place] = affinity }
      }
    }
  }

  /// One model up; M down, or all that others have uploaded.
  public func traffic(of client: Int, state: ServerState) -> Traffic {
    let downloads = min(downloadCount, sources(for: client, state: state).count)
    return Traffic(uplink: setting.modelBytes, downlink: downloads * setting.modelBytes)
  }

  /// Models and affinities, counted without making them.
  public func stateValueCount(participations: Int) -> Int {
    setting.clientCount * (setting.layout.count + setting.clientCount + 1)
  }

  /// Base models, affinities, and which clients have uploaded a model.
  public func tensors(of state: ServerState) -> [StateTensor] {
    [
      StateTensor(name: "base_models", shape: basesShape, values: state.bases),
      StateTensor(name: "affinity", shape: affinityShape, values: state.affinity),
      StateTensor(name: "has_uploaded", shape: [setting.clientCount], values: state.hasUploaded),
    ]
  }

  /// The same back. Throws `FederationError` if one is missing or of another size.
  public func state(from tensors: [StateTensor]) throws -> ServerState {
    ServerState(
      bases: try StateTensor.values("base_models", shape: basesShape, in: tensors),
      affinity: try StateTensor.values("affinity", shape: affinityShape, in: tensors),
      hasUploaded: try StateTensor.values(
        "has_uploaded", shape: [setting.clientCount], in: tensors))
  }

  // MARK: Parts

  private var shared: SharedModel { SharedModel(setting) }
  private var basesShape: [Int] { [setting.clientCount, setting.layout.count] }
  private var affinityShape: [Int] { [setting.clientCount, setting.clientCount] }

  /// The other clients that have uploaded a model, in ascending order.
  private func sources(for client: Int, state: ServerState) -> [Int] {
    (0..<setting.clientCount).filter { $0 != client && state.hasUploaded[$0] != 0 }
  }

  /// The clients whose models are weighted: the client itself and those that it downloads, in
  /// ascending order.
  ///
  /// Those to choose from are the other clients that have uploaded a model. For each of M slots, as long
  /// as there are any, with probability ε_t = max(0, ε − decay · (round − 1)) a random one of the
  /// rest, otherwise the one of the rest with the largest affinity, ties broken at random. Drawn from
  /// the stream (seed, model download, round, client).
  package func candidates(of client: Int, round: Int, state: ServerState) -> [Int] {
    let count = setting.clientCount
    let affinity = state.affinity[client * count..<(client + 1) * count]
    let exploration = max(0, exploration - explorationDecay * Double(round - 1))
    var stream = RandomStream(
      seed: setting.seed, purpose: .modelDownload, round: round, client: client)
    var rest = sources(for: client, state: state)
    var chosen = [client]
    for _ in 0..<min(downloadCount, rest.count) {
      let explores = stream.uniformDouble() < exploration
      let largest = rest.map { affinity[affinity.startIndex + $0] }.max() ?? 0
      let eligible = rest.filter { explores || affinity[affinity.startIndex + $0] == largest }
      let source = eligible[stream.integer(below: eligible.count)]
      chosen.append(source)
      rest.removeAll { $0 == source }
    }
    return chosen.sorted()
  }

  /// ‖a − b‖ over the trained parameters.
  private func distance(_ a: [Float], _ b: [Float]) -> Double {
    difference(a, b).withUnsafeBufferPointer { difference in
      setting.layout.layers.reduce(0) {
        $0 + innerProduct(difference, difference, $1.trainedRange)
      }
    }.squareRoot()
  }

  /// base + Σ_n w_n (θ_n − base) = Σ_n w_n θ_n, as Σ_n w_n = 1: written so, a single candidate with a
  /// positive gain is taken bit for bit, and its distance is 0 when it is met again.
  private func combined(_ gains: [Float], base: [Float], bank: ClientBank) -> [Float] {
    let positive = gains.map { max($0, 0) }
    let sum = positive.reduce(0, +)
    guard sum > 0 else { return base }
    let weights = positive.map { $0 / sum }
    var model = base
    for columns in shared.columns { bank.weightedSum(weights, columns: columns, into: &model) }
    return model
  }
}
