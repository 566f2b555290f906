import NeuralNetworks

/// pFedHN: one hypernetwork on the server produces every client's model from an embedding of the
/// client, and learns from what local training changes.
///
///     θ_i = h(v_i; φ);  Δθ_i = trained − θ_i
///     (φ, v) ← (φ, v) + α (∂h(v_i; φ)/∂(φ, v))ᵀ Δθ_i, for one participant i after the other
///
/// with gradient clipping, weight decay and momentum as in the authors' code. There a client trains a model
/// of the φ that the step before it left. Here all participants of a round train, at the same time, what the
/// round's φ produced; then each gets its own step, in ascending order, with the derivative of h at the φ
/// that the steps before it left. With one participant a round both are the same. Optionally a round takes
/// one step along the participants' sum or mean.
///
/// Clients train with an optimiser of the method's own, the authors', unless told to take the run's. Running
/// statistics of batch normalisation have no gradient and are never produced: each client keeps its own.
///
/// Shamsian, Navon, Fetaya, Chechik: *Personalized federated learning using hypernetworks*,
/// ICML 2021, Algorithm 1.
public struct PFedHN: FederatedMethod, HypernetworkTraining {
  /// How the participants' gradients become steps of the hypernetwork.
  public enum Reduction: String, MethodChoice {
    /// A step for each participant.
    case sequential
    /// One step along their sum.
    case sum
    /// One step along their mean.
    case mean
  }

  /// With which optimiser clients train.
  public enum ClientOptimiser: String, MethodChoice {
    /// The method's own keys.
    case own
    /// The run's.
    case run
  }

  static let embeddingSize = MethodOption<Int>(
    "embedding_size", default: 0, in: 0...100_000,
    "Length of each client's embedding vector; 0 means 1 + N/4 rounded down, as in the authors' "
      + "code.")
  static let hiddenSize = MethodOption<Int>(
    "hidden_size", default: 100, in: 1...100_000,
    "Outputs of the hypernetwork's hidden layers. The default is the authors' code's.")
  static let hiddenLayers = MethodOption<Int>(
    "hidden_layers", default: 3, in: 0...1_000,
    "The number of hidden layers after the first. The default is the authors' code's.")
  static let stepSize = MethodOption<Double>(
    "step_size", default: 0.01, in: 0...1e6,
    "α, the hypernetwork's step size. The default is the authors' code's.",
    stepSize: .init(.beside))
  static let momentum = MethodOption<Double>(
    "momentum", default: 0.9, in: 0...0.999_999,
    "The hypernetwork's momentum. The default is the authors' code's.")
  static let weightDecay = MethodOption<Double>(
    "weight_decay", default: 1e-3, in: 0...1e6,
    "The hypernetwork's weight decay. The default is the authors' code's.")
  static let gradientClipping = MethodOption<Double>(
    "gradient_clipping", default: 50, in: 0...1e9,
    "The largest norm of the hypernetwork's gradient; 0: no limit. The default is the authors' code's."
  )
  static let innerSteps = MethodOption<Int>(
    "inner_steps", default: 0, in: 0...1_000_000,
    "The number of mini-batches of a participant's local training; 0 means five per local epoch, so the "
      + "paper's 10 give the authors' code's 50.")
  static let clientOptimiser = MethodOption<ClientOptimiser>(
    "client_optimiser", default: .own,
    "Whether clients train with the three keys below, as in the authors' code, or with the run's "
      + "learning_rate, momentum and weight_decay.")
  static let clientLearningRate = MethodOption<Double>(
    "client_learning_rate", default: 0.005, in: 0...1e6,
    "The clients' step size. The default is the authors' code's.",
    stepSize: .init(.instead, when: clientOptimiser.equals(.own)))
  static let clientMomentum = MethodOption<Double>(
    "client_momentum", default: 0.9, in: 0...0.999_999,
    "The clients' momentum. The default is the authors' code's.")
  static let clientWeightDecay = MethodOption<Double>(
    "client_weight_decay", default: 5e-5, in: 0...1e6,
    "The clients' weight decay. The default is the authors' code's.")
  static let reduction = MethodOption<Reduction>(
    "reduction", default: .sequential,
    "sequential takes one step of the hypernetwork per participant, in ascending order, as "
      + "Algorithm 1 does after each client; sum and mean take one step per round, along the sum "
      + "or the mean of the participants' gradients.")

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "pfedhn", title: "pFedHN", paper: "Shamsian et al., ICML", year: 2021,
    equations: "Algorithm 1", statistics: .local,
    options: [
      embeddingSize, hiddenSize, hiddenLayers, stepSize, momentum, weightDecay, gradientClipping,
      innerSteps, clientOptimiser, clientLearningRate, clientMomentum, clientWeightDecay, reduction,
    ])

  /// The hypernetwork and its momentum.
  public struct ServerState: Sendable, Equatable {
    /// Embeddings and φ, axis (hypernetwork parameter).
    public var parameters: [Float]
    /// The momentum's memory, axis (hypernetwork parameter).
    public var velocity: [Float]
  }

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let hypernetwork: ModelGenerator
  private let optimiser: StochasticGradientDescent
  private let clipping: Float
  /// Mini-batches of a participant's local training.
  public let trainingPhases: [LocalPhase]
  /// The clients' own; nil for the run's.
  private let clientOptimiser: StochasticGradientDescent?
  private let reduction: Reduction

  /// The changes are the contributions.
  public var aggregatesTrainedModels: Bool { false }

  /// Reads the keys.
  public init(options: MethodOptions, setting: FederationSetting) {
    reduction = options[Self.reduction]
    self.setting = setting
    let embeddingSize = options[Self.embeddingSize]
    hypernetwork = ModelGenerator(
      embeddingSize: embeddingSize > 0
        ? embeddingSize : 1 + (setting.clientCount - setting.newClientCount) / 4,
      hiddenSize: options[Self.hiddenSize],
      hiddenLayerCount: options[Self.hiddenLayers], clientCount: setting.clientCount,
      layout: setting.layout)
    optimiser = StochasticGradientDescent(
      learningRate: Float(options[Self.stepSize]),
      momentum: Float(options[Self.momentum]),
      weightDecay: Float(options[Self.weightDecay]))
    clipping = Float(options[Self.gradientClipping])
    let innerSteps = options[Self.innerSteps]
    trainingPhases = [
      LocalPhase(.train, .batches(innerSteps > 0 ? innerSteps : 5 * setting.localEpochs))
    ]
    clientOptimiser =
      options[Self.clientOptimiser] == .run
      ? nil
      : StochasticGradientDescent(
        learningRate: Float(options[Self.clientLearningRate]),
        momentum: Float(options[Self.clientMomentum]),
        weightDecay: Float(options[Self.clientWeightDecay]))
  }

  /// A freshly initialised hypernetwork at rest.
  public func initialState() -> ServerState {
    let parameters = hypernetwork.initialParameters(seed: setting.seed)
    return ServerState(
      parameters: parameters, velocity: [Float](repeating: 0, count: parameters.count))
  }

  /// h(v_i; φ), with the client's own running statistics.
  public func receivedModel(of client: Int, state: ServerState, bank: ClientBank) -> [Float] {
    receivedModels(of: [client], state: state, bank: bank)[0]
  }

  /// The same for several clients, in one pass over the hypernetwork for up to eight of them.
  public func receivedModels(
    of clients: [Int], state: ServerState, bank: ClientBank
  ) -> [[Float]] {
    var models = clients.map { bank[$0] }
    hypernetwork.produce(&models, of: clients, parameters: state.parameters)
    return models
  }

  /// Plain local training with the clients' optimiser; contributes Δθ_i, axis (parameter).
  public func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<[Float]> {
    let own = LocalTask(
      round: task.round, client: task.client, images: task.images, phases: task.phases,
      optimiser: clientOptimiser ?? task.optimiser)
    let (model, loss) = try own.descend(from: received.parameters, on: network)
    return ClientUpdate(
      client: task.client, trained: model, trainLoss: loss.mean,
      contribution: difference(model, received.parameters))
  }

  /// The steps of the hypernetwork and all embeddings. Clients that do not take part have no gradient, but weight
  /// decay and momentum move their embeddings too, as in PyTorch.
  public func aggregate(
    _ updates: [ClientUpdate<[Float]>], into state: inout ServerState, bank: ClientBank,
    on engine: any TrainingEngine
  ) throws {
    let changes = updates.map { ModelGenerator.Change($0.client, $0.contribution) }
    try hypernetwork.step(
      &state.parameters, velocity: &state.velocity,
      turns: reduction == .sequential ? changes.map { [$0] } : [changes],
      ModelGenerator.Descent(
        optimiser: optimiser, clipping: clipping,
        share: reduction == .mean ? 1 / Float(max(updates.count, 1)) : 1),
      on: engine)
  }

  /// The layout of the hypernetwork.
  public var hypernetworkTensors: [HypernetworkTensor] { hypernetwork.tensors }

  /// One hypernetwork.
  public var sharesHypernetwork: Bool { true }

  /// The hypernetwork, axis (hypernetwork parameter).
  public func hypernetworkParameters(of client: Int, state: ServerState) -> [Float] {
    state.parameters
  }

  /// The hypernetwork and its momentum, which need not be made to be counted.
  public func stateValueCount(participations: Int) -> Int { 2 * hypernetwork.parameterCount }

  /// The hypernetwork, with one more embedding.
  public func joined(_ state: ServerState, of earlier: Self) -> ServerState {
    let (place, size) = (earlier.setting.clientCount, hypernetwork.embeddingSize)
    let row = place * size..<(place + 1) * size
    func adding(_ values: [Float], _ embedding: ArraySlice<Float>) -> [Float] {
      Array(values[..<row.lowerBound] + embedding + values[row.lowerBound...])
    }
    let initial = initialState()
    return ServerState(
      parameters: adding(state.parameters, initial.parameters[row]),
      velocity: adding(state.velocity, initial.velocity[row]))
  }

  /// The trained parameters each way.
  public func traffic(of client: Int, state: ServerState) -> Traffic {
    let bytes = setting.layout.trainedCount * MemoryLayout<Float>.size
    return Traffic(uplink: bytes, downlink: bytes)
  }

  /// The hypernetwork and its momentum.
  public func tensors(of state: ServerState) -> [StateTensor] {
    let shape = [hypernetwork.parameterCount]
    return [
      StateTensor(name: "hypernetwork", shape: shape, values: state.parameters),
      StateTensor(name: "hypernetwork_velocity", shape: shape, values: state.velocity),
    ]
  }

  /// The hypernetwork and its momentum. Throws `FederationError` if they are missing or of another
  /// size.
  public func state(from tensors: [StateTensor]) throws -> ServerState {
    let shape = [hypernetwork.parameterCount]
    return ServerState(
      parameters: try StateTensor.values("hypernetwork", shape: shape, in: tensors),
      velocity: try StateTensor.values("hypernetwork_velocity", shape: shape, in: tensors))
  }
}
