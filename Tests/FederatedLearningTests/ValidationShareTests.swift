import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

/// A share of the training samples that is set aside for all methods.
@Suite("Validation share")
struct ValidationShareTests {
  private static let small: SmallFederation = {
    var small = SmallFederation.partial
    small.validationShare = 0.2
    return small
  }()

  /// What each client trains on in a round, whether or not it takes part.
  private func trained<Method>(_ federation: Federation<Method>, round: Int) -> [[[Int32]]] {
    federation.clients.map {
      federation.trainingBatches(round: round, client: $0).flatMap(\.batches)
    }
  }

  @Test("FedAvg trains on exactly the samples that FedFomo trains on")
  func sameSamples() throws {
    let averaging = try Self.small.start(FedAvg.self)
    let weighing = try Self.small.start(FedFomo.self, ["validation_share": .number(0.2)])
    // FedFomo's own share of that size sets the same samples aside.
    let alone = try SmallFederation.partial.start(FedFomo.self, ["validation_share": .number(0.2)])
    for round in 1...3 {
      #expect(trained(averaging, round: round) == trained(weighing, round: round))
      #expect(trained(weighing, round: round) == trained(alone, round: round))
      for client in averaging.clients {
        let batches = averaging.preparationBatches(round: round, client: client)
        #expect(batches == weighing.preparationBatches(round: round, client: client))
        #expect(batches == alone.preparationBatches(round: round, client: client))
      }
    }
    let counts = trained(averaging, round: 1).map { Set($0.joined()).count }
    #expect(counts == [8, 6, 7, 3, 8, 4, 5])
  }

  @Test(
    "no method trains on what is set aside, and every method on all the rest",
    arguments: methodNames)
  func setAside(name: String) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      let engine = try RecordingEngine(Self.small.engine())
      let own: [String: OptionValue] =
        Method.information.name == "fedfomo" ? ["validation_share": .number(0.2)] : [:]
      var federation = try Self.small.start(type, own, engine: engine)
      let reference = try Self.small.start(FedAvg.self)
      for _ in 1...2 {
        let participants = try federation.runRound().participants
        for (visit, client) in zip(engine.takeVisits(), participants) {
          let kept = Set(
            reference.trainingBatches(round: 1, client: client).flatMap { $0.batches.joined() })
          #expect(kept.count < federation.data.train[client].count)
          #expect(Set(visit.trained) == kept)
        }
      }
    }
    try withMethod(name) { try check($0) }
  }

  @Test("averages weigh clients by the samples that they train on")
  func weights() throws {
    var small = Self.small
    // Clients train on 3 of 4 samples and on 8 of 10: 3 : 8 is not 4 : 10.
    small.trainCounts = [4, 10]
    small.participation = 1
    var federation = try small.start(FedAvg.self)
    try federation.runRounds(1)
    let bank = federation.state.bank
    let mean = zip(bank[0], bank[1]).map { (3 * $0 + 8 * $1) / 11 }
    expectClose(federation.state.server, mean, absolute: 1e-6, "global model")
    let other = zip(bank[0], bank[1]).map { (4 * $0 + 10 * $1) / 14 }
    #expect(!Closeness(federation.state.server, other, absolute: 1e-6).isClose)
  }

  @Test("without a share nothing is set aside")
  func none() throws {
    let federation = try SmallFederation.partial.start(FedAvg.self)
    for client in federation.clients {
      #expect(federation.preparationBatches(round: 1, client: client).isEmpty)
      let trained = federation.trainingBatches(round: 1, client: client)
      #expect(Set(trained.flatMap { $0.batches.joined() }) == Set(federation.data.train[client]))
    }
  }

  @Test("a method's own share must be the run's, and every client needs two samples")
  func contradictions() throws {
    #expect(
      throws: FederationError(
        "validation_share: found 0.2 for all methods and 0.3 for fedfomo, expected the same")
    ) { try Self.small.start(FedFomo.self, ["validation_share": .number(0.3)]) }
    var small = Self.small
    small.trainCounts[2] = 1
    #expect(
      throws: FederationError(
        "validation_share: client 2 has 1 training sample, expected at least 2, one for training "
          + "and one for validation; raise partition.samples_per_client")
    ) { try small.start(Local.self) }
  }
}
