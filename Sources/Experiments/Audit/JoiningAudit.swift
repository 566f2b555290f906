import FederatedLearning

/// What an independent program needs to replay clients that join after training.
struct JoiningAudit {
  /// Their batches, rounds counted on from the last one of training, `client` being the place among the new clients.
  /// The batches of the round behind the last one of each are not trained on.
  private(set) var batches: [AuditRecord.Batch] = []
  /// The hypernetwork that each starts with, axis (hypernetwork parameter): the same for all, who each join as the client
  /// behind the last one. Empty for methods without.
  private(set) var initialHypernetwork: [Float] = []
  /// Its layout.
  private(set) var hypernetworkTensors: [HypernetworkTensor] = []

  /// Records what the next round of a new client starts from.
  /// - Parameters:
  ///   - federation: the copy that it has joined.
  ///   - newClient: its place among the new clients.
  mutating func enter<Method>(_ federation: Federation<Method>, newClient: Int) {
    let (client, round) = (federation.data.clientCount - 1, federation.state.round + 1)
    batches += AuditRecord.Batch.batches(
      of: federation.preparationBatches(round: round, client: client)
        + federation.trainingBatches(round: round, client: client), round: round,
      client: newClient)
    if initialHypernetwork.isEmpty, let hypernetworks = federation.method.hypernetworks {
      hypernetworkTensors = hypernetworks.hypernetworkTensors
      initialHypernetwork = hypernetworks.hypernetworkParameters(
        of: client, state: federation.state.server)
    }
  }
}
