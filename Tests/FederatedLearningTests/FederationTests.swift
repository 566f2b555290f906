import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("Federation")
struct FederationTests {
  /// Three rounds of a method: every record and the state afterwards.
  struct Outcome: Equatable {
    var participants: [[Int]] = []
    var losses: [[UInt32]] = []
    var traffic: [[Traffic]] = []
    let state: Snapshot
    let test: [Evaluation]
  }

  func outcome<Method: FederatedMethod>(_ type: Method.Type, workerCount: Int) throws -> Outcome {
    var small = SmallFederation.partial
    small.workerCount = workerCount
    var federation = try small.start(type)
    var records: [Federation<Method>.RoundRecord] = []
    for _ in 1...3 { records.append(try federation.runRound()) }
    let test = try federation.evaluate()
    return Outcome(
      participants: records.map(\.participants), losses: records.map(\.trainLosses.bits),
      traffic: records.map(\.traffic), state: Snapshot(federation),
      test: test.received + test.trained)
  }

  @Test("any number of workers gives the same bits", arguments: methodNames)
  func workers(name: String) throws {
    try withMethod(name) { method in
      let one = try outcome(method, workerCount: 1)
      #expect(one.losses.joined().allSatisfy { Float(bitPattern: $0).isFinite })
      for workerCount in [2, 3] {
        #expect(try outcome(method, workerCount: workerCount) == one)
      }
    }
  }

  @Test(
    "evaluation leaves every bit of the state, and later rounds, as they are",
    arguments: methodNames)
  func evaluationChangesNothing(name: String) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      var (evaluated, plain) = try (
        SmallFederation.partial.start(type), SmallFederation.partial.start(type)
      )
      for _ in 1...3 {
        let before = Snapshot(evaluated)
        let first = try evaluated.evaluate()
        #expect(try evaluated.evaluate() == first)
        #expect(Snapshot(evaluated) == before)
        try evaluated.runRounds(1)
        try plain.runRounds(1)
        #expect(Snapshot(evaluated) == Snapshot(plain))
      }
    }
    try withMethod(name) { try check($0) }
  }

  @Test("evaluation is of both models, on each client's own test samples", arguments: methodNames)
  func evaluation(name: String) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      let engine = try SmallFederation.partial.engine()
      var federation = try SmallFederation.partial.start(type, engine: engine)
      try federation.runRounds(2)
      let record = try federation.evaluate()
      let data = federation.data
      for client in federation.clients {
        func evaluate(_ model: [Float]) throws -> Evaluation {
          try engine.onWorker { network in
            try network.load(model)
            return try network.evaluate(data.test[client][...], of: data.images)
          }
        }
        #expect(
          try record.received[client] == evaluate(federation.model(.received, of: client)))
        #expect(try record.trained[client] == evaluate(federation.model(.trained, of: client)))
        #expect(record.trained[client].count == SmallFederation.testCount)
      }
      #expect((record.received == record.trained) == (Method.self == Local.self))
    }
    try withMethod(name) { try check($0) }
  }

  @Test("a run that was saved and restored continues bit for bit", arguments: methodNames)
  func restore(name: String) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      var uninterrupted = try SmallFederation.partial.start(type)
      try uninterrupted.runRounds(2)
      let (tensors, bank) = (uninterrupted.tensors, uninterrupted.state.bank)
      try uninterrupted.runRounds(2)

      var restored = try SmallFederation.partial.start(type)
      try restored.restore(round: 2, bank: bank, server: tensors)
      try restored.runRounds(2)
      #expect(restored.state.round == 4)
      #expect(Snapshot(restored) == Snapshot(uninterrupted))
      for model in EvaluatedModel.allCases {
        #expect(try restored.models(model).map(\.bits) == uninterrupted.models(model).map(\.bits))
      }
    }
    try withMethod(name) { try check($0) }
  }

  @Test("a saved state that does not fit is an error and changes nothing")
  func restoreErrors() throws {
    var federation = try SmallFederation().start(FedAvg.self)
    let (before, bank, tensors) = (
      Snapshot(federation), federation.state.bank, federation.tensors
    )
    let count = bank.parameterCount
    let otherSize = FederationError("checkpoint: belongs to another number of clients or model")
    let noState = FederationError("checkpoint: no state global_model of shape [\(count)]")
    let row = Array(bank[0])
    let attempts: [(Int, ClientBank, [StateTensor], FederationError)] = [
      (-1, bank, tensors, otherSize),
      (1, ClientBank(clientCount: 3, initial: row), tensors, otherSize),
      (1, ClientBank(clientCount: 4, initial: row + [0]), tensors, otherSize),
      (1, bank, [], noState),
      (1, bank, [StateTensor(name: "global", shape: [count], values: row)], noState),
      (1, bank, [StateTensor(name: "global_model", shape: [count - 1], values: row)], noState),
      (
        1, bank, [StateTensor(name: "global_model", shape: [count], values: Array(row.dropLast()))],
        noState
      ),
    ]
    for (round, bank, tensors, error) in attempts {
      #expect(throws: error) {
        try federation.restore(round: round, bank: bank, server: tensors)
      }
      #expect(Snapshot(federation) == before)
    }
  }

  @Test("clients, setting and engine must belong together")
  func mismatch() throws {
    let small = SmallFederation()
    let engine = try small.engine()
    let count = engine.layout.count
    var other = small
    other.trainCounts = [5, 5]
    #expect(
      throws: FederationError(
        "federation: 2 clients and \(count) parameters, the setting has 4 and \(count)")
    ) {
      try Federation(
        method: small.method(Local.self), data: other.data(), engine: engine)
    }
  }

  /// The running statistics of a model, as bits.
  private func statistics(_ model: [Float]) throws -> [UInt32] {
    let slots = try SmallFederation().setting().layout.tensors.filter { $0.role == .statistic }
      .flatMap { Array($0.range) }
    #expect(slots.count == 6)
    return slots.map { model[$0] }.bits
  }

  // APFL's received model and its mixture each have their own statistics: see APFLTests.
  @Test(
    "running statistics stay a client's own where they are local",
    arguments: methodNames.filter { $0 != APFL.information.name })
  func localStatistics(name: String) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      var small = SmallFederation()
      small.statistics = .local
      var federation = try small.start(type)
      try federation.runRounds(2)
      let own = try federation.clients.map { try statistics(Array(federation.state.bank[$0])) }
      #expect(Set(own).count == 4)
      for client in federation.clients {
        #expect(try statistics(federation.model(.received, of: client)) == own[client])
      }
    }
    try withMethod(name) { try check($0) }
  }

  @Test(
    "running statistics travel with their layer where they are aggregated",
    arguments: ["fedavg", "fedprox", "fedper", "pfedla"])
  func aggregatedStatistics(name: String) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      var federation = try SmallFederation().start(type)
      try federation.runRounds(2)
      for client in federation.clients {
        #expect(
          try statistics(federation.model(.received, of: client))
            != statistics(Array(federation.state.bank[client])))
      }
    }
    try withMethod(name) { try check($0) }
  }

  @Test(
    "training sees the participants' training samples alone, evaluation adds the test samples",
    arguments: methodNames)
  func heldOut(name: String) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      let engine = try RecordingEngine(SmallFederation.partial.engine())
      var federation = try SmallFederation.partial.start(type, engine: engine)
      for _ in 1...3 {
        let participants = try federation.runRound().participants
        let visits = engine.takeVisits()
        #expect(visits.count == participants.count)
        for (visit, client) in zip(visits, participants) {
          let own = Set(federation.data.train[client])
          #expect(own.isSuperset(of: visit.trained) && own.isSuperset(of: visit.tested))
          // Nothing is trained on that is set aside, and nothing is left out.
          let used = federation.preparationBatches(round: 1, client: client)
          let validation = Set(
            used.filter { $0.phase == .validation }.flatMap { $0.batches.joined() })
          #expect(Set(visit.trained) == own.subtracting(validation))
        }
        _ = try federation.evaluate()
        // Groups of clients one after another, in each the clients in order.
        let evaluations = engine.takeVisits()
        let data = federation.data
        let owners = data.train.enumerated().reduce(into: [Int32: Int]()) { owners, client in
          for sample in client.element { owners[sample] = client.offset }
        }
        let trained = evaluations.flatMap(\.trained).map { owners[$0] ?? -1 }
        #expect(trained == trained.sorted() && !trained.contains(-1))
        let tested = evaluations.flatMap(\.tested)
        #expect(tested.filter { owners[$0] == nil } == data.test.flatMap { $0 + $0 })
        let validating = tested.compactMap { owners[$0] }
        #expect(validating == validating.sorted())
      }
    }
    try withMethod(name) { try check($0) }
  }

  @Test("a round that fails leaves the state as it was and can be run again")
  func failure() throws {
    let reliable = try SmallFederation().engine()
    let engine = RecordingEngine(reliable)
    var federation = try SmallFederation().start(FedAvg.self, engine: engine)
    var untroubled = try SmallFederation().start(FedAvg.self, engine: reliable)
    try federation.runRounds(1)
    let before = Snapshot(federation)
    engine.failAfter(client: 3)
    #expect(throws: RecordingEngine.Failure()) { try federation.runRound() }
    #expect(Snapshot(federation) == before)
    engine.failAfter(client: nil)
    try federation.runRounds(1)
    try untroubled.runRounds(2)
    #expect(Snapshot(federation) == Snapshot(untroubled))
  }
}
