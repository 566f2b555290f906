import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("pFedLA")
struct PFedLATests {
  @Test("all weight on the client itself is Local, bit for bit")
  func identityIsLocal() throws {
    let small = SmallFederation.partial
    var personalised = try small.start(
      PFedLA.self,
      [
        "normaliser": .text("relu-sum"), "head_initialisation": .text("zero"),
        "step_size": .number(0),
      ])
    var local = try small.start(Local.self)
    for _ in 1...4 {
      let (record, localRecord) = (try personalised.runRound(), try local.runRound())
      #expect(record.trainLosses.bits == localRecord.trainLosses.bits)
      #expect(personalised.state.bank.values.bits == local.state.bank.values.bits)
      #expect(personalised.receivedModels.map(\.bits) == local.receivedModels.map(\.bits))
    }
  }

  @Test("zero heads under relu-sum would never learn, so they are refused")
  func deadHeads() throws {
    let small = SmallFederation()
    #expect(
      throws: FederationError(
        "head_initialisation: found zero with normaliser relu-sum, under which zero heads never get "
          + "a gradient; expected uniform, or normaliser softmax")
    ) {
      try small.start(
        PFedLA.self,
        [
          "normaliser": .text("relu-sum"), "head_initialisation": .text("zero"),
          "step_size": .number(0.1),
        ])
    }
  }

  @Test("equal weights, equal amounts and all clients are FedAvg")
  func equalWeightsAreAveraging() throws {
    let small = SmallFederation()
    var personalised = try small.start(
      PFedLA.self,
      [
        "normaliser": .text("softmax"), "head_initialisation": .text("zero"),
        "step_size": .number(0),
      ])
    var averaging = try small.start(FedAvg.self)
    for round in 1...3 {
      try personalised.runRounds(1)
      try averaging.runRounds(1)
      #expect(Set(personalised.state.bank.values[..<4]).count > 1)
      for client in personalised.clients {
        expectClose(
          personalised.receivedModels[client], averaging.receivedModels[client], absolute: 1e-6,
          "model received by client \(client) after round \(round)")
      }
    }
  }

  @Test(
    "a small step brings the received model closer to the trained one, its opposite farther",
    arguments: [("softmax", "zero"), ("softmax", "uniform"), ("relu-sum", "uniform")],
    [1, 2, 3, 4] as [UInt64])
  func stepDirection(initial: (normaliser: String, heads: String), seed: UInt64) throws {
    var small = SmallFederation()
    small.configuration.seed = seed
    var federation = try small.start(
      PFedLA.self,
      [
        "normaliser": .text(initial.normaliser), "head_initialisation": .text(initial.heads),
        "step_size": .number(0.001),
      ])
    // Until the rows differ, no weights are better than others.
    try federation.runRounds(2)
    let before = federation.state
    try federation.runRounds(1)
    let after = federation.state
    func parameters(_ server: HypernetworkState) -> [[Float]] {
      federation.clients.map {
        federation.method.hypernetworkParameters(of: $0, state: server) ?? []
      }
    }
    let opposite = federation.method.dense(
      zip(parameters(before.server), parameters(after.server)).map {
        zip($0, $1).map { 2 * $0 - $1 }
      })

    let layout = try small.setting().layout
    for client in federation.clients {
      let trained = Array(after.bank[client])
      func distance(_ server: HypernetworkState) -> Double {
        let received = federation.method.receivedModel(
          of: client, state: server, bank: before.bank)
        return layout.layers.flatMap(\.trainedRange).reduce(0) {
          let difference = Double(received[$1]) - Double(trained[$1])
          return $0 + difference * difference
        }
      }
      #expect(distance(after.server) < distance(before.server))
      #expect(distance(opposite) > distance(before.server))
    }
  }

  @Test(
    "retains no layer and sends a whole model each way",
    arguments: FederationSetting.StatisticsTreatment.allCases)
  func traffic(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    let method = try small.method(
      PFedLA.self, ["normaliser": .text("softmax"), "head_initialisation": .text("zero")])
    let state = method.initialState()
    let bytes = try 4 * small.sentCount()
    #expect(method.traffic(of: 1, state: state) == Traffic(uplink: bytes, downlink: bytes))
    #expect(method.retainedLayers(of: 1, state: state) == nil)
    #expect(
      method.aggregationWeights(of: 1, state: state)
        == [[Float]](repeating: [0.25, 0.25, 0.25, 0.25], count: 4))
  }
}
