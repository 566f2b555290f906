import NeuralNetworks

/// The round loop: samples participants, lets the method train them on the engine's workers, and
/// replaces the state. One for all methods.
///
/// The state after r rounds is a pure function of the data, the method and the setting; it
/// does not depend on the number of workers, on evaluations in between, or on having been saved and
/// restored.
public struct Federation<Method: FederatedMethod> {
  /// Everything that changes from round to round.
  public struct State: Sendable {
    /// Rounds done.
    public var round: Int
    /// Every client's latest model.
    public var bank: ClientBank
    /// The state of the method's server.
    public var server: Method.ServerState
  }

  /// The method.
  public let method: Method
  /// The clients' samples.
  public let data: FederatedData
  /// How it trains: the method's setting.
  public var setting: FederationSetting { method.setting }
  /// The state after the rounds so far.
  public internal(set) var state: State
  /// Watches rounds and evaluations; nil for none.
  public var watch: RoundWatch?
  /// How long it has spent in each phase.
  public let times = PhaseTimes()
  /// The processes that share the run; nil for a single one.
  var ranks: RankGroup?
  let engine: any TrainingEngine
  let tasks: TaskMaker

  /// A federation before its first round, all clients with the same initial model.
  /// - Parameters:
  ///   - method: the method, with its setting.
  ///   - engine: what trains.
  ///   - data: the clients' samples.
  ///   - schedule: the order of training samples; shuffled under the seed unless given.
  /// - Throws: `FederationError` if the method was set up for another number of clients or model, or no
  ///   validation samples can be set aside as it requires.
  public init(
    method: Method, data: FederatedData, engine: any TrainingEngine,
    schedule: (any BatchSchedule)? = nil
  ) throws {
    let setting = method.setting
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
    let share = try Self.validationShare(of: method, setting)
    var preparationPhases = method.preparationPhases
    // Other methods than the one that weights models by them have them in their records anyway.
    if setting.validationShare > 0, !preparationPhases.contains(where: { $0.name == .validation }) {
      preparationPhases.append(LocalPhase(.validation, .share(share)))
    }
    self.method = method
    self.data = data
    self.engine = engine
    tasks = TaskMaker(
      data: data, setting: setting, trainingPhases: method.trainingPhases,
      preparationPhases: preparationPhases, validationShare: share,
      schedule: schedule ?? ShuffledBatches(seed: setting.seed))
    state = State(
      round: 0,
      bank: ClientBank(clientCount: data.clientCount, initial: setting.initialParameters),
      server: method.initialState())
  }

  /// Share of every client's training samples that is set aside: the setting's or, where that is 0, the
  /// method's. Throws `FederationError` if they differ, or a client has too few samples.
  private static func validationShare(of method: Method, _ setting: FederationSetting) throws
    -> Double
  {
    guard setting.validationShare > 0 else { return method.validationShare }
    guard method.validationShare == 0 || method.validationShare == setting.validationShare else {
      throw FederationError(
        "validation_share: found \(setting.validationShare) for all methods and "
          + "\(method.validationShare) for \(Method.information.name), expected the same")
    }
    if let client = setting.trainCounts.firstIndex(where: { $0 < 2 }) {
      throw FederationError(
        "validation_share: client \(client) has \(setting.trainCounts[client]) training sample, "
          + "expected at least 2, one for training and one for validation; raise "
          + "partition.samples_per_client")
    }
    return setting.validationShare
  }

  /// Restores a saved state. Throws `FederationError` if it does not fit.
  public mutating func restore(round: Int, bank: ClientBank, server: [StateTensor]) throws {
    guard round >= 0, bank.clientCount == state.bank.clientCount,
      bank.parameterCount == state.bank.parameterCount
    else { throw FederationError("checkpoint: belongs to another number of clients or model") }
    state = State(round: round, bank: bank, server: try method.state(from: server))
    try restoreOthers(server)
  }

  /// The clients that are selected for a round and sent a model, in ascending order; `round` counts from 1.
  public func selected(round: Int) -> [Int] {
    Participation.selected(
      seed: setting.seed, round: round, share: setting.participation,
      clientCount: data.clientCount)
  }

  /// The participants of a round in ascending order: the selected clients that do not drop out.
  public func participants(round: Int) -> [Int] {
    selected(round: round).filter { !dropsOut($0, round: round) }
  }

  /// Whether a client drops out of a round if it is selected.
  func dropsOut(_ client: Int, round: Int) -> Bool {
    Participation.dropsOut(
      seed: setting.seed, round: round, client: client, rate: setting.clientDropout)
  }

  /// The mini-batches that a client trains on if it takes part in a round, phase by phase.
  public func trainingBatches(round: Int, client: Int) -> [LocalPhase.Batches] {
    tasks.trainingBatches(round: round, client: client)
  }

  /// The mini-batches with which a client prepares the model that it receives in a round.
  public func preparationBatches(round: Int, client: Int) -> [LocalPhase.Batches] {
    tasks.preparationBatches(round: round, client: client)
  }
}
