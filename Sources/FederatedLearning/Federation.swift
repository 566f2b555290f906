import NeuralNetworks

/// How a federation trains, the same for every method.
public struct FederationConfiguration: Sendable, Hashable {
  /// Share of the clients that take part in a round, in (0, 1].
  public var participation: Double
  /// Passes over a client's training data in one round.
  public var localEpochs: Int
  /// Samples of a mini-batch.
  public var batchSize: Int
  /// Step size and its companions.
  public var optimiser: StochasticGradientDescent
  /// The run's seed.
  public var seed: UInt64

  /// A configuration; the values are the caller's to check.
  public init(
    participation: Double, localEpochs: Int, batchSize: Int,
    optimiser: StochasticGradientDescent, seed: UInt64
  ) {
    self.participation = participation
    self.localEpochs = localEpochs
    self.batchSize = batchSize
    self.optimiser = optimiser
    self.seed = seed
  }
}

/// The round loop: samples participants, lets the method train them on the engine's workers, and
/// replaces the state. One for all methods.
///
/// The state after r rounds is a pure function of the data, the method and the configuration; it
/// does not depend on the number of workers, on evaluations in between, or on having been saved and
/// restored.
public struct Federation<Method: FederatedMethod> {
  /// Everything that changes from round to round.
  public struct State: Sendable {
    /// Rounds done.
    public var round: Int
    /// Every client's latest model.
    public var bank: ClientBank
    /// What the method's server remembers.
    public var server: Method.ServerState
  }

  /// The method.
  public let method: Method
  /// The clients' samples.
  public let data: FederatedData
  /// How it trains.
  public let configuration: FederationConfiguration
  /// The state after the rounds so far.
  public private(set) var state: State
  private let engine: any TrainingEngine
  private let schedule: any BatchSchedule

  /// A federation before its first round, all clients with the same initial model.
  /// - Parameter schedule: the order of training samples; shuffled under the seed unless given.
  /// Throws `FederationError` if the setting belongs to another number of clients or model.
  public init(
    method: Method, setting: FederationSetting, data: FederatedData,
    configuration: FederationConfiguration, engine: any TrainingEngine,
    schedule: (any BatchSchedule)? = nil
  ) throws {
    guard setting.trainCounts == data.train.map(\.count),
      setting.initialParameters.count == engine.layout.count
    else {
      throw FederationError(
        "federation: \(data.clientCount) clients and \(engine.layout.count) parameters, the "
          + "setting has \(setting.clientCount) and \(setting.initialParameters.count)")
    }
    guard data.images.imageSize == engine.inputSize else {
      throw FederationError(
        "federation: images of \(data.images.imageSize) values, the model takes \(engine.inputSize)"
      )
    }
    self.method = method
    self.data = data
    self.configuration = configuration
    self.engine = engine
    self.schedule = schedule ?? ShuffledBatches(seed: configuration.seed)
    state = State(
      round: 0,
      bank: ClientBank(clientCount: data.clientCount, initial: setting.initialParameters),
      server: method.initialState())
  }

  /// Goes on from a saved state. Throws `FederationError` if it does not fit.
  public mutating func restore(round: Int, bank: ClientBank, server: [StateTensor]) throws {
    guard round >= 0, bank.clientCount == state.bank.clientCount,
      bank.parameterCount == state.bank.parameterCount
    else { throw FederationError("checkpoint: belongs to another number of clients or model") }
    state = State(round: round, bank: bank, server: try method.state(from: server))
  }

  /// The mini-batches that a client trains on if it takes part in a round, in order.
  public func batches(round: Int, client: Int) -> [[Int32]] { drawBatches(round, client) }

  /// `batches(round:client:)` as a value that workers can call.
  private var drawBatches: @Sendable (_ round: Int, _ client: Int) -> [[Int32]] {
    let (schedule, data, configuration) = (schedule, data, configuration)
    return { round, client in
      schedule.batches(
        round: round, client: client, samples: data.train[client],
        epochs: configuration.localEpochs, batchSize: configuration.batchSize)
    }
  }

  /// What a round leaves for the record.
  public struct RoundRecord: Sendable {
    /// The round, counted from 1.
    public let round: Int
    /// The participants in ascending order.
    public let participants: [Int]
    /// Mean training loss of each participant.
    public let trainLosses: [Float]
    /// What each participant sent and was sent.
    public let traffic: [Traffic]
  }

  /// One round. All participants start from the same snapshot of the state; the state is replaced
  /// only when all have succeeded. Throws the engine's error.
  public mutating func runRound() throws -> RoundRecord {
    let round = state.round + 1
    let participants = Participation.participants(
      seed: configuration.seed, round: round, share: configuration.participation,
      clientCount: data.clientCount)
    let slots = Slots<ClientUpdate<Method.Contribution>>(count: participants.count)
    let (method, snapshot, drawBatches) = (method, state, drawBatches)
    let (images, optimiser) = (data.images, configuration.optimiser)
    try engine.forEachClient(participants.count) { slot, network in
      let client = participants[slot]
      let task = LocalTask(
        round: round, client: client, images: images, batches: drawBatches(round, client),
        optimiser: optimiser)
      let received = method.receivedModel(of: client, state: snapshot.server, bank: snapshot.bank)
      slots[slot] = try method.train(
        task, received: received, state: snapshot.server, bank: snapshot.bank, network: network)
    }
    let updates = slots.all
    let traffic = participants.map { method.traffic(of: $0, state: snapshot.server) }
    method.absorb(updates, into: &state.server, bank: snapshot.bank)
    for update in updates { state.bank.store(update.trained, of: update.client) }
    state.round = round
    return RoundRecord(
      round: round, participants: participants, trainLosses: updates.map(\.trainLoss),
      traffic: traffic)
  }

  /// How good the current models are on every client's own test data, axis (client).
  public struct TestRecord: Sendable, Equatable {
    /// The model that the client would start its next local training from.
    public var received: [Evaluation]
    /// The client's model after its latest local training; its initial model if it never trained.
    public var trained: [Evaluation]
  }

  /// Evaluates every client, participant or not. Changes nothing: the state's bits are the same
  /// before and after. Throws the engine's error.
  public func evaluate() throws -> TestRecord {
    let slots = Slots<(received: Evaluation, trained: Evaluation)>(count: data.clientCount)
    let (method, snapshot, data) = (method, state, data)
    try engine.forEachClient(data.clientCount) { client, network in
      let test = data.test[client][...]
      try network.load(
        method.receivedModel(of: client, state: snapshot.server, bank: snapshot.bank))
      let received = try network.evaluate(test, of: data.images)
      try network.load(Array(snapshot.bank[client]))
      slots[client] = (received, try network.evaluate(test, of: data.images))
    }
    return TestRecord(received: slots.all.map(\.received), trained: slots.all.map(\.trained))
  }
}
