import NeuralNetworks

/// A federated method: what its clients do (`ClientWork`) and what its server does (`ServerWork`).
/// Sampling participants, batching, evaluation, recording, checkpoints and parallelism are the round
/// loop's (`Federation`), once, for all methods.
///
/// A method is an immutable value. Everything that changes is in its `ServerState` and in the client
/// bank, which only the round loop replaces; all its functions are pure. A method that averages into one
/// global model conforms to `AveragingMethod`, which leaves little to write. What only some methods have,
/// such as aggregation weights, are separate capabilities: `AggregationWeighting`, `LayerRetention`,
/// `HypernetworkTraining`.
public protocol FederatedMethod: ClientWork, ServerWork {
  /// Name, origin and keys.
  static var information: MethodInformation { get }

  /// Sets the method up. Throws `FederationError` if the setting does not suit it.
  init(options: MethodOptions, setting: FederationSetting) throws
}
