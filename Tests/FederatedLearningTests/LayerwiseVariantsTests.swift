import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("Variants of pFedLA")
struct LayerwiseVariantsTests {
  private static let learning: [String: OptionValue] = [
    "head_initialisation": .text("uniform"), "step_size": .number(0.1),
  ]

  private static func options(_ changes: [String: OptionValue]) -> [String: OptionValue] {
    learning.merging(changes) { $1 }
  }

  /// What an option's value is if nobody names it.
  private static let defaults: [String: OptionValue] = [
    "hypernetwork_step": .text("downhill"), "stored_model": .text("trained"),
    "weights": .text("hypernetwork"),
  ]

  @Test("named defaults are the paper's algorithm, bit for bit, and not part of a cell's name")
  func defaults() throws {
    let small = SmallFederation.partial
    var named = try small.start(PFedLA.self, Self.options(Self.defaults))
    var usual = try small.start(PFedLA.self, Self.learning)
    try named.runRounds(3)
    try usual.runRounds(3)
    #expect(Snapshot(named) == Snapshot(usual))
    for method in [PFedLA.information, HeurpFedLA.information] {
      for (key, value) in Self.defaults {
        let option = method.options.first { $0.key == key }
        #expect(option?.neutralValue == value && option?.defaultValue == value, "\(key)")
      }
    }
  }

  // MARK: hypernetwork_step

  @Test("frozen hypernetworks keep their weights over rounds, as a step size of 0 does")
  func frozen() throws {
    let small = SmallFederation.partial
    var frozen = try small.start(
      PFedLA.self, Self.options(["hypernetwork_step": .text("frozen")]))
    var still = try small.start(PFedLA.self, Self.options(["step_size": .number(0)]))
    let start = frozen.state.server
    func weights() -> [[[UInt32]]] {
      frozen.clients.map {
        frozen.method.aggregationWeights(of: $0, state: frozen.state.server).map(\.bits)
      }
    }
    let before = weights()
    #expect(Set(before.joined()).count > 1)
    for _ in 1...3 {
      try frozen.runRounds(1)
      try still.runRounds(1)
      #expect(weights() == before)
      #expect(frozen.state.server == start)
    }
    #expect(Snapshot(frozen) == Snapshot(still))
  }

  @Test("frozen hypernetworks need no gradient, so that relu-sum may have zero heads: Local")
  func frozenLocal() throws {
    let small = SmallFederation.partial
    var frozen = try small.start(
      PFedLA.self,
      ["normaliser": .text("relu-sum"), "hypernetwork_step": .text("frozen")])
    var local = try small.start(Local.self)
    try frozen.runRounds(3)
    try local.runRounds(3)
    #expect(frozen.state.bank.values.bits == local.state.bank.values.bits)
  }

  @Test(
    "one step uphill is the opposite of one downhill, and leads away from the trained model",
    arguments: ["hypernetwork", "direct"])
  func uphill(weights: String) throws {
    let small = SmallFederation()
    let options = Self.options(["step_size": .number(0.05), "weights": .text(weights)])
    var downhill = try small.start(PFedLA.self, options)
    try downhill.runRounds(2)
    var uphill = try small.start(
      PFedLA.self, options.merging(["hypernetwork_step": .text("uphill")]) { $1 })
    let before = downhill.state
    try uphill.restore(
      round: 2, bank: before.bank, server: downhill.method.tensors(of: before.server))
    try downhill.runRounds(1)
    try uphill.runRounds(1)
    #expect(downhill.state.bank.values.bits == uphill.state.bank.values.bits)
    let layout = try small.setting().layout
    for client in downhill.clients {
      func parameters(_ state: HypernetworkState) -> [Double] {
        downhill.method.hypernetworkParameters(of: client, state: state).map(Double.init)
      }
      let start = parameters(before.server)
      let (down, up) = (parameters(downhill.state.server), parameters(uphill.state.server))
      #expect(zip(down, start).contains { abs($0 - $1) > 1e-5 })
      expectClose(
        zip(up, start).map { $0 - $1 }, zip(down, start).map { $1 - $0 }, absolute: 5e-7,
        "client \(client)")
      func distance(_ state: HypernetworkState) -> Double {
        let received = downhill.method.receivedModel(of: client, state: state, bank: before.bank)
        return layout.layers.flatMap(\.trainedRange).reduce(0) {
          let difference = Double(received[$1]) - Double(downhill.state.bank[client][$1])
          return $0 + difference * difference
        }
      }
      #expect(distance(downhill.state.server) < distance(before.server))
      #expect(distance(uphill.state.server) > distance(before.server))
    }
  }

  // MARK: weights

  @Test(
    "direct weights start as the hypernetwork's",
    arguments: [("softmax", "zero"), ("softmax", "uniform"), ("relu-sum", "uniform")])
  func directStart(initial: (normaliser: String, heads: String)) throws {
    let small = SmallFederation.partial
    let options: [String: OptionValue] = [
      "normaliser": .text(initial.normaliser), "head_initialisation": .text(initial.heads),
    ]
    var network = try small.start(PFedLA.self, options)
    var direct = try small.start(
      PFedLA.self, options.merging(["weights": .text("direct")]) { $1 })
    for client in network.clients {
      #expect(
        direct.method.aggregationWeights(of: client, state: direct.state.server).map(\.bits)
          == network.method.aggregationWeights(of: client, state: network.state.server).map(\.bits)
      )
    }
    // The first round trains the same models; then the weights part.
    try network.runRounds(1)
    try direct.runRounds(1)
    #expect(direct.state.bank.values.bits == network.state.bank.values.bits)
    try network.runRounds(2)
    try direct.runRounds(2)
    #expect(direct.state.bank.values.bits != network.state.bank.values.bits)
    #expect(
      direct.method.hypernetworkTensors.map(\.name)
        == ["conv1", "bn1", "fc1", "fc2"].map { "head.\($0).bias" })
  }

  @Test("direct weights step by β times the normaliser's gradient of ⟨θ_j, Δθ_i⟩")
  func directStep() throws {
    let small = SmallFederation()
    var federation = try small.start(
      PFedLA.self, ["weights": .text("direct"), "step_size": .number(0.1)])
    try federation.runRounds(1)
    // Equal weights again: now the rows differ.
    try federation.restore(
      round: 1, bank: federation.state.bank,
      server: federation.method.tensors(of: federation.method.initialState()))
    let before = federation.state
    try federation.runRounds(1)
    for client in federation.clients {
      let received = federation.method.receivedModel(
        of: client, state: before.server, bank: before.bank)
      let change = zip(federation.state.bank[client], received).map { $0 - $1 }
      let found = federation.method.hypernetworkParameters(
        of: client, state: federation.state.server
      ).rows(of: 4)
      #expect(found.count == 4)
      for (layer, found) in zip(try small.setting().layout.layers, found) {
        let products = (0..<4).map { source in
          layer.trainedRange.reduce(0.0) {
            $0 + Double(before.bank[source][$1]) * Double(change[$1])
          }
        }
        let mean = products.reduce(0, +) / 4
        #expect(found.contains { $0 != 0 })
        expectClose(
          found.map(Double.init), products.map { 0.1 * ($0 - mean) / 4 }, absolute: 1e-6,
          relative: 1e-3, "client \(client), layer \(layer.name)")
      }
    }
  }

  @Test("direct weights survive a checkpoint", arguments: ["zero", "uniform"])
  func directCheckpoint(heads: String) throws {
    let small = SmallFederation.partial
    let options: [String: OptionValue] = [
      "weights": .text("direct"), "head_initialisation": .text(heads),
    ]
    var federation = try small.start(HeurpFedLA.self, options)
    try federation.runRounds(2)
    let tensors = federation.tensors
    #expect(tensors.allSatisfy { !$0.shape.dropFirst().contains(0) })
    #expect(try federation.method.state(from: tensors) == federation.state.server)
    #expect(federation.state.server.clients.contains { $0 != nil })
    #expect(
      tensors.reduce(0) { $0 + $1.values.count }
        <= federation.method.stateValueCount(participations: 8) + 2 * federation.clients.count)
  }

  @Test("direct weights that would never learn are refused")
  func directDead() throws {
    #expect(throws: FederationError.self) {
      try SmallFederation().method(
        PFedLA.self, ["weights": .text("direct"), "normaliser": .text("relu-sum")])
    }
  }

  // MARK: stored_model

  @Test(
    "old-plus-update stores the old stored model plus what training changed",
    arguments: FederationSetting.StatisticsTreatment.allCases)
  func storedModel(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation.partial
    small.statistics = statistics
    let options = Self.options(["stored_model": .text("old-plus-update")])
    var federation = try small.start(PFedLA.self, options)
    try federation.runRounds(2)
    let before = federation.state
    let usual = try small.method(PFedLA.self, Self.learning)
    let layout = try small.setting().layout
    let participants = try federation.runRound().participants
    for client in participants {
      let received = federation.method.receivedModel(
        of: client, state: before.server, bank: before.bank)
      let task = LocalTask(
        round: 3, client: client, images: federation.data.images,
        phases: federation.trainingBatches(round: 3, client: client), optimiser: small.optimiser)
      let trained = try small.engine().onWorker { network in
        try usual.train(
          task, received: PreparedModel(parameters: received), state: before.server,
          bank: before.bank, network: network
        ).trained
      }
      var expected = trained
      for index in layout.layers.flatMap(\.trainedRange) {
        expected[index] = before.bank[client][index] + (trained[index] - received[index])
      }
      #expect(federation.state.bank[client].bits == expected.bits)
      #expect(expected.bits != trained.bits)
      // What is stored is what is evaluated as trained.
      #expect(try federation.model(.trained, of: client).bits == expected.bits)
    }
    for client in federation.clients where !participants.contains(client) {
      #expect(federation.state.bank[client].bits == before.bank[client].bits)
    }
  }
}
