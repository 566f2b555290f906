import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("FedFomo")
struct FedFomoTests {
  typealias State = Federation<FedFomo>.State

  /// The mean loss of a model on a client's validation samples.
  private func loss(_ model: [Float], of client: Int, in federation: Federation<FedFomo>) throws
    -> Double
  {
    let samples = federation.preparationBatches(round: 1, client: client)[0].batches[0]
    let images = federation.data.images
    return try SmallFederation().engine().onWorker { network in
      try network.load(model)
      let evaluation = try network.evaluate(samples[...], of: images)
      return evaluation.lossSum / Double(evaluation.count)
    }
  }

  private func base(of client: Int, in state: State) -> [Float] {
    let count = state.bank.parameterCount
    return Array(state.server.bases[client * count..<(client + 1) * count])
  }

  @Test("the first round starts from the initial model")
  func firstRound() throws {
    let small = SmallFederation.partial
    let federation = try small.start(FedFomo.self)
    let initial = try small.setting().initialParameters.bits
    #expect(try federation.models(.received).allSatisfy { $0.bits == initial })
  }

  @Test("a fifth of the samples is for weighing alone, the same ones in every round")
  func validation() throws {
    let federation = try SmallFederation().start(FedFomo.self)
    for client in federation.clients {
      let batches = federation.preparationBatches(round: 1, client: client)
      #expect(batches.map(\.phase) == [.validation] && batches[0].batches.count == 1)
      let samples = Set(batches[0].batches[0])
      #expect(samples.count == 2 && samples.isSubset(of: federation.data.train[client]))
      #expect(federation.preparationBatches(round: 7, client: client) == batches)
      for round in 1...5 {
        let trained = federation.trainingBatches(round: round, client: client)
        #expect(samples.isDisjoint(with: trained.flatMap { $0.batches.joined() }))
      }
    }
  }

  @Test(
    "received models, bases and affinities as the formulas have them",
    arguments: FederationSetting.StatisticsTreatment.allCases)
  func byHand(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    var federation = try small.start(FedFomo.self)
    try federation.runRounds(2)
    let layout = try small.setting().layout
    let trained = layout.layers.flatMap(\.trainedRange)
    let before = federation.state
    let models = try federation.models(.received)
    try federation.runRounds(1)
    var (mixtures, mixed) = (0, 0)
    for client in federation.clients {
      /// The model as the client holds it: with its own statistics where they are local.
      func view(_ model: [Float]) -> [Float] {
        guard statistics == .local else { return model }
        var view = Array(before.bank[client])
        for index in trained { view[index] = model[index] }
        return view
      }
      let base = view(self.base(of: client, in: before))
      let baseLoss = try loss(base, of: client, in: federation)
      let gains = try federation.clients.map { source in
        let candidate = view(Array(before.bank[source]))
        let square = trained.reduce(0.0) {
          $0 + (Double(candidate[$1]) - Double(base[$1]))
            * (Double(candidate[$1]) - Double(base[$1]))
        }
        return try (baseLoss - loss(candidate, of: client, in: federation)) / square.squareRoot()
      }
      let positive = gains.map { max($0, 0) }
      let weights = positive.map { $0 / positive.reduce(0, +) }
      var expected = base.map(Double.init)
      if positive.contains(where: { $0 > 0 }) {
        mixtures += 1
        for index in expected.indices {
          for source in federation.clients {
            expected[index] +=
              weights[source]
              * (Double(view(Array(before.bank[source]))[index]) - Double(base[index]))
          }
        }
      }
      expectClose(models[client].map(Double.init), expected, absolute: 2e-6, "client \(client)")

      // What the participant started from is its next base; its gains go into its affinities.
      #expect(self.base(of: client, in: federation.state).bits == models[client].bits)
      let sum = abs(gains.reduce(0, +))
      // Here the absolute value of the sum is not the sum of the absolute values.
      if gains.contains(where: { $0 > 0 }), gains.contains(where: { $0 < 0 }) { mixed += 1 }
      let row = client * 4..<(client + 1) * 4
      let grown = zip(before.server.affinity[row], gains).map { Double($0) + $1 / sum }
      expectClose(
        federation.state.server.affinity[row].map(Double.init), grown, absolute: 1e-5,
        relative: 1e-5, "affinities of client \(client)")
    }
    #expect(mixtures > 1 && mixed > 0)
  }

  /// A row of affinities of three clients after gains of client 0, from all 0.
  private func affinities(after gains: [Float]) throws -> [Float] {
    var small = SmallFederation()
    small.trainCounts = [10, 10, 10]
    let method = try small.method(FedFomo.self)
    var state = method.initialState()
    state.affinity = [Float](repeating: 0, count: 9)
    let model = try small.setting().initialParameters
    let update = ClientUpdate(
      client: 0, trained: model, trainLoss: 0,
      contribution: FedFomo.Contribution(base: model, gains: gains))
    let bank = ClientBank(clientCount: 3, initial: model)
    method.aggregate([update], into: &state, bank: bank, on: try small.engine())
    #expect(state.affinity[3...].allSatisfy { $0 == 0 })
    return Array(state.affinity[..<3])
  }

  @Test("gains and losses enter the affinities over the absolute value of their sum")
  func gainSums() throws {
    #expect(try affinities(after: [0.5, -0.25, 0.25]) == [1, -0.5, 0.5])
    // A negative sum turns no sign around.
    #expect(try affinities(after: [-0.5, 0.25, 0]) == [-2, 1, 0])
    // Nothing gained, nothing entered.
    #expect(try affinities(after: [0, 0, 0]) == [0, 0, 0])
    // Below 1e-9 the sum is raised by 1e-9, also where it is 0.
    let tiny = try affinities(after: [3e-10, 1e-10, 0])
    expectClose(tiny, [3e-10 / 1.4e-9, 1e-10 / 1.4e-9, 0], absolute: 1e-6, "a tiny sum")
    let cancelled = try affinities(after: [0.25, -0.25, 0])
    expectClose(cancelled, [2.5e8, -2.5e8, 0], absolute: 100, "a sum of 0")
    // What would leave the range of numbers stays.
    let largest = Float.greatestFiniteMagnitude
    #expect(try affinities(after: [largest, -largest, 0]) == [0, 0, 0])
  }

  @Test("only models of clients that have taken part are downloaded, and paid for")
  func uploaded() throws {
    let small = SmallFederation.partial
    var federation = try small.start(FedFomo.self, ["downloaded_models": .integer(50)])
    let bytes = try 4 * small.sentCount()
    var uploaded = Set<Int>()
    var partial = 0
    for round in 1...5 {
      for client in federation.clients {
        let expected = uploaded.union([client]).sorted()
        let state = federation.state.server
        #expect(
          federation.method.candidates(of: client, round: round, state: state) == expected)
        #expect(
          federation.method.traffic(of: client, state: state)
            == Traffic(uplink: bytes, downlink: (expected.count - 1) * bytes))
      }
      if !uploaded.isEmpty, uploaded.count < 7 { partial += 1 }
      uploaded.formUnion(try federation.runRound().participants)
    }
    #expect(partial > 0)
  }

  @Test("affinities start with the client itself; who does not take part keeps base and affinities")
  func nonParticipants() throws {
    var federation = try SmallFederation.partial.start(FedFomo.self)
    #expect(
      federation.state.server.affinity == (0..<49).map { $0 % 8 == 0 ? 0.1 : 0 })
    try federation.runRounds(2)
    for _ in 3...5 {
      let before = federation.state
      let participants = try federation.runRound().participants
      for client in federation.clients {
        let changes =
          federation.state.server.affinity[client * 7..<(client + 1) * 7]
          != before.server.affinity[client * 7..<(client + 1) * 7]
        let moves = base(of: client, in: federation.state) != base(of: client, in: before)
        if !participants.contains(client) { #expect(!changes && !moves) }
        if participants.contains(client) { #expect(changes) }
      }
    }
  }

  @Test("where no candidate is better, the client starts from its base again")
  func noneBetter() throws {
    let small = SmallFederation()
    var federation = try small.start(FedFomo.self)
    try federation.runRounds(3)
    let (initial, trained) = (try small.setting().initialParameters, federation.state.bank)
    for client in federation.clients {
      // Every candidate is the worse one of two models, the base the better one.
      let pair = try [initial, Array(trained[client])].map {
        (model: $0, loss: try loss($0, of: client, in: federation))
      }.sorted { $0.loss < $1.loss }
      try #require(pair[0].loss < pair[1].loss)
      var tensors = federation.method.tensors(of: federation.method.initialState())
      tensors[0] = StateTensor(
        name: "base_models", shape: [4, initial.count],
        values: Array(repeatElement(pair[0].model, count: 4).joined()))
      tensors[2] = StateTensor(name: "has_uploaded", shape: [4], values: [1, 1, 1, 1])
      try federation.restore(
        round: 3, bank: ClientBank(clientCount: 4, initial: pair[1].model), server: tensors)
      #expect(try federation.model(.received, of: client).bits == pair[0].model.bits)
    }
  }

  @Test("the best single candidate is taken bit for bit")
  func single() throws {
    var federation = try SmallFederation().start(FedFomo.self)
    try federation.runRounds(1)
    let (initial, count) = (try SmallFederation().setting().initialParameters, 4)
    // Only the client itself has trained; the others are where they began, at distance 0.
    let trained = federation.state.bank
    var bank = ClientBank(clientCount: count, initial: initial)
    var improvements = 0
    for client in 0..<count {
      let own = Array(trained[client])
      bank.store(own, of: client)
      try federation.restore(
        round: 1, bank: bank,
        server: federation.method.tensors(of: federation.method.initialState()))
      let better =
        try loss(own, of: client, in: federation) < loss(initial, of: client, in: federation)
      #expect(try federation.model(.received, of: client).bits == (better ? own : initial).bits)
      bank.store(initial, of: client)
      if better { improvements += 1 }
    }
    #expect(improvements > 0)
  }

  /// The chosen others of client 2 among seven, round after round.
  private func downloads(
    _ options: [String: OptionValue], affinity: [Float], rounds: ClosedRange<Int> = 1...300
  ) throws -> [[Int]] {
    let method = try SmallFederation.partial.method(FedFomo.self, options)
    var state = method.initialState()
    state.affinity.replaceSubrange(14..<21, with: affinity)
    state.hasUploaded = [Float](repeating: 1, count: 7)
    return rounds.map { round in
      let candidates = method.candidates(of: 2, round: round, state: state)
      #expect(candidates.contains(2) && candidates == candidates.sorted())
      return candidates.filter { $0 != 2 }
    }
  }

  @Test("without exploration the largest affinities are downloaded, ties by lot")
  func greedy() throws {
    let options: [String: OptionValue] = [
      "downloaded_models": .integer(3), "exploration": .number(0),
    ]
    let clear = try downloads(options, affinity: [0.3, -1, 9, 0.2, 0, 0.1, 0.4])
    #expect(clear.allSatisfy { $0 == [0, 3, 6] })
    let tied = try downloads(options, affinity: [0.3, 0, 9, 0, -1, 0, 0.4])
    #expect(Set(tied) == [[0, 1, 6], [0, 3, 6], [0, 5, 6]])
  }

  @Test("exploration downloads at random, less from round to round")
  func exploration() throws {
    let affinity: [Float] = [0.3, -1, 9, 0.2, 0, 0.1, 0.4]
    func options(_ exploration: Double, _ decay: Double) -> [String: OptionValue] {
      [
        "downloaded_models": .integer(1), "exploration": .number(exploration),
        "exploration_decay": .number(decay),
      ]
    }
    let random = try downloads(options(1, 0), affinity: affinity)
    for other in [0, 1, 3, 4, 5, 6] {
      let count = random.filter { $0 == [other] }.count
      #expect((25...80).contains(count), "client \(other): \(count) of 300")
    }
    let half = try downloads(options(0.5, 0), affinity: affinity)
    // The largest affinity, and a sixth of the random ones.
    #expect((145...205).contains(half.filter { $0 == [6] }.count))
    let decaying = try downloads(options(1, 0.01), affinity: affinity)
    #expect(decaying[..<50].filter { $0 == [6] }.count < 30)
    #expect(decaying[100...].allSatisfy { $0 == [6] })
    #expect(decaying[80..<100].filter { $0 == [6] }.count > 10)
  }

  @Test(
    "one model up and the downloads down",
    arguments: FederationSetting.StatisticsTreatment.allCases)
  func traffic(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation.partial
    small.statistics = statistics
    let bytes = try 4 * small.sentCount()
    for (asked, sent) in [(0, 0), (2, 2), (5, 5), (6, 6), (50, 6)] {
      let method = try small.method(FedFomo.self, ["downloaded_models": .integer(asked)])
      var state = method.initialState()
      state.hasUploaded = [Float](repeating: 1, count: 7)
      #expect(
        method.traffic(of: 1, state: state) == Traffic(uplink: bytes, downlink: sent * bytes))
      #expect(method.candidates(of: 1, round: 1, state: state).count == sent + 1)
    }
  }

  @Test("a client with a single training sample is refused")
  func singleSample() throws {
    var small = SmallFederation()
    small.trainCounts[2] = 1
    #expect(
      throws: FederationError(
        "fedfomo: client 2 has 1 training sample, expected at least 2, to train on one and weight "
          + "models with the other; raise partition.samples_per_client")
    ) { try small.method(FedFomo.self) }
  }
}
