import NeuralNetworks

/// A federated method: what each client starts from, how it trains, and how the server absorbs what
/// comes back. Sampling participants, batching, evaluation, recording, checkpoints and parallelism
/// are the round loop's (`Federation`), once, for all methods.
///
/// A method is an immutable value; everything that changes is in its `ServerState` and in the
/// client bank, both of which only the round loop replaces. All its functions are pure.
public protocol FederatedMethod: Sendable {
  /// What the server remembers between rounds besides the client bank.
  associatedtype ServerState: Sendable
  /// What a participant's work gives the server besides its trained model.
  associatedtype Contribution: Sendable

  /// Name, origin and configuration keys.
  static var information: MethodInformation { get }

  /// Sets the method up. Throws `FederationError` if the setting does not suit it.
  init(options: MethodOptions, setting: FederationSetting) throws

  /// The phases of a participant's local training, in order.
  /// - Parameter localEpochs: passes over the training data that the specification asks for.
  /// - Throws: `FederationError` if the method cannot train for so long.
  func trainingPhases(localEpochs: Int) throws -> [LocalPhase]

  /// The batches that `prepare` and `trainedModel` need: phases `adapt` and `validation`.
  var preparationPhases: [LocalPhase] { get }

  /// Share of each client's training samples that the method sets aside for the phase `validation` and
  /// never trains on, in [0, 1). Where the setting has a share for all methods, it must be that one.
  var validationShare: Double { get }

  /// The server's state before the first round.
  func initialState() -> ServerState

  /// The model that the server sends to a client, with what the client keeps of its own: axis
  /// (parameter).
  func receivedModel(of client: Int, state: ServerState, bank: ClientBank) -> [Float]

  /// The same for several clients, each as if it were alone: axes (client, parameter). A method that can
  /// make several models at once with less work does so here.
  func receivedModels(of clients: [Int], state: ServerState, bank: ClientBank) -> [[Float]]

  /// What the client makes of it before local training, on a worker's network. This is the model
  /// that is evaluated as `received`.
  /// - Parameter task: holds the batches of `preparationPhases`.
  func prepare(
    _ task: LocalTask, received: [Float], state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> PreparedModel

  /// A participant's work in a round, on a worker's network.
  /// - Parameter received: what `prepare` left.
  func train(
    _ task: LocalTask, received: PreparedModel, state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Contribution>

  /// The model that is evaluated as `trained`, axis (parameter).
  /// - Parameter task: holds the batches of `preparationPhases` for the next round.
  func trainedModel(
    _ task: LocalTask, state: ServerState, bank: ClientBank, network: any LocalNetwork
  ) throws -> [Float]

  /// The server's work on what some participants have sent, before `absorb` takes over all of it: what
  /// can be done side by side for groups of participants. Each update must come out as if it were alone.
  /// - Parameter bank: the models that they were aggregated from.
  func digest(
    _ updates: [ClientUpdate<Contribution>], state: ServerState, bank: ClientBank
  ) -> [ClientUpdate<Contribution>]

  /// The server's work after a round: `updates` in ascending order of clients; `bank` holds the
  /// models that they were aggregated from, not yet the trained ones.
  /// - Parameter engine: whose workers share the work where there is enough of it. Its errors are thrown.
  func absorb(
    _ updates: [ClientUpdate<Contribution>], into state: inout ServerState, bank: ClientBank,
    on engine: any TrainingEngine
  ) throws

  /// The weights with which a client's received model sums all clients' models, axes (layer, source
  /// client); nil for a method without such weights.
  func aggregationWeights(of client: Int, state: ServerState) -> [[Float]]?

  /// For each layer whether the client would keep its own; nil for a method without that notion.
  func retainedLayers(of client: Int, state: ServerState) -> [Bool]?

  /// Where tensors stand in each client's hypernetwork, or in the one that all share; nil for a method
  /// without hypernetworks.
  var hypernetworkTensors: [HypernetworkTensor]? { get }

  /// Whether all clients share one hypernetwork.
  var sharesHypernetwork: Bool { get }

  /// A client's hypernetwork, or the one that all share, axis (hypernetwork parameter); nil for a method
  /// without hypernetworks.
  func hypernetworkParameters(of client: Int, state: ServerState) -> [Float]?

  /// The most values that the server's state takes after so many participations of clients in all.
  func stateValueCount(participations: Int) -> Int

  /// What one participation of a client sends, in float32 bytes.
  func traffic(of client: Int, state: ServerState) -> Traffic

  /// The state as named tensors, for checkpoints.
  func tensors(of state: ServerState) -> [StateTensor]

  /// The state from `tensors(of:)`'s result. Throws `FederationError` if it does not fit.
  func state(from tensors: [StateTensor]) throws -> ServerState
}

extension FederatedMethod {
  /// The whole model, for as many passes as the specification asks for.
  public func trainingPhases(localEpochs: Int) throws -> [LocalPhase] {
    [LocalPhase(.train, .passes(localEpochs))]
  }
  /// None.
  public var preparationPhases: [LocalPhase] { [] }
  /// No validation.
  public var validationShare: Double { 0 }
  /// One after another.
  public func receivedModels(of clients: [Int], state: ServerState, bank: ClientBank) -> [[Float]] {
    clients.map { receivedModel(of: $0, state: state, bank: bank) }
  }
  /// Leaves the updates as they are.
  public func digest(
    _ updates: [ClientUpdate<Contribution>], state: ServerState, bank: ClientBank
  ) -> [ClientUpdate<Contribution>] {
    updates
  }
  /// Takes the model as it comes.
  public func prepare(
    _ task: LocalTask, received: [Float], state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> PreparedModel {
    PreparedModel(parameters: received)
  }
  /// The client's model after its latest local training; its initial model if it never trained.
  public func trainedModel(
    _ task: LocalTask, state: ServerState, bank: ClientBank, network: any LocalNetwork
  ) throws -> [Float] {
    bank[task.client]
  }
  /// No weights.
  public func aggregationWeights(of client: Int, state: ServerState) -> [[Float]]? { nil }
  /// No hypernetworks.
  public var hypernetworkTensors: [HypernetworkTensor]? { nil }
  /// Each client has its own, if any.
  public var sharesHypernetwork: Bool { false }
  /// No hypernetworks.
  public func hypernetworkParameters(of client: Int, state: ServerState) -> [Float]? { nil }
  /// As many as before the first round.
  public func stateValueCount(participations: Int) -> Int {
    tensors(of: initialState()).reduce(0) { $0 + $1.shape.reduce(1, *) }
  }
  /// No retained layers.
  public func retainedLayers(of client: Int, state: ServerState) -> [Bool]? { nil }
}

extension FederatedMethod where Contribution == Void {
  /// Plain local training.
  public func train(
    _ task: LocalTask, received: PreparedModel, state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Void> {
    let (model, loss) = try task.descend(from: received.parameters, on: network)
    return ClientUpdate(client: task.client, trained: model, trainLoss: loss.mean, contribution: ())
  }
}

/// The model that a client starts its local training from.
public struct PreparedModel: Sendable {
  /// The model, axis (parameter).
  public var parameters: [Float]
  /// What the method's `prepare` tells its own `train`, such as mixing weights; empty for most.
  public var notes: [Float]

  /// A model, with notes if there are any.
  public init(parameters: [Float], notes: [Float] = []) {
    self.parameters = parameters
    self.notes = notes
  }
}

/// A client's model that is evaluated.
public enum EvaluatedModel: String, Sendable, CaseIterable {
  /// What the client would start its next local training from.
  case received
  /// What local training has left.
  case trained
}

/// What a method is, for listings and records.
public struct MethodInformation: Sendable {
  /// Its name in specifications, such as `pfedla`.
  public let name: String
  /// Its name in the field, such as pFedLA.
  public let title: String
  /// Authors and venue of its paper; nil for a baseline without one.
  public let paper: String?
  /// The paper's year; nil for a baseline without one.
  public let year: Int?
  /// Which of the paper's equations and algorithms it follows.
  public let equations: String
  /// How batch normalisation's running statistics travel unless the specification says otherwise.
  public let statistics: FederationSetting.StatisticsTreatment
  /// The model whose accuracy the method's own paper reports, and so do tables here; the other one is
  /// recorded beside it.
  public let reported: EvaluatedModel
  /// Its configuration keys.
  public let options: [MethodOption]

  /// Paper, year and equations in one line.
  public var reference: String {
    [paper, year.map(String.init), equations].compactMap { $0 }.joined(separator: ", ")
  }

  /// A method's name, title, publication, treatment of running statistics and keys.
  public init(
    name: String, title: String, paper: String?, year: Int?, equations: String,
    statistics: FederationSetting.StatisticsTreatment = .aggregated,
    reported: EvaluatedModel = .received, options: [MethodOption] = []
  ) {
    self.name = name
    self.title = title
    self.paper = paper
    self.year = year
    self.equations = equations
    self.statistics = statistics
    self.reported = reported
    self.options = options
  }
}

/// Bytes sent by one client's participation, at four bytes a value.
public struct Traffic: Sendable, Hashable {
  /// Client to server.
  public var uplink: Int
  /// Server to client.
  public var downlink: Int

  /// Bytes up and down.
  public init(uplink: Int, downlink: Int) {
    self.uplink = uplink
    self.downlink = downlink
  }
}
