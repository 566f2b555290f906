import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("pFedMe")
struct PFedMeTests {
  /// The largest distance of a trained parameter between two models.
  private func distance(_ a: [Float], _ b: [Float]) throws -> Float {
    try SmallFederation().setting().layout.layers.flatMap(\.trainedRange)
      .map { abs(a[$0] - b[$0]) }.max() ?? 0
  }

  @Test("the personal models' distance from what was received shrinks as 1 / λ")
  func envelope() throws {
    let distances = try [100.0, 1000].map { strength in
      var federation = try SmallFederation().start(
        PFedMe.self,
        [
          // The inner problem's own step size solves it at once, and the version all but stays.
          "proximal_strength": .number(strength), "personal_step_size": .number(1 / strength),
          "step_size": .number(1e-12),
        ])
      let received = federation.receivedModels
      try federation.runRounds(1)
      return try federation.clients.map {
        try distance(Array(federation.state.bank[$0]), received[$0])
      }
    }
    for (weak, strong) in zip(distances[0], distances[1]) {
      #expect(weak < 0.05 && weak > 1e-4)
      #expect(abs(weak / strong - 10) < 0.5)
    }
  }

  @Test("a round by hand: K steps of θ on each mini-batch, then one of w towards it")
  func round() throws {
    var small = SmallFederation()
    small.optimiser.weightDecay = 0.1
    // Does not apply to the inner steps.
    small.optimiser.momentum = 0.9
    let (strength, personalStep, step): (Float, Float, Float) = (5, 0.03, 0.06)
    var federation = try small.start(
      PFedMe.self,
      [
        "inner_steps": .integer(3), "proximal_strength": .number(Double(strength)),
        "personal_step_size": .number(Double(personalStep)), "step_size": .number(Double(step)),
      ])
    try federation.runRounds(1)
    let received = federation.receivedModels[1]
    let batches = federation.trainingBatches(round: 2, client: 1)[0].batches
    let (data, layout) = (federation.data, try small.setting().layout)
    let (method, state) = (federation.method, federation.state)
    let optimiser = small.optimiser
    let (update, personal, version, loss) = try small.engine().onWorker { network in
      let update = try method.train(
        LocalTask(
          round: 2, client: 1, images: data.images, phases: [LocalPhase.Batches(.train, batches)],
          optimiser: optimiser),
        received: PreparedModel(parameters: received), state: state.server, bank: state.bank,
        network: network)
      var (personal, version, lossSum) = (received, received, 0.0)
      for batch in batches {
        for inner in 0..<3 {
          try network.load(personal)
          let found = try network.computeGradient(batch[...], of: data.images)
          if inner == 0 { lossSum += found }
          let gradient = try network.gradient()
          let moved = try network.parameters()
          for tensor in layout.tensors {
            for index in tensor.range {
              personal[index] =
                tensor.role == .statistic
                ? moved[index]
                : personal[index] - personalStep
                  * (gradient[index] + 0.1 * personal[index]
                    + strength * (personal[index] - version[index]))
            }
          }
        }
        for tensor in layout.tensors {
          for index in tensor.range {
            version[index] =
              tensor.role == .statistic
              ? personal[index]
              : version[index] - step * strength * (version[index] - personal[index])
          }
        }
      }
      return (update, personal, version, Float(lossSum / 20))
    }
    expectClose(update.trained, personal, absolute: 1e-5, "θ")
    expectClose(update.contribution, version, absolute: 1e-5, "w")
    expectClose(update.trainLoss, loss, absolute: 1e-5, "loss")
  }

  @Test("the server mixes its model with the plain average of the versions")
  func server() throws {
    let small = SmallFederation.partial
    let layout = try small.setting().layout
    func globalModel(_ mixing: Double) throws -> [Float] {
      var federation = try small.start(
        PFedMe.self, ["server_mixing": .number(mixing), "personal_step_size": .number(0.05)])
      try federation.runRounds(1)
      return federation.state.server
    }
    let initial = try small.setting().initialParameters
    #expect(try globalModel(0).bits == initial.bits)
    let average = try globalModel(1)
    #expect(try distance(average, initial) > 1e-3)
    let (half, beyond) = (try globalModel(0.5), try globalModel(2))
    for tensor in layout.tensors {
      // Running statistics do not go beyond the average.
      let size: Float = tensor.role == .trained ? 2 : 1
      expectClose(
        Array(half[tensor.range]),
        zip(initial[tensor.range], average[tensor.range]).map { ($0 + $1) / 2 },
        absolute: 1e-6, "β = 0.5, \(tensor.name)")
      expectClose(
        Array(beyond[tensor.range]),
        zip(initial[tensor.range], average[tensor.range]).map { $0 + size * ($1 - $0) },
        absolute: 1e-6, "β = 2, \(tensor.name)")
    }
  }

  @Test("both step sizes are the run's learning rate unless given")
  func stepSizes() throws {
    var small = SmallFederation()
    small.optimiser.learningRate = 0.03
    let given: [[String: OptionValue]] = [
      [:], ["personal_step_size": .number(0.03), "step_size": .number(0.03)],
      ["personal_step_size": .number(0.02)], ["step_size": .number(0.02)],
    ]
    let states = try given.map {
      var federation = try small.start(PFedMe.self, $0)
      try federation.runRounds(2)
      return (federation.state.bank.values.bits, federation.state.server.bits)
    }
    #expect(states[0] == states[1])
    #expect(states[0] != states[2] && states[0] != states[3])
  }

  @Test(
    "in the average clients count alike, or by their samples",
    arguments: [("equal", 1.5), ("samples", 3 * 4 / 14)] as [(String, Float)])
  func weights(averaging: String, mean: Float) throws {
    let small = SmallFederation.partial
    #expect(small.trainCounts[0] == 10 && small.trainCounts[3] == 4)
    let federation = try small.start(PFedMe.self, ["averaging": .text(averaging)])
    let method = federation.method
    let initial = federation.state.server
    let updates = [0, 3].map { client in
      ClientUpdate(
        client: client, trained: initial, trainLoss: 0,
        contribution: [Float](repeating: Float(client), count: initial.count))
    }
    var state = initial
    method.aggregate(
      updates, into: &state, bank: federation.state.bank, on: try small.engine())
    #expect(state.allSatisfy { abs($0 - mean) < 1e-6 })
  }

  @Test("what is received is the global model, what is evaluated as trained the personal one")
  func evaluated() throws {
    var federation = try SmallFederation.partial.start(PFedMe.self)
    try federation.runRounds(2)
    for client in federation.clients {
      #expect(try federation.model(.received, of: client).bits == federation.state.server.bits)
      #expect(try federation.model(.trained, of: client).bits == federation.state.bank[client].bits)
      #expect(federation.state.bank[client].bits != federation.state.server.bits)
    }
  }

  @Test(
    "one model each way", arguments: FederationSetting.StatisticsTreatment.allCases)
  func traffic(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    let method = try small.method(PFedMe.self)
    let bytes = try 4 * small.sentCount()
    #expect(
      method.traffic(of: 0, state: method.initialState())
        == Traffic(uplink: bytes, downlink: bytes))
  }

  @Test("no inner step is refused")
  func noInnerStep() throws {
    #expect(
      throws: FederationError("inner_steps: found 0, expected a whole number in 1 … 10000")
    ) {
      try SmallFederation().method(PFedMe.self, ["inner_steps": .integer(0)])
    }
  }
}
