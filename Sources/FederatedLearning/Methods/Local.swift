import NeuralNetworks

/// Every client trains on its own data and never communicates.
public struct Local: FederatedMethod {
  /// Name and origin.
  public static let information = MethodInformation(
    name: "local", title: "Local", paper: nil, year: nil,
    equations: "no communication")

  /// There is nothing to aggregate.
  public var aggregatesTrainedModels: Bool { false }

  /// No server, no state.
  public typealias ServerState = Void
  /// Nothing but the trained model.
  public typealias Contribution = Void

  /// What is fixed for the federation.
  public let setting: FederationSetting

  /// Needs nothing.
  public init(options: MethodOptions, setting: FederationSetting) { self.setting = setting }

  /// No server, no state.
  public func initialState() {}

  /// The client's own model after its latest local training.
  public func receivedModel(of client: Int, state: Void, bank: ClientBank) -> [Float] {
    bank[client]
  }

  /// Nothing to do.
  public func aggregate(
    _ updates: [ClientUpdate<Void>], into state: inout Void, bank: ClientBank,
    on engine: any TrainingEngine
  ) {}

  /// Nothing is sent.
  public func traffic(of client: Int, state: Void) -> Traffic { Traffic(uplink: 0, downlink: 0) }

  /// No state.
  public func tensors(of state: Void) -> [StateTensor] { [] }

  /// No state.
  public func state(from tensors: [StateTensor]) {}
}
