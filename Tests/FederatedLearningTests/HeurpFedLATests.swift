import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("HeurpFedLA")
struct HeurpFedLATests {
  /// Equal weights, from a hypernetwork small enough to know its parameters: an embedding of one,
  /// no hidden layer, and for each layer of the model as many weights and then biases as clients.
  static let bare: [String: OptionValue] = [
    "embedding_size": .integer(1), "hidden_sizes": .integers([]), "normaliser": .text("softmax"),
    "head_initialisation": .text("zero"), "step_size": .number(0.1),
  ]

  @Test("with every layer retained it is Local, bit for bit")
  func allRetainedIsLocal() throws {
    let small = SmallFederation.partial
    var heuristic = try small.start(
      HeurpFedLA.self, ["retained_layers": .integer(4), "head_initialisation": .text("uniform")])
    var local = try small.start(Local.self)
    let hypernetworks = heuristic.state.server
    for _ in 1...4 {
      let (record, localRecord) = (try heuristic.runRound(), try local.runRound())
      #expect(record.trainLosses.bits == localRecord.trainLosses.bits)
      #expect(heuristic.state.bank.values.bits == local.state.bank.values.bits)
      #expect(heuristic.receivedModels.map(\.bits) == local.receivedModels.map(\.bits))
    }
    // No layer depends on the weights, so none gives a gradient.
    #expect(heuristic.state.server == hypernetworks)
  }

  @Test("without retained layers it is pFedLA, bit for bit")
  func noneRetainedIsPFedLA() throws {
    let small = SmallFederation.partial
    var heuristic = try small.start(HeurpFedLA.self, ["retained_layers": .integer(0)])
    var personalised = try small.start(PFedLA.self)
    for _ in 1...4 {
      let (record, other) = (try heuristic.runRound(), try personalised.runRound())
      #expect(record.trainLosses.bits == other.trainLosses.bits)
      #expect(record.traffic == other.traffic)
      #expect(Snapshot(heuristic) == Snapshot(personalised))
      #expect(heuristic.receivedModels.map(\.bits) == personalised.receivedModels.map(\.bits))
    }
  }

  @Test("of layers with the same self weight the lower ones are retained", arguments: 0...4)
  func ties(count: Int) throws {
    var options = Self.bare
    options["retained_layers"] = .integer(count)
    let method = try SmallFederation().method(HeurpFedLA.self, options)
    #expect(
      method.retainedLayers(of: 2, state: method.initialState()) == (0..<4).map { $0 < count })
  }

  @Test(
    "the layer with the largest self weight is retained, not sent, and stays the client's own",
    arguments: FederationSetting.StatisticsTreatment.allCases, 0..<4)
  func retained(statistics: FederationSetting.StatisticsTreatment, layer: Int) throws {
    var small = SmallFederation()
    small.statistics = statistics
    var federation = try small.start(HeurpFedLA.self, Self.bare)
    try federation.runRounds(1)

    // Client 2's own output is larger in one layer; client 0's is smaller there, and must not count.
    let (client, clients) = (2, 4)
    let layerStride = 2 * clients
    var server = federation.method.initialState()
    var parameters = federation.method.hypernetworkParameters(of: client, state: server)
    for index in 0..<4 {
      let biases = 1 + index * layerStride + clients
      parameters[biases + client] = index == layer ? 2 : 1
      parameters[biases] = index == layer ? 0 : 0.5
    }
    server.clients[client] = federation.method.dense([parameters]).clients[0]
    let retained = (0..<4).map { $0 == layer }
    #expect(federation.method.retainedLayers(of: client, state: server) == retained)

    let layout = try small.setting().layout
    let range = layout.layers[layer].range
    let sentCount = try small.sentCount()
    let kept = statistics == .aggregated ? range : layout.layers[layer].trainedRange
    #expect(
      federation.method.traffic(of: client, state: server)
        == Traffic(
          uplink: 4 * sentCount, downlink: 4 * (sentCount - kept.count)))

    let received = federation.method.receivedModel(
      of: client, state: server, bank: federation.state.bank)
    let own = Array(federation.state.bank[client])
    #expect(received[range].bits == own[range].bits)
    for (index, other) in layout.layers.enumerated() where index != layer {
      #expect(received[other.trainedRange].bits != own[other.trainedRange].bits, "layer \(index)")
    }
  }

  @Test("a round's record has the traffic of the state that it started from")
  func recordedTraffic() throws {
    var federation = try SmallFederation.partial.start(HeurpFedLA.self, ["step_size": .number(10)])
    var changes = 0
    for _ in 1...4 {
      let before = federation.state.server
      let record = try federation.runRound()
      func traffic(_ state: HypernetworkState) -> [Traffic] {
        record.participants.map { federation.method.traffic(of: $0, state: state) }
      }
      #expect(record.traffic == traffic(before))
      if traffic(federation.state.server) != traffic(before) { changes += 1 }
    }
    #expect(changes > 0)
  }

  @Test("retained layers give a gradient only where it is passed", arguments: ["none", "passed"])
  func retainedGradient(setting: String) throws {
    let small = SmallFederation()
    var options = Self.bare
    options["retained_gradient"] = .text(setting)
    var federation = try small.start(HeurpFedLA.self, options)
    try federation.runRounds(1)
    // Equal weights again: the first layer is retained, and now the rows differ.
    try federation.restore(
      round: 1, bank: federation.state.bank,
      server: federation.method.tensors(of: federation.method.initialState()))
    let before = federation.state
    try federation.runRounds(1)

    let layout = try small.setting().layout
    for client in federation.clients {
      let received = federation.method.receivedModel(
        of: client, state: before.server, bank: before.bank)
      let change = zip(federation.state.bank[client], received).map { $0 - $1 }
      for (index, layer) in layout.layers.enumerated() {
        let products = before.bank.innerProducts(with: [change], columns: layer.trainedRange)[0]
        // From equal weights, softmax gives (product − mean) / 4 to each output's bias.
        let mean = products.reduce(0, +) / 4
        let expected = products.map {
          index == 0 && setting == "none" ? 0 : 0.1 * ($0 - mean) / 4
        }
        let biases = 1 + index * 8 + 4
        let parameters = federation.method.hypernetworkParameters(
          of: client, state: federation.state.server)
        let found = parameters[biases..<biases + 4].map(Double.init)
        expectClose(
          found, expected, absolute: 1e-7, relative: 1e-4, "client \(client), layer \(index)")
        #expect(found.contains { $0 != 0 } == (index != 0 || setting == "passed"))
      }
    }
  }

  @Test("more retained layers than the model has are an error")
  func tooMany() {
    #expect(
      throws: FederationError(
        "retained_layers: found 5, expected at most 4, the number of layers of the model")
    ) {
      try SmallFederation().method(HeurpFedLA.self, ["retained_layers": .integer(5)])
    }
  }
}
