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
    small.seed = seed
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
        federation.method.hypernetworkParameters(of: $0, state: server)
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

  /// The gradient that each participant of a round gives its hypernetwork, after the updates were changed.
  private func gradients<Method: FederatedMethod>(
    _ method: Method, _ federation: Federation<PFedLA>, bank: ClientBank,
    changing: ([Float]) -> [Float] = { $0 }
  ) throws -> [AggregationHypernetwork.Gradient]
  where Method.Contribution == HypernetworkContribution, Method.ServerState == HypernetworkState {
    var rounds = federation
    let before = federation.state
    try rounds.runRounds(1)
    let updates = federation.clients.map { client in
      let trained = Array(rounds.state.bank[client])
      let received = federation.method.receivedModel(
        of: client, state: before.server, bank: before.bank)
      return ClientUpdate(
        client: client, trained: trained, trainLoss: 0,
        contribution: HypernetworkContribution(
          change: changing(zip(trained, received).map { $0 - $1 })))
    }
    return method.preprocess(updates, state: before.server, bank: bank).compactMap {
      $0.contribution.gradient
    }
  }

  /// A federation of two rounds, so that clients' models differ.
  private func begun() throws -> Federation<PFedLA> {
    var federation = try SmallFederation().start(
      PFedLA.self, ["head_initialisation": .text("uniform"), "step_size": .number(1)])
    try federation.runRounds(2)
    return federation
  }

  private static let normed: [String: OptionValue] = [
    "head_initialisation": .text("uniform"), "gradient_scaling": .text("model-norm"),
  ]

  @Test("model-norm divides every layer's gradient by the squared norm of the whole model's change")
  func modelNorm() throws {
    let small = SmallFederation()
    let federation = try begun()
    let bank = federation.state.bank
    let plain = try gradients(federation.method, federation, bank: bank)
    let normed = try gradients(small.method(PFedLA.self, Self.normed), federation, bank: bank)
    var rounds = federation
    try rounds.runRounds(1)
    let trainedColumns = try small.setting().layout.layers.flatMap(\.trainedRange)
    for client in federation.clients {
      let received = federation.receivedModels[client]
      let square = trainedColumns.reduce(0.0) {
        let change = Double(rounds.state.bank[client][$1]) - Double(received[$1])
        return $0 + change * change
      }
      #expect(abs(square - 1) > 0.01)
      for (found, expected) in [
        (normed[client].outputs, plain[client].outputs), (normed[client].base, plain[client].base),
      ] {
        #expect(expected.contains { $0 != 0 })
        expectClose(
          found.map(Double.init), expected.map { Double($0) / square }, absolute: 1e-7,
          relative: 1e-4, "client \(client)")
      }
      #expect(normed[client].headInput.bits == plain[client].headInput.bits)
    }
    // Layers that a client retains count in the norm anyway.
    var options = Self.normed
    options["retained_layers"] = .integer(1)
    let heuristic = try gradients(
      small.method(HeurpFedLA.self, options), federation, bank: bank)
    for (found, all) in zip(heuristic, normed) {
      let (found, all) = (found.outputs.rows(of: 4), all.outputs.rows(of: 4))
      let kept = found.indices.filter { layer in found[layer].allSatisfy { $0 == 0 } }
      #expect(kept.count == 1)
      for layer in found.indices where !kept.contains(layer) {
        #expect(found[layer].bits == all[layer].bits)
      }
    }
  }

  @Test(
    "local training that goes c times as far gives the same step under model-norm, c² times it without",
    arguments: [0.25, 8] as [Float])
  func scaleInvariance(factor: Float) throws {
    let small = SmallFederation()
    let federation = try begun()
    let bank = federation.state.bank
    // All clients' models c times as far from client 0's, and the change c times as large.
    let rows = bank.rows.map { Array($0) }
    let spread = try ClientBank(
      parameterCount: bank.parameterCount,
      rows: rows.map { row in zip(row, rows[0]).map { $1 + factor * ($0 - $1) } })
    func expectFactor(
      _ expected: Float, _ method: PFedLA, bank changed: ClientBank, _ what: String
    ) throws {
      let before = try gradients(method, federation, bank: bank)
      let after = try gradients(method, federation, bank: changed) { $0.map { factor * $0 } }
      for (before, after) in zip(before, after) {
        let scaled = (before.outputs + before.base).map { expected * $0 }
        let largest = scaled.map { abs($0) }.max() ?? 0
        #expect(largest > 0)
        expectClose(after.outputs + after.base, scaled, absolute: 2e-4 * Double(largest), what)
      }
    }
    let normed = try small.method(PFedLA.self, Self.normed)
    try expectFactor(1, normed, bank: spread, "model-norm")
    try expectFactor(factor * factor, federation.method, bank: spread, "none")
    // If only the change grows and the models stay, the step is 1 / c times as large.
    try expectFactor(1 / factor, normed, bank: bank, "model-norm, change alone")
  }

  @Test(
    "a change without a norm makes no step under model-norm",
    arguments: [0, Float.infinity, Float.nan])
  func zeroChange(value: Float) throws {
    let federation = try begun()
    let method = try SmallFederation().method(PFedLA.self, Self.normed)
    let found = try gradients(method, federation, bank: federation.state.bank) {
      $0.map { _ in value }
    }
    #expect(found.count == 4)
    for gradient in found {
      #expect(gradient.outputs.allSatisfy { $0 == 0 } && gradient.base.allSatisfy { $0 == 0 })
    }
    let updates = zip(federation.clients, found).map {
      ClientUpdate(
        client: $0, trained: [], trainLoss: 0, contribution: HypernetworkContribution(gradient: $1))
    }
    var state = federation.state.server
    try method.aggregate(
      updates, into: &state, bank: federation.state.bank, on: try SmallFederation().engine())
    #expect(state == federation.state.server)
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
    #expect(method.retention == nil)
    #expect(
      method.aggregationWeights(of: 1, state: state)
        == [[Float]](repeating: [0.25, 0.25, 0.25, 0.25], count: 4))
  }
}
