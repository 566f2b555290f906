import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("Ditto")
struct DittoTests {
  @Test(
    "without a pull it is Local beside FedAvg, bit for bit",
    arguments: FederationSetting.StatisticsTreatment.allCases)
  func zeroIsLocalBesideAveraging(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation.partial
    small.statistics = statistics
    small.optimiser.momentum = 0.5
    var ditto = try small.start(Ditto.self, ["proximal_strength": .number(0)])
    var local = try small.start(Local.self)
    var averaging = try small.start(FedAvg.self)
    for _ in 1...3 {
      let losses = try ditto.runRound().trainLosses
      #expect(losses.bits == (try local.runRound().trainLosses.bits))
      try averaging.runRounds(1)
    }
    #expect(ditto.state.bank.values.bits == local.state.bank.values.bits)
    #expect(ditto.state.server.count == averaging.state.server.count)
    for layer in try small.setting().layout.layers {
      let sent = statistics == .aggregated ? layer.range : layer.trainedRange
      #expect(ditto.state.server[sent].bits == averaging.state.server[sent].bits)
    }
  }

  @Test("the pull changes the personal models, not the global one")
  func pull() throws {
    var (weak, strong) = try (
      SmallFederation.partial.start(Ditto.self, ["proximal_strength": .number(0.1)]),
      SmallFederation.partial.start(Ditto.self, ["proximal_strength": .number(5)])
    )
    try weak.runRounds(3)
    try strong.runRounds(3)
    #expect(weak.state.server.bits == strong.state.server.bits)
    #expect(weak.state.bank.values.bits != strong.state.bank.values.bits)
  }

  @Test("a stronger pull keeps personal models closer to the received one")
  func strengths() throws {
    let layout = try SmallFederation().setting().layout
    // With rate · λ = 1 a step keeps only the received model and one gradient.
    let distances = try [0.0, 1, 10].map { strength in
      var federation = try SmallFederation().start(
        Ditto.self, ["proximal_strength": .number(strength)])
      try federation.runRounds(2)
      let received = federation.receivedModels
      try federation.runRounds(1)
      return federation.clients.reduce(0.0) { sum, client in
        let personal = Array(federation.state.bank[client])
        return layout.layers.flatMap(\.trainedRange).reduce(sum) {
          let difference = Double(personal[$1] - received[client][$1])
          return $0 + difference * difference
        }
      }
    }
    #expect(distances[0] > 2 * distances[1] && distances[1] > 2 * distances[2])
  }

  @Test("a step of the personal model starts where that stood and is pulled to what was received")
  func step() throws {
    let small = SmallFederation()
    let strength: Float = 3
    var federation = try small.start(
      Ditto.self, ["proximal_strength": .number(Double(strength))])
    try federation.runRounds(2)
    let received = federation.receivedModels[1]
    let own = Array(federation.state.bank[1])
    #expect(received.bits != own.bits)
    let batches = Array(federation.trainingBatches(round: 3, client: 1)[0].batches.prefix(2))
    let rate = small.optimiser.learningRate
    let (method, data, state) = (federation.method, federation.data, federation.state)
    let (trained, expected) = try small.engine().onWorker { network in
      let task = LocalTask(
        round: 3, client: 1, images: data.images, phases: [LocalPhase.Batches(.train, batches)],
        optimiser: StochasticGradientDescent(learningRate: rate))
      let trained = try method.train(
        task, received: PreparedModel(parameters: received), state: state.server, bank: state.bank,
        network: network
      ).trained

      var model = own
      for batch in batches {
        try network.load(model)
        _ = try network.computeGradient(batch[...], of: data.images)
        let gradient = try network.gradient()
        let statistics = try network.parameters()
        for layer in network.layout.layers {
          for index in layer.trainedRange {
            model[index] -= rate * (gradient[index] + strength * (model[index] - received[index]))
          }
          for index in layer.trainedRange.upperBound..<layer.range.upperBound {
            model[index] = statistics[index]
          }
        }
      }
      return (trained, model)
    }
    expectClose(trained, expected, absolute: 1e-6, "two steps of the personal model")
  }

  @Test("what is received is the global model, what is evaluated as trained the personal one")
  func evaluated() throws {
    var federation = try SmallFederation.partial.start(Ditto.self)
    try federation.runRounds(2)
    for client in federation.clients {
      #expect(try federation.model(.received, of: client).bits == federation.state.server.bits)
      #expect(try federation.model(.trained, of: client).bits == federation.state.bank[client].bits)
    }
  }

  @Test(
    "one model each way", arguments: FederationSetting.StatisticsTreatment.allCases)
  func traffic(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    let method = try small.method(Ditto.self)
    let bytes = try 4 * small.sentCount()
    #expect(
      method.traffic(of: 0, state: method.initialState())
        == Traffic(uplink: bytes, downlink: bytes))
  }

  @Test("a pull below 0 is refused")
  func negativePull() throws {
    #expect(
      throws: FederationError(
        "proximal_strength: found -1.0, expected a number in 0 … 1000000")
    ) {
      try SmallFederation().method(Ditto.self, ["proximal_strength": .number(-1)])
    }
  }
}
