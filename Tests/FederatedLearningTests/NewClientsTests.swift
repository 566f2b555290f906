import FederatedLearning
import NeuralNetworks
import Support
import Testing

/// Clients that join after training.
@Suite("New clients")
struct NewClientsTests {
  /// The small federation without its last client, which joins.
  private struct Joining {
    let samples: (train: [Int32], test: [Int32])
    var trained = SmallFederation()

    init(workers: Int = 1) throws {
      let data = try SmallFederation().data()
      samples = (data.train[3], data.test[3])
      trained.workerCount = workers
      trained.trainCounts.removeLast()
    }

    func federation<Method: FederatedMethod>(
      _ type: Method.Type, _ options: [String: OptionValue] = [:], rounds: Int = 2
    ) throws -> Federation<Method> {
      let whole = try SmallFederation().data()
      var federation = try Federation(
        method: trained.method(type, options),
        data: FederatedData(
          images: whole.images, classCount: SmallFederation.classCount,
          train: Array(whole.train.prefix(3)), test: Array(whole.test.prefix(3))),
        engine: trained.engine())
      for _ in 0..<rounds { _ = try federation.runRound() }
      return federation
    }

    func record<Method: FederatedMethod>(
      _ federation: Federation<Method>, _ options: [String: OptionValue] = [:], rounds: Int = 2
    ) throws -> Federation<Method>.JoiningRecord {
      try federation.joining(
        samples, classCount: SmallFederation.classCount,
        options: MethodOptions(options, for: Method.information.options), rounds: rounds)
    }

    /// How good a model is on the new client's test samples.
    func evaluation(_ model: [Float]) throws -> Evaluation {
      let (images, test) = (try SmallFederation().data().images, samples.test)
      let slots = Slot()
      try trained.engine().forEachClient(1) { _, network in
        try network.load(model)
        slots.set(try network.evaluate(test[...], of: images))
      }
      return try #require(slots.value)
    }
  }

  /// A value that a worker sets.
  private final class Slot: @unchecked Sendable {
    private(set) var value: Evaluation?
    func set(_ value: Evaluation) { self.value = value }
  }

  @Test("joining changes nothing and does not depend on workers", arguments: MethodRegistry.all)
  func pure(_ type: any FederatedMethod.Type) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      let joining = try Joining()
      let federation = try joining.federation(type)
      let before = Snapshot(federation)
      let record = try joining.record(federation)
      #expect(Snapshot(federation) == before)
      #expect(record.received.count == 3 && record.trained.count == 3)
      #expect(record.trained[1] != record.trained[0])
      let parallel = try Joining(workers: 3)
      #expect(try parallel.record(parallel.federation(type)) == record)
      // Fewer rounds are the first ones of more.
      let fewer = try joining.record(federation, rounds: 1)
      #expect(fewer.received == Array(record.received.prefix(2)))
    }
    try check(type)
  }

  @Test("FedAvg's newcomer receives the global model and fine-tunes it")
  func fedAvg() throws {
    let joining = try Joining()
    let federation = try joining.federation(FedAvg.self)
    let global = federation.method.receivedModel(
      of: 0, state: federation.state.server, bank: federation.state.bank)
    let record = try joining.record(federation)
    #expect(try record.received[0] == joining.evaluation(global))
    #expect(try record.trained[0] == joining.evaluation(federation.setting.initialParameters))
    // Its only participant: what it has trained is the average.
    #expect(record.received[1] == record.trained[1])
    #expect(record.received[2] == record.trained[2])
  }

  @Test("Local's newcomer starts with the initial model, whatever the others have trained")
  func local() throws {
    let joining = try Joining()
    let early = try joining.record(joining.federation(Local.self, rounds: 0))
    let late = try joining.record(joining.federation(Local.self, rounds: 2))
    let initial = try joining.evaluation(SmallFederation().setting().initialParameters)
    #expect(early.received[0] == initial && late.received[0] == initial)
  }

  @Test(
    "pFedLA's newcomer receives equal shares of all models and its own, and then learns weights")
  func pFedLA() throws {
    let joining = try Joining()
    let options: [String: OptionValue] = ["step_size": .number(50)]
    let federation = try joining.federation(PFedLA.self, options)
    let models = (0..<3).map { federation.state.bank[$0] } + [federation.setting.initialParameters]
    let mean = models[0].indices.map { place in
      Float(models.reduce(0.0) { $0 + Double($1[place]) } / 4)
    }
    let record = try joining.record(federation, options)
    let expected = try joining.evaluation(mean)
    #expect(record.received[0].accuracy == expected.accuracy)
    #expect(abs(record.received[0].loss - expected.loss) < 1e-5)
    // With equal weights all the time, it would receive something else.
    let still = try joining.record(federation, ["step_size": .number(1e-6)])
    #expect(still.received[0] == record.received[0])
    #expect(still.received[1] != record.received[1])
  }

  @Test("pFedHN's newcomer gets the trained hypernetwork with an embedding of its own")
  func pFedHN() throws {
    let joining = try Joining()
    let federation = try joining.federation(PFedHN.self)
    let method = try SmallFederation().method(
      PFedHN.self, ["embedding_size": .integer(1 + 3 / 4)])
    let (before, initial) = (federation.state.server.parameters, method.initialState().parameters)
    let joined = method.joined(federation.state.server, of: federation.method).parameters
    let size = (initial.count - before.count)
    #expect(joined.count == initial.count && size > 0)
    #expect(joined.prefix(3 * size) == before.prefix(3 * size))
    #expect(joined[3 * size..<4 * size] == initial[3 * size..<4 * size])
    #expect(joined.dropFirst(4 * size) == before.dropFirst(3 * size))
  }

  @Test(
    "rows for clients are kept and one is added; what relates clients to each other begins anew")
  func states() throws {
    let joining = try Joining()
    let federation = try joining.federation(Scaffold.self)
    let (method, count) = (
      try SmallFederation().method(Scaffold.self), federation.setting.layout.count
    )
    let joined = try method.joined(federation.state.server, of: federation.method)
    #expect(joined.serverControl == federation.state.server.serverControl)
    #expect(joined.clientControls.prefix(3 * count) == federation.state.server.clientControls[...])
    #expect(joined.clientControls.dropFirst(3 * count).allSatisfy { $0 == 0 })
    let fomo = try joining.federation(FedFomo.self)
    let state = try SmallFederation().method(FedFomo.self).joined(
      fomo.state.server, of: fomo.method)
    #expect(state.affinity == (try SmallFederation().method(FedFomo.self).initialState().affinity))
    #expect(state.hasUploaded.prefix(3) == fomo.state.server.hasUploaded[...])
  }

  @Test("new clients are drawn once, under the seed")
  func draw() {
    let drawn = (0..<20).map { NewClients.clients(seed: $0, count: 3, clientCount: 50) }
    for clients in drawn {
      #expect(Set(clients).count == 3 && clients == clients.sorted())
      #expect(clients.allSatisfy { (0..<50).contains($0) })
    }
    #expect(Set(drawn).count > 15)
    #expect(drawn[4] == NewClients.clients(seed: 4, count: 3, clientCount: 50))
  }
}
