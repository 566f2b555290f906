import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("FedALA")
struct FedALATests {
  /// What a client learns by hand.
  struct Learned: Sendable {
    var model: [Float]
    var weights: [Float]
    var losses: [Double] = []
  }

  /// This many passes of learning: θ̂ = a + (b − a) w in the last layers, w ← w − η g (b − a), cut to
  /// [0, 1].
  /// - Parameter round: whose preparation batches it sees.
  func learn(
    _ federation: Federation<FedALA>, client: Int, round: Int, layers: Int, rate: Float,
    passes: Int, engine: any TrainingEngine
  ) throws -> Learned {
    let state = federation.state
    let (own, global) = (Array(state.bank[client]), federation.receivedModels[client])
    let data = federation.data
    let phases = federation.preparationBatches(round: round, client: client)
    let count = state.server.mixing.count / federation.data.clientCount
    let start = Array(state.server.mixing[client * count..<(client + 1) * count])
    return try engine.onWorker { network in
      let columns = network.layout.layers.suffix(layers).flatMap { Array($0.trainedRange) }
      var learned = Learned(model: global, weights: start)
      func mix() {
        for (weight, column) in zip(learned.weights, columns) {
          learned.model[column] = own[column] + (global[column] - own[column]) * weight
        }
      }
      mix()
      for _ in 0..<passes {
        var loss = 0.0
        for batch in phases[0].batches {
          try network.load(learned.model)
          loss = try network.computeGradient(batch[...], of: data.images) / Double(batch.count)
          let gradient = try network.gradient()
          for (place, column) in columns.enumerated() {
            let slope = gradient[column] * (global[column] - own[column])
            learned.weights[place] = max(0, min(1, learned.weights[place] - rate * slope))
          }
          mix()
        }
        learned.losses.append(loss)
      }
      return learned
    }
  }

  @Test("without adaptive layers it is FedAvg, bit for bit")
  func noneIsAveraging() throws {
    let small = SmallFederation.partial
    var adaptive = try small.start(FedALA.self, ["adaptive_layers": .integer(0)])
    var averaging = try small.start(FedAvg.self)
    try adaptive.runRounds(3)
    try averaging.runRounds(3)
    #expect(adaptive.state.server.global.bits == averaging.state.server.bits)
    #expect(adaptive.state.bank.values.bits == averaging.state.bank.values.bits)
    #expect(try adaptive.models(.received).map(\.bits) == averaging.receivedModels.map(\.bits))
  }

  @Test("nothing is learned while own and global model agree: the first round is FedAvg's")
  func firstRound() throws {
    let small = SmallFederation.partial
    var adaptive = try small.start(FedALA.self)
    var averaging = try small.start(FedAvg.self)
    #expect(try adaptive.models(.received).map(\.bits) == averaging.models(.received).map(\.bits))
    try adaptive.runRounds(1)
    try averaging.runRounds(1)
    #expect(adaptive.state.server.global.bits == averaging.state.server.bits)
    #expect(adaptive.state.server.mixing.allSatisfy { $0 == 1 })
    #expect(adaptive.state.server.hasLearned.allSatisfy { $0 == 0 })
    #expect(try adaptive.models(.received).map(\.bits) != averaging.models(.received).map(\.bits))
  }

  @Test("first as many passes as it takes, then one a round; participants' weights are kept")
  func learning() throws {
    let small = SmallFederation.partial
    let engine = try small.engine()
    // Any three losses have converged: three passes the first time.
    var federation = try small.start(
      FedALA.self,
      [
        "adaptive_layers": .integer(2), "weight_step_size": .number(30),
        "convergence_window": .integer(2), "convergence_deviation": .number(1e6),
      ], engine: engine)
    let count = federation.state.server.mixing.count / federation.data.clientCount
    var learners = Set<Int>()
    for round in 1...5 {
      let before = federation.state.server
      let received = try federation.models(.received)
      var expected: [Int: Learned] = [:]
      for client in federation.clients where round > 1 {
        expected[client] = try learn(
          federation, client: client, round: round, layers: 2, rate: 30,
          passes: learners.contains(client) ? 1 : 3, engine: engine)
        expectClose(
          received[client], expected[client]?.model ?? [], absolute: 1e-6,
          "round \(round), client \(client)")
      }
      let participants = try federation.runRound().participants
      if round > 1 { learners.formUnion(participants) }
      let after = federation.state.server
      for client in federation.clients {
        let row = client * count..<(client + 1) * count
        #expect(after.hasLearned[client] == (learners.contains(client) ? 1 : 0))
        if participants.contains(client), let learned = expected[client] {
          expectClose(
            Array(after.mixing[row]), learned.weights, absolute: 1e-5, "weights of \(client)")
          #expect(after.mixing[row].allSatisfy { (0...1).contains($0) })
          #expect(after.mixing[row].contains { $0 > 0 && $0 < 1 })
        } else {
          #expect(after.mixing[row].bits == before.mixing[row].bits)
        }
      }
    }
    #expect(learners.count > 3)
  }

  @Test("the first learning ends by the deviation of the last losses, with their number as divisor")
  func convergence() throws {
    let small = SmallFederation()
    let engine = try small.engine()
    func afterOneRound(_ options: [String: OptionValue]) throws -> Federation<FedALA> {
      let own: [String: OptionValue] = [
        "weight_step_size": .number(30), "convergence_window": .integer(3),
      ]
      var federation = try small.start(
        FedALA.self, own.merging(options) { $1 }, engine: engine)
      try federation.runRounds(1)
      return federation
    }
    func learned(passes: Int) throws -> Learned {
      try learn(
        afterOneRound([:]), client: 2, round: 2, layers: 1, rate: 30, passes: passes,
        engine: engine)
    }
    func received(deviation: Double, limit: Int = 100) throws -> [Float] {
      try afterOneRound([
        "convergence_deviation": .number(deviation), "first_passes_limit": .integer(limit),
      ]).model(.received, of: 2)
    }
    func isClose(_ found: [Float], passes: Int) throws -> Bool {
      try Closeness(found, learned(passes: passes).model, absolute: 1e-6).isClose
    }
    // Four passes are the fewest. Of them the last three losses count.
    let last = try learned(passes: 4).losses.suffix(3)
    let mean = last.reduce(0, +) / 3
    let squares = last.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let (population, sample) = ((squares / 3).squareRoot(), (squares / 2).squareRoot())
    #expect(try isClose(received(deviation: (population + sample) / 2), passes: 4))
    #expect(try !isClose(received(deviation: population * 0.99), passes: 4))
    #expect(try isClose(received(deviation: 0, limit: 7), passes: 7))
    #expect(try isClose(received(deviation: 0, limit: 2), passes: 2))
    #expect(try !isClose(learned(passes: 7).model, passes: 4))
  }

  @Test("the weights are learned on that share of the training samples")
  func share() throws {
    let federation = try SmallFederation().start(
      FedALA.self, ["sample_share": .number(0.5)])
    let phases = federation.preparationBatches(round: 1, client: 0)
    #expect(phases.map(\.phase) == [.adapt])
    #expect(phases.flatMap(\.batches).map(\.count) == [4, 1])
    let again = federation.preparationBatches(round: 2, client: 0)
    #expect(Set(phases[0].batches.joined()) != Set(again[0].batches.joined()))
  }

  @Test("the average is weighted by samples; a whole model each way")
  func averaging() throws {
    let small = SmallFederation.partial
    var federation = try small.start(FedALA.self)
    try federation.runRounds(1)
    let participants = try federation.runRound().participants
    let total = participants.reduce(0) { $0 + small.trainCounts[$1] }
    let bank = federation.state.bank
    let mean = (0..<bank.parameterCount).map { index in
      participants.reduce(Float(0)) {
        $0 + Float(small.trainCounts[$1]) / Float(total)
          * bank.values[$1 * bank.parameterCount + index]
      }
    }
    expectClose(federation.state.server.global, mean, absolute: 1e-6, "global model")
    let bytes = try 4 * small.sentCount()
    let traffic = federation.method.traffic(of: 0, state: federation.state.server)
    #expect(traffic == Traffic(uplink: bytes, downlink: bytes))
  }

  @Test("more adaptive layers than there are is refused")
  func tooMany() throws {
    #expect(
      throws: FederationError(
        "adaptive_layers: found 5, expected at most 4, the number of layers of the model")
    ) { try SmallFederation().method(FedALA.self, ["adaptive_layers": .integer(5)]) }
  }
}
