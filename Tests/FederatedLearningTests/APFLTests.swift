import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("APFL")
struct APFLTests {
  @Test("with α = 1 the personalised models are Local's, bit for bit")
  func localAlone() throws {
    var small = SmallFederation.partial
    small.optimiser.momentum = 0.5
    small.optimiser.weightDecay = 0.05
    var mixed = try small.start(APFL.self, ["mixing": .number(1)])
    var local = try small.start(Local.self)
    for _ in 1...3 {
      let losses = try mixed.runRound().trainLosses
      #expect(losses.bits == (try local.runRound().trainLosses.bits))
    }
    #expect(mixed.state.bank.values.bits == local.state.bank.values.bits)
  }

  @Test("with α = 0 it is FedAvg for equal counts, bit for bit")
  func globalAlone() throws {
    let small = SmallFederation()
    var mixed = try small.start(APFL.self, ["mixing": .number(0)])
    var averaging = try small.start(FedAvg.self)
    try mixed.runRounds(3)
    try averaging.runRounds(3)
    #expect(mixed.state.server.globalModel.bits == averaging.state.server.bits)
    for client in mixed.clients {
      let (row, expected) = (
        Array(mixed.state.bank[client]), Array(averaging.state.bank[client])
      )
      for layer in try small.setting().layout.layers {
        #expect(row[layer.trainedRange].bits == expected[layer.trainedRange].bits)
      }
    }
    // Local models never move: the mixture's loss does not depend on them.
    let initial = try small.setting().initialParameters
    for tensor in try small.setting().layout.tensors where tensor.role == .trained {
      #expect(mixed.state.server.localModels[tensor.range].bits == initial[tensor.range].bits)
    }
  }

  @Test(
    "the global model is FedAvg's for equal counts, running statistics included, whatever the mixtures do",
    arguments: [0.3, 1], FederationSetting.StatisticsTreatment.allCases)
  func globalStatistics(mixing: Double, statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    small.participation = 0.5
    var mixed = try small.start(APFL.self, ["mixing": .number(mixing)])
    var averaging = try small.start(FedAvg.self)
    var taken: Set<Int> = []
    for _ in 1...4 {
      taken.formUnion(try mixed.runRound().participants)
      _ = try averaging.runRound()
      #expect(
        try mixed.models(.received).map(\.bits) == averaging.models(.received).map(\.bits))
    }
    // The mixtures have their own statistics.
    let slots = try small.setting().layout.tensors.filter { $0.role == .statistic }
      .flatMap { Array($0.range) }
    let received = mixed.receivedModels
    #expect(taken.count > 2)
    for client in taken {
      let trained = mixed.state.bank[client]
      #expect(slots.map { received[client][$0] } != slots.map { trained[$0] })
    }
  }

  @Test("an adaptive α moves from the second round on, and stays in [0, 1]")
  func adaptation() throws {
    let start: Float = 0.95
    var federation = try SmallFederation().start(
      APFL.self, ["mixing": .number(Double(start)), "adaptive_mixing": .text("on")])
    // At first local and global models are the same.
    try federation.runRounds(1)
    #expect(federation.state.server.mixing.allSatisfy { $0 == start })
    var reached: Set<Float> = []
    for _ in 1...12 {
      try federation.runRounds(1)
      #expect(federation.state.server.mixing.allSatisfy { $0 >= 0 && $0 <= 1 && $0 != start })
      reached.formUnion(federation.state.server.mixing)
    }
    #expect(reached.contains(1), "nothing was clipped")
    #expect(reached.contains { $0 < start })

    var fixed = try SmallFederation().start(APFL.self, ["mixing": .number(Double(start))])
    try fixed.runRounds(3)
    #expect(fixed.state.server.mixing.allSatisfy { $0 == start })
  }

  @Test(
    "two steps by hand: both models, their momentum and α with its step size",
    arguments: [0, 0.7])
  func steps(mixingStep: Double) throws {
    var small = SmallFederation()
    small.optimiser.momentum = 0.5
    var federation = try small.start(
      APFL.self,
      [
        "mixing": .number(0.3), "adaptive_mixing": .text("on"),
        "mixing_step_size": .number(mixingStep),
      ])
    try federation.runRounds(2)
    let client = 3
    let received = federation.receivedModels[client]
    let (method, data, state) = (federation.method, federation.data, federation.state)
    let layout = try small.setting().layout
    let count = layout.count
    let batches = Array(federation.trainingBatches(round: 3, client: client)[0].batches.prefix(2))
    let optimiser = small.optimiser
    let rate = optimiser.learningRate
    struct Expected {
      var (version, local, mixture): ([Float], [Float], [Float]) = ([], [], [])
      var mixing: Float = 0
      var lossSum = 0.0
    }
    let (update, expected) = try small.engine().onWorker { network in
      let update = try method.train(
        LocalTask(
          round: 3, client: client, images: data.images,
          phases: [LocalPhase.Batches(.train, batches)],
          optimiser: optimiser),
        received: PreparedModel(parameters: received), state: state.server, bank: state.bank,
        network: network)
      var expected = Expected()
      expected.version = received
      expected.local = Array(state.server.localModels[client * count..<(client + 1) * count])
      expected.mixing = state.server.mixing[client]
      var velocities = [[Float](repeating: 0, count: count), [Float](repeating: 0, count: count)]
      func mixture() -> [Float] {
        var mixture = expected.local
        for layer in layout.layers {
          for index in layer.trainedRange {
            mixture[index] =
              expected.mixing * expected.local[index]
              + (1 - expected.mixing) * expected.version[index]
          }
        }
        return mixture
      }
      for (number, batch) in batches.enumerated() {
        let mixed = mixture()
        try network.load(expected.version)
        _ = try network.computeGradient(batch[...], of: data.images)
        let (versionGradient, versionMoved) = (try network.gradient(), try network.parameters())
        try network.load(mixed)
        expected.lossSum += try network.computeGradient(batch[...], of: data.images)
        let (gradient, moved) = (try network.gradient(), try network.parameters())
        var slope: Float = 0
        for tensor in layout.tensors {
          for index in tensor.range {
            guard tensor.role == .trained else {
              expected.version[index] = versionMoved[index]
              expected.local[index] = moved[index]
              continue
            }
            slope += gradient[index] * (expected.local[index] - expected.version[index])
            velocities[0][index] = 0.5 * velocities[0][index] + versionGradient[index]
            velocities[1][index] =
              0.5 * velocities[1][index] + expected.mixing * gradient[index]
            expected.version[index] -= rate * velocities[0][index]
            expected.local[index] -= rate * velocities[1][index]
          }
        }
        // 0 is the learning rate.
        if number == 0 { expected.mixing -= (mixingStep > 0 ? Float(mixingStep) : rate) * slope }
      }
      expected.mixture = mixture()
      return (update, expected)
    }
    #expect(expected.mixing != state.server.mixing[client])
    expectClose(update.contribution.version, expected.version, absolute: 1e-6, "w")
    expectClose(update.contribution.localModel, expected.local, absolute: 1e-6, "v")
    expectClose(update.contribution.mixing, expected.mixing, absolute: 1e-6, "α")
    expectClose(update.trained, expected.mixture, absolute: 1e-6, "v̄")
    expectClose(update.trainLoss, Float(expected.lossSum / 8), absolute: 1e-5, "loss")
  }

  @Test("the derivative by α is the slope of the mixture's loss")
  func slope() throws {
    let small = SmallFederation()
    let options: [String: OptionValue] = [
      "mixing": .number(0.4), "adaptive_mixing": .text("on"),
    ]
    var federation = try small.start(APFL.self, options)
    try federation.runRounds(1)
    let received = federation.receivedModels[0]
    let (method, data, state) = (federation.method, federation.data, federation.state)
    let layout = try small.setting().layout
    let batch = federation.trainingBatches(round: 2, client: 0)[0].batches[0]
    let optimiser = small.optimiser
    let (mixing, slope) = try small.engine().onWorker { network in
      let mixing = try method.train(
        LocalTask(
          round: 2, client: 0, images: data.images, phases: [LocalPhase.Batches(.train, [batch])],
          optimiser: optimiser),
        received: PreparedModel(parameters: received), state: state.server, bank: state.bank,
        network: network
      ).contribution.mixing
      func loss(_ mixing: Float) throws -> Double {
        var model = received
        for layer in layout.layers {
          for index in layer.trainedRange {
            model[index] =
              mixing * state.server.localModels[index] + (1 - mixing) * received[index]
          }
        }
        try network.load(model)
        return try network.computeGradient(batch[...], of: data.images) / Double(batch.count)
      }
      return (mixing, try (loss(0.41) - loss(0.39)) / 0.02)
    }
    expectClose(
      Double(0.4 - mixing) / Double(optimiser.learningRate), slope, absolute: 1e-3, relative: 0.02,
      "slope")
  }

  @Test("who does not take part keeps its local model and α; all count alike in the average")
  func absorption() throws {
    let small = SmallFederation.partial
    let federation = try small.start(APFL.self)
    let method = federation.method
    var state = federation.state.server
    let before = state
    let count = before.globalModel.count
    method.aggregate(
      [1, 3].map { client in
        ClientUpdate(
          client: client, trained: before.globalModel, trainLoss: 0,
          contribution: APFL.Contribution(
            version: [Float](repeating: Float(client), count: count),
            localModel: [Float](repeating: 7, count: count), mixing: 0.25))
      }, into: &state, bank: federation.state.bank, on: try small.engine())
    #expect(state.globalModel.allSatisfy { $0 == 2 })
    for client in federation.clients {
      let row = client * count..<(client + 1) * count
      let took = [1, 3].contains(client)
      #expect(state.mixing[client] == (took ? 0.25 : 0.5))
      let expected = took ? [Float](repeating: 7, count: count) : Array(before.localModels[row])
      #expect(state.localModels[row].bits == expected.bits)
    }
  }

  @Test(
    "one model each way", arguments: FederationSetting.StatisticsTreatment.allCases)
  func traffic(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    let method = try small.method(APFL.self)
    let bytes = try 4 * small.sentCount()
    #expect(
      method.traffic(of: 0, state: method.initialState())
        == Traffic(uplink: bytes, downlink: bytes))
  }

  @Test("a mixture beyond [0, 1] is refused")
  func beyond() throws {
    #expect(throws: FederationError("mixing: found 1.5, expected a number in 0 … 1")) {
      try SmallFederation().method(APFL.self, ["mixing": .number(1.5)])
    }
  }
}
