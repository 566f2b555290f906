import NeuralNetworks

/// APFL: each client's personalised model is a mixture of a local model and of its version of the
/// global one; all three are trained together.
///
/// Deng, Kamani, Mahdavi: *Adaptive personalized federated learning*, 2020, arXiv 2003.13461,
/// Algorithm 1. With v̄_i = α_i v_i + (1 − α_i) w_i and w_i the received model at first, for every
/// mini-batch D: w_i ← w_i − η ∇L_i(w_i; D) and v_i ← v_i − η α_i ∇L_i(v̄_i; D), both gradients at
/// the models before the step. The server averages the w_i plainly. Adaptively, α_i ← clip(α_i − η
/// ⟨v_i − w_i, ∇L_i(v̄_i; D)⟩, 0, 1) once a round, with the gradient, v_i and w_i of the first
/// mini-batch's step, and in use from the second.
///
/// Parameters are mixed, as in the paper; the authors' code mixes the two models' outputs. Both
/// models take the run's optimiser, each with its own momentum. Running statistics are not mixed:
/// v̄_i has those of its own passes, and w_i those of its, as the authors' code has two networks; v_i alone
/// sees no data. v̄_i's continue from the client's latest training; w_i's are received with the global model
/// or, where statistics are local, continue from w_i's latest, with which the global model is evaluated too.
public struct APFL: FederatedMethod {
  static let mixing = MethodOption<Double>(
    "mixing", default: 0.5, in: 0...1,
    "The initial α, the local model's share in the mixture. The authors' code uses 0.5.")
  static let adaptiveMixing = MethodOption<OnOff>(
    "adaptive_mixing", default: .off,
    "Whether clients train α once per round. The authors' code does not by default.")
  static let mixingStepSize = MethodOption<Double>(
    "mixing_step_size", default: 0, in: 0...1e6,
    "The step size of α if it is trained; 0 means the run's learning_rate, as in the paper.",
    stepSize: .init(.beside, when: adaptiveMixing.equals(.on)))

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "apfl", title: "APFL", paper: "Deng et al., arXiv 2003.13461", year: 2020,
    equations: "Algorithm 1", reported: .trained,
    options: [mixing, adaptiveMixing, mixingStepSize])

  /// The server's memory, and the clients'.
  public struct ServerState: Sendable, Equatable {
    /// The global model, axis (parameter).
    public var globalModel: [Float]
    /// Every client's local model v_i, axes (client, parameter), row-major; running statistics are
    /// v̄_i's.
    public var localModels: [Float]
    /// Running statistics of every client's latest version of the global model, axes (client, statistic),
    /// row-major; in use where statistics are local.
    public var versionStatistics: [Float]
    /// α_i, axis (client).
    public var mixing: [Float]
  }

  /// What a participant returns besides its personalised model.
  public struct Contribution: Sendable {
    /// Its version of the global model w_i, axis (parameter).
    public let version: [Float]
    /// Its local model v_i, axis (parameter).
    public let localModel: [Float]
    /// α_i.
    public let mixing: Float

    /// A participant's three.
    public init(version: [Float], localModel: [Float], mixing: Float) {
      self.version = version
      self.localModel = localModel
      self.mixing = mixing
    }
  }

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let shared: SharedModel
  private let initialMixing: Float
  private let isAdaptive: Bool
  private let mixingStepSize: Float
  /// The columns of running statistics in a model.
  private let statistics: [Range<Int>]

  /// Both models are in the contributions.
  public var aggregatesTrainedModels: Bool { false }

  /// Reads α, whether it adapts and how far.
  public init(options: MethodOptions, setting: FederationSetting) {
    self.setting = setting
    shared = SharedModel(setting)
    initialMixing = Float(options[Self.mixing])
    isAdaptive = options[Self.adaptiveMixing] == .on
    mixingStepSize = Float(options[Self.mixingStepSize])
    statistics = setting.layout.tensors.filter { $0.role == .statistic }.map(\.range)
  }

  /// The initial model everywhere.
  public func initialState() -> ServerState {
    ServerState(
      globalModel: setting.initialParameters,
      localModels: (0..<setting.clientCount).flatMap { _ in setting.initialParameters },
      versionStatistics: (0..<setting.clientCount).flatMap { _ in
        statistics(of: setting.initialParameters)
      },
      mixing: [Float](repeating: initialMixing, count: setting.clientCount))
  }

  private func row(of client: Int) -> Range<Int> {
    client * setting.layout.count..<(client + 1) * setting.layout.count
  }

  /// A model's running statistics in the order of the layout, axis (statistic).
  private func statistics(of model: [Float]) -> [Float] { statistics.flatMap { model[$0] } }

  private var statisticCount: Int { statistics.reduce(0) { $0 + $1.count } }

  private func statisticsRow(of client: Int) -> Range<Int> {
    client * statisticCount..<(client + 1) * statisticCount
  }

  /// The global model; where running statistics are local, with those of the client's latest version of it.
  public func receivedModel(of client: Int, state: ServerState, bank: ClientBank) -> [Float] {
    guard setting.statistics == .local else { return state.globalModel }
    var model = state.globalModel
    var own = state.versionStatistics[statisticsRow(of: client)]
    for columns in statistics {
      model.replaceSubrange(columns, with: own.prefix(columns.count))
      own = own.dropFirst(columns.count)
    }
    return model
  }

  /// The places of models in the network.
  private static let (global, local, mixture) = (
    NetworkVector.kept(0), NetworkVector.kept(1), NetworkVector.kept(2)
  )

  /// mixture ← α · local + (1 − α) · global over the trained parameters, with the local model's running
  /// statistics; a single model is copied bit for bit.
  private func mix(_ network: any LocalNetwork, _ mixing: Float) {
    network.copy(Self.local, to: Self.mixture, .statistics)
    switch mixing {
    case 0: network.copy(Self.global, to: Self.mixture, .trained)
    case 1: network.copy(Self.local, to: Self.mixture, .trained)
    default: network.combine(Self.mixture, mixing, Self.local, 1 - mixing, Self.global)
    }
  }

  /// Trains the client's version of the global model and its local model side by side. The mixture
  /// is the client's row of the bank; the training loss is the mixture's.
  public func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Contribution> {
    let (global, local) = (Self.global, Self.local)
    var mixing = state.mixing[task.client]
    let mixingStepSize =
      self.mixingStepSize > 0 ? self.mixingStepSize : task.optimiser.learningRate
    var loss = TrainingLoss()
    try network.load(Array(state.localModels[row(of: task.client)]), keepingIn: local)
    try network.load(received.parameters, keepingIn: global)
    for (number, batch) in task.batches(.train).enumerated() {
      mix(network, mixing)
      let apart =
        isAdaptive && number == 0
        ? difference(try network.values(of: local), try network.values(of: global)) : nil
      network.copy(global, to: .parameters, .all)
      _ = try network.computeGradient(batch[...], of: task.images)
      network.copy(.parameters, to: global, .statistics)
      try network.descend(task.optimiser, DescentStep(target: global, momentum: 0))

      network.copy(Self.mixture, to: .parameters, .all)
      loss.add(try network.computeGradient(batch[...], of: task.images), count: batch.count)
      let slope = try apart.map { self.slope(try network.gradient(), $0) } ?? 0
      network.copy(.parameters, to: local, .statistics)
      network.combine(.gradient, mixing, .gradient, 0, .gradient)
      try network.descend(task.optimiser, DescentStep(target: local, momentum: 1))
      mixing = min(max(mixing - mixingStepSize * slope, 0), 1)
    }
    mix(network, mixing)
    return ClientUpdate(
      client: task.client, trained: try network.values(of: Self.mixture), trainLoss: loss.mean,
      contribution: Contribution(
        version: try network.values(of: global), localModel: try network.values(of: local),
        mixing: mixing))
  }

  /// Version, local model and α.
  public func values(of contribution: Contribution) -> [[Float]] {
    [contribution.version, contribution.localModel, [contribution.mixing]]
  }

  /// The same back. Throws `FederationError` if it does not fit.
  public func contribution(from values: [[Float]]) throws -> Contribution {
    let values = try values.expected(3)
    return Contribution(
      version: values[0], localModel: values[1], mixing: values[2].first ?? 0)
  }

  /// ⟨local − global, gradient⟩ over the trained parameters: the mixture's loss, differentiated by
  /// α.
  private func slope(_ gradient: [Float], _ difference: [Float]) -> Float {
    gradient.withUnsafeBufferPointer { gradient in
      difference.withUnsafeBufferPointer { difference in
        Float(
          setting.layout.layers.reduce(0.0) {
            $0 + innerProduct(gradient, difference, $1.trainedRange)
          })
      }
    }
  }

  /// The plain average of the participants' versions; their versions' statistics, local models and α as
  /// they are.
  public func aggregate(
    _ updates: [ClientUpdate<Contribution>], into state: inout ServerState, bank: ClientBank,
    on engine: any TrainingEngine
  ) {
    let weights = setting.equalShares(of: updates.map(\.client))
    shared.average(
      zip(updates, weights).map { ($0.contribution.version, $1) }, into: &state.globalModel)
    for update in updates {
      state.localModels.replaceSubrange(
        row(of: update.client), with: update.contribution.localModel)
      state.versionStatistics.replaceSubrange(
        statisticsRow(of: update.client), with: statistics(of: update.contribution.version))
      state.mixing[update.client] = update.contribution.mixing
    }
  }

  /// A model each way.
  public func traffic(of client: Int, state: ServerState) -> Traffic {
    Traffic(uplink: shared.bytes, downlink: shared.bytes)
  }

  /// All models, counted without making them.
  public func stateValueCount(participations: Int) -> Int {
    setting.layout.count + setting.clientCount * (setting.layout.count + statisticCount + 1)
  }

  /// The global model.
  public func globalModel(of state: ServerState) -> [Float]? {
    setting.sendsWholeModels ? state.globalModel : nil
  }

  /// The global model, the local models, the versions' statistics and α.
  public func tensors(of state: ServerState) -> [StateTensor] {
    let (clients, count) = (setting.clientCount, setting.layout.count)
    let versions = StateTensor(
      name: "version_statistics", shape: [clients, statisticCount], values: state.versionStatistics)
    return [
      StateTensor(name: "global_model", shape: [count], values: state.globalModel),
      StateTensor(name: "local_models", shape: [clients, count], values: state.localModels),
      StateTensor(name: "mixing", shape: [clients], values: state.mixing),
    ] + (statistics.isEmpty ? [] : [versions])
  }

  /// The state. Throws `FederationError` if a tensor is missing or of another size.
  public func state(from tensors: [StateTensor]) throws -> ServerState {
    let (clients, count) = (setting.clientCount, setting.layout.count)
    return ServerState(
      globalModel: try StateTensor.values("global_model", shape: [count], in: tensors),
      localModels: try StateTensor.values("local_models", shape: [clients, count], in: tensors),
      versionStatistics: statistics.isEmpty
        ? []
        : try StateTensor.values(
          "version_statistics", shape: [clients, statisticCount], in: tensors),
      mixing: try StateTensor.values("mixing", shape: [clients], in: tensors))
  }
}
