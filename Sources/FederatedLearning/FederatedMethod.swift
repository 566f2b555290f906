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

  /// The server's state before the first round.
  func initialState() -> ServerState

  /// The model that a client starts its next local training from: axis (parameter). Evaluated as
  /// `received`.
  func receivedModel(of client: Int, state: ServerState, bank: ClientBank) -> [Float]

  /// A participant's work in a round, on a worker's network.
  func train(
    _ task: LocalTask, received: [Float], state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Contribution>

  /// The server's work after a round: `updates` in ascending order of clients; `bank` holds the
  /// models that they were aggregated from, not yet the trained ones.
  func absorb(
    _ updates: [ClientUpdate<Contribution>], into state: inout ServerState, bank: ClientBank)

  /// The weights with which a client's received model sums all clients' models, axes (layer, source
  /// client); nil for a method without such weights.
  func aggregationWeights(of client: Int, state: ServerState) -> [[Float]]?

  /// For each layer whether the client would keep its own; nil for a method without that notion.
  func retainedLayers(of client: Int, state: ServerState) -> [Bool]?

  /// Where tensors stand in each client's hypernetwork, which is the state's tensor
  /// `hypernetworks`; nil for a method without hypernetworks.
  var hypernetworkTensors: [HypernetworkTensor]? { get }

  /// What one participation of a client sends, in float32 bytes.
  func traffic(of client: Int, state: ServerState) -> Traffic

  /// The state as named tensors, for checkpoints.
  func tensors(of state: ServerState) -> [StateTensor]

  /// The state from `tensors(of:)`'s result. Throws `FederationError` if it does not fit.
  func state(from tensors: [StateTensor]) throws -> ServerState
}

extension FederatedMethod {
  /// No weights.
  public func aggregationWeights(of client: Int, state: ServerState) -> [[Float]]? { nil }
  /// No hypernetworks.
  public var hypernetworkTensors: [HypernetworkTensor]? { nil }
  /// No retained layers.
  public func retainedLayers(of client: Int, state: ServerState) -> [Bool]? { nil }
}

/// What a method is, for listings and records.
public struct MethodInformation: Sendable {
  /// Its name in specifications, such as `pfedla`.
  public let name: String
  /// Its name in the field, such as pFedLA.
  public let title: String
  /// Where it was published.
  public let reference: String
  /// How batch normalisation's running statistics travel unless the specification says otherwise.
  public let statistics: FederationSetting.StatisticsTreatment
  /// Its configuration keys.
  public let options: [MethodOption]

  /// A method's name, title, publication, treatment of running statistics and keys.
  public init(
    name: String, title: String, reference: String,
    statistics: FederationSetting.StatisticsTreatment = .aggregated, options: [MethodOption] = []
  ) {
    self.name = name
    self.title = title
    self.reference = reference
    self.statistics = statistics
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
