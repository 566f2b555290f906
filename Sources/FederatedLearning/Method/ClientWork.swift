import NeuralNetworks

/// What a method's clients do: prepare the model that they receive, and train it.
///
/// Only `train` must be written, and not even that where plain local training is meant. Every function
/// works on a worker's network and depends on nothing but its arguments.
public protocol ClientWork: Sendable {
  /// What the server remembers between rounds besides the client bank.
  associatedtype ServerState: Sendable
  /// What a participant sends the server besides its trained model.
  associatedtype Contribution: Sendable
  /// What `prepare` leaves for `train` besides the model, such as mixing weights; nothing for most.
  associatedtype Notes: Sendable = Void

  /// What is fixed for the federation that the method was set up for.
  var setting: FederationSetting { get }

  /// The phases of a participant's local training, in order.
  var trainingPhases: [LocalPhase] { get }

  /// The batches that `prepare` and `trainedModel` need: phases `adapt` and `validation`.
  var preparationPhases: [LocalPhase] { get }

  /// Share of each client's training samples that the method sets aside for the phase `validation` and
  /// never trains on, in [0, 1). If the setting has a share for all methods, it must be that one.
  var validationShare: Double { get }

  /// The received model as the client prepares it for local training. This is the model that is
  /// evaluated as `received`.
  /// - Parameters:
  ///   - network: the worker's network.
  ///   - bank: every client's latest model.
  ///   - state: the server's state.
  ///   - task: holds the batches of `preparationPhases`.
  ///   - received: axis (parameter).
  func prepare(
    _ task: LocalTask, received: [Float], state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> PreparedModel<Notes>

  /// A participant's work in a round.
  /// - Parameters:
  ///   - task: the client, the round and their batches.
  ///   - state: the server's state.
  ///   - network: the worker's network.
  ///   - bank: every client's latest model.
  ///   - received: what `prepare` left.
  func train(
    _ task: LocalTask, received: PreparedModel<Notes>, state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Contribution>

  /// The model that is evaluated as `trained`, axis (parameter).
  /// - Parameters:
  ///   - state: the server's state.
  ///   - bank: every client's latest model.
  ///   - network: the worker's network.
  ///   - task: holds the batches of `preparationPhases` for the next round.
  func trainedModel(
    _ task: LocalTask, state: ServerState, bank: ClientBank, network: any LocalNetwork
  ) throws -> [Float]
}

/// The model that a client starts its local training from.
public struct PreparedModel<Notes: Sendable>: Sendable {
  /// The model, axis (parameter).
  public let parameters: [Float]
  /// What `prepare` leaves for `train`.
  public let notes: Notes

  /// A model with its notes.
  public init(parameters: [Float], notes: Notes) {
    self.parameters = parameters
    self.notes = notes
  }
}

extension PreparedModel<Void> {
  /// A model without notes.
  public init(parameters: [Float]) { self.init(parameters: parameters, notes: ()) }
}

extension ClientWork {
  /// The whole model, for as many passes as the setting asks for.
  public var trainingPhases: [LocalPhase] { [LocalPhase(.train, .passes(setting.localEpochs))] }
  /// No batches.
  public var preparationPhases: [LocalPhase] { [] }
  /// No validation.
  public var validationShare: Double { 0 }
  /// The client's model after its latest local training; its initial model if it never trained.
  public func trainedModel(
    _ task: LocalTask, state: ServerState, bank: ClientBank, network: any LocalNetwork
  ) throws -> [Float] {
    bank[task.client]
  }
}

extension ClientWork where Notes == Void {
  /// Takes the model as it comes.
  public func prepare(
    _ task: LocalTask, received: [Float], state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> PreparedModel<Void> {
    PreparedModel(parameters: received)
  }
}

extension ClientWork where Contribution == Void {
  /// Plain local training.
  public func train(
    _ task: LocalTask, received: PreparedModel<Notes>, state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Void> {
    let (model, loss) = try task.descend(from: received.parameters, on: network)
    return ClientUpdate(client: task.client, trained: model, trainLoss: loss.mean, contribution: ())
  }
}
