import NeuralNetworks

/// What a method's server does: make the models that it sends, aggregate what comes back, and say what
/// that costs and how its state is saved.
public protocol ServerWork: Sendable {
  /// What the server remembers between rounds besides the client bank.
  associatedtype ServerState: Sendable
  /// What a participant sends the server besides its trained model.
  associatedtype Contribution: Sendable

  /// The server's state before the first round.
  func initialState() -> ServerState

  /// The model that the server sends to a client, with what the client keeps of its own: axis
  /// (parameter).
  func receivedModel(of client: Int, state: ServerState, bank: ClientBank) -> [Float]

  /// The same for several clients, each as if it were alone: axes (client, parameter). A method that can
  /// make several models at once with less work does so here.
  func receivedModels(of clients: [Int], state: ServerState, bank: ClientBank) -> [[Float]]

  /// What can be done with the updates side by side, for groups of participants, before `aggregate`. Each
  /// update must come out as if it were alone.
  /// - Parameters:
  ///   - updates: what some participants have sent.
  ///   - state: the server's state.
  ///   - bank: the models that they were aggregated from.
  func preprocess(
    _ updates: [ClientUpdate<Contribution>], state: ServerState, bank: ClientBank
  ) -> [ClientUpdate<Contribution>]

  /// The server's work after a round.
  /// - Parameters:
  ///   - state: the server's state.
  ///   - updates: in ascending order of clients.
  ///   - bank: the models that they were aggregated from, not yet the trained ones.
  ///   - engine: its workers share the work if there is enough of it. Its errors are thrown.
  func aggregate(
    _ updates: [ClientUpdate<Contribution>], into state: inout ServerState, bank: ClientBank,
    on engine: any TrainingEngine
  ) throws

  /// Whether `aggregate` reads the updates' trained models. If not, a run of several ranks does not send them to all.
  var aggregatesTrainedModels: Bool { get }

  /// A contribution as arrays, with which ranks exchange it.
  func values(of contribution: Contribution) -> [[Float]]

  /// The contribution from `values(of:)`'s result. Throws `FederationError` if it does not fit.
  func contribution(from values: [[Float]]) throws -> Contribution

  /// What one participation of a client sends, in float32 bytes.
  func traffic(of client: Int, state: ServerState) -> Traffic

  /// The state as named tensors, for checkpoints.
  func tensors(of state: ServerState) -> [StateTensor]

  /// The one model for all clients, axis (parameter); nil if the method has none, or if clients keep some of it.
  func globalModel(of state: ServerState) -> [Float]?

  /// The state from `tensors(of:)`'s result. Throws `FederationError` if it does not fit.
  func state(from tensors: [StateTensor]) throws -> ServerState

  /// The state that `state` of the same method for the clients before becomes when one more client joins, the last, which
  /// has not taken part yet. See `Federation.joining`.
  func joined(_ state: ServerState, of earlier: Self) throws -> ServerState

  /// The largest number of values in the server's state after this many participations in total.
  func stateValueCount(participations: Int) -> Int
}

extension ServerWork {
  /// None.
  public func globalModel(of state: ServerState) -> [Float]? { nil }
  /// It reads them.
  public var aggregatesTrainedModels: Bool { true }
  /// None, for a contribution of another type than those below: such a method runs in one process.
  public func values(of contribution: Contribution) -> [[Float]] { [] }
  /// Throws `FederationError`: the method does not say how its contributions are sent.
  public func contribution(from values: [[Float]]) throws -> Contribution {
    throw FederationError(
      "ranks: the method does not say how its contributions are sent between ranks; run it without mpirun"
    )
  }
  /// One after another.
  public func receivedModels(of clients: [Int], state: ServerState, bank: ClientBank) -> [[Float]] {
    clients.map { receivedModel(of: $0, state: state, bank: bank) }
  }
  /// Leaves the updates as they are.
  public func preprocess(
    _ updates: [ClientUpdate<Contribution>], state: ServerState, bank: ClientBank
  ) -> [ClientUpdate<Contribution>] {
    updates
  }
  /// Keeps tensors that do not depend on the number of clients, and the rows of those with an axis (client, …), to which
  /// the new client's is added as it is before the first round. What has clients on other axes begins anew.
  public func joined(_ state: ServerState, of earlier: Self) throws -> ServerState {
    let before = earlier.tensors(of: state)
    return try self.state(
      from: tensors(of: initialState()).map { initial in
        before.first { $0.name == initial.name }?.adding(lastRowOf: initial) ?? initial
      })
  }
  /// As many as before the first round.
  public func stateValueCount(participations: Int) -> Int {
    tensors(of: initialState()).reduce(0) { $0 + $1.shape.reduce(1, *) }
  }
}

extension ServerWork where Contribution == Void {
  /// Nothing.
  public func values(of contribution: Void) -> [[Float]] { [] }
  /// Nothing.
  public func contribution(from values: [[Float]]) throws {}
}

extension ServerWork where Contribution == [Float] {
  /// The array.
  public func values(of contribution: [Float]) -> [[Float]] { [contribution] }
  /// The array.
  public func contribution(from values: [[Float]]) throws -> [Float] {
    try values.expected(1)[0]
  }
}

extension [[Float]] {
  /// The arrays of a contribution. Throws `FederationError` if there is another number of them.
  func expected(_ count: Int) throws -> [[Float]] {
    guard self.count == count else {
      throw FederationError(
        "ranks: a contribution of \(self.count) arrays, expected \(count); start all ranks from the same program"
      )
    }
    return self
  }
}
