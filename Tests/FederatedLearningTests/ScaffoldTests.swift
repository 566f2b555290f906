import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("SCAFFOLD")
struct ScaffoldTests {
  @Test("the first round, with controls of 0, is FedAvg's for equal counts, bit for bit")
  func firstRound() throws {
    let small = SmallFederation()
    var controlled = try small.start(Scaffold.self)
    var averaging = try small.start(FedAvg.self)
    try controlled.runRounds(1)
    try averaging.runRounds(1)
    #expect(controlled.state.server.globalModel.bits == averaging.state.server.bits)
    #expect(controlled.state.bank.values.bits == averaging.state.bank.values.bits)
    // From then on the controls count.
    try controlled.runRounds(1)
    try averaging.runRounds(1)
    #expect(controlled.state.server.globalModel.bits != averaging.state.server.bits)
  }

  @Test("the server's control is the mean of the clients', whoever took part")
  func meanControl() throws {
    for small in [SmallFederation(), .partial] {
      var federation = try small.start(Scaffold.self)
      for _ in 1...4 {
        try federation.runRounds(1)
        let state = federation.state.server
        let (clients, count) = (federation.data.clientCount, state.serverControl.count)
        let mean = (0..<count).map { index in
          (0..<clients).reduce(0.0) { $0 + Double(state.clientControls[$1 * count + index]) }
            / Double(clients)
        }
        #expect(mean.contains { abs($0) > 1e-2 })
        expectClose(state.serverControl.map(Double.init), mean, absolute: 1e-6, "server's control")
      }
    }
  }

  @Test("running statistics have no control, and who has not taken part has none either")
  func noControl() throws {
    var federation = try SmallFederation.partial.start(Scaffold.self)
    let participants = try federation.runRound().participants
    let state = federation.state.server
    let layout = try SmallFederation.partial.setting().layout
    for client in federation.clients {
      let control = Array(state.clientControls[client * layout.count..<(client + 1) * layout.count])
      #expect(control.contains { $0 != 0 } == participants.contains(client))
      for tensor in layout.tensors where tensor.role == .statistic {
        #expect(control[tensor.range].allSatisfy { $0 == 0 })
      }
    }
  }

  @Test("in the second round the gradients are corrected by c − c_i, and c_i⁺ follows option II")
  func secondRound() throws {
    let small = SmallFederation()
    var federation = try small.start(Scaffold.self)
    try federation.runRounds(1)
    let (data, state, bank) = (federation.data, federation.state.server, federation.state.bank)
    let method = federation.method
    let client = 2
    let received = federation.receivedModels[client]
    let rate = small.optimiser.learningRate
    let batches = Array(federation.trainingBatches(round: 2, client: client)[0].batches.prefix(2))
    let count = received.count
    let own = Array(state.clientControls[client * count..<(client + 1) * count])
    let control = state.serverControl
    let (update, trained, controlled) = try small.engine().onWorker { network in
      let task = LocalTask(
        round: 2, client: client, images: data.images,
        phases: [LocalPhase.Batches(.train, batches)],
        optimiser: StochasticGradientDescent(learningRate: rate))
      let update = try method.train(
        task, received: PreparedModel(parameters: received), state: state, bank: bank,
        network: network)

      var model = received
      var controlled = [Float](repeating: 0, count: count)
      for batch in batches {
        try network.load(model)
        _ = try network.computeGradient(batch[...], of: data.images)
        let gradient = try network.gradient()
        let statistics = try network.parameters()
        for layer in network.layout.layers {
          for index in layer.trainedRange {
            model[index] -= rate * (gradient[index] - own[index] + control[index])
            // Over plain steps, (x − y_i) / (K η_l) is the mean of the corrected gradients, so that
            // c_i⁺ is the mean of the gradients themselves.
            controlled[index] += gradient[index] / Float(batches.count)
          }
          for index in layer.trainedRange.upperBound..<layer.range.upperBound {
            model[index] = statistics[index]
          }
        }
      }
      return (update, model, controlled)
    }
    expectClose(update.trained, trained, absolute: 1e-6, "two corrected steps")
    expectClose(update.contribution, controlled, absolute: 1e-5, "the client's control")
  }

  @Test("the server steps by η_g from its model towards the plain average")
  func serverStep() throws {
    let size = 2.5
    var federation = try SmallFederation.partial.start(
      Scaffold.self, ["server_step_size": .number(size)])
    let layout = try SmallFederation.partial.setting().layout
    for _ in 1...2 {
      let before = federation.state.server.globalModel
      let participants = try federation.runRound().participants
      var expected = before.map(Double.init)
      for tensor in layout.tensors {
        for index in tensor.range {
          let change = participants.reduce(0.0) {
            $0 + Double(federation.state.bank[$1][federation.state.bank[$1].startIndex + index])
              - Double(before[index])
          }
          // Running statistics are averaged.
          expected[index] +=
            (tensor.role == .trained ? size : 1) * change / Double(participants.count)
        }
      }
      expectClose(
        federation.state.server.globalModel.map(Double.init), expected, absolute: 1e-5,
        "global model")
    }
  }

  @Test(
    "a model and a control variate each way",
    arguments: FederationSetting.StatisticsTreatment.allCases)
  func traffic(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    let method = try small.method(Scaffold.self)
    let bytes = try 4 * (small.sentCount() + small.setting().layout.trainedCount)
    #expect(
      method.traffic(of: 0, state: method.initialState())
        == Traffic(uplink: bytes, downlink: bytes))
  }

  @Test("a negative server step is refused")
  func negativeStep() throws {
    #expect(
      throws: FederationError(
        "server_step_size: found -1.0, expected a number in 0 … 1000000")
    ) {
      try SmallFederation().method(Scaffold.self, ["server_step_size": .number(-1)])
    }
  }
}
