import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("FedAPA")
struct FedAPATests {
  private func row(_ federation: Federation<FedAPA>, of client: Int) -> [[Float]] {
    federation.method.aggregationWeights(of: client, state: federation.state.server)
  }

  @Test("without steps, and with all layers in the head, it is Local, bit for bit")
  func isLocal() throws {
    for options in [["weight_step_size": .number(0)], ["head_layers": .integer(4)]]
      as [[String: OptionValue]]
    {
      var adaptive = try SmallFederation.partial.start(FedAPA.self, options)
      var local = try SmallFederation.partial.start(Local.self)
      try adaptive.runRounds(3)
      try local.runRounds(3)
      #expect(adaptive.state.bank.values.bits == local.state.bank.values.bits)
      #expect(adaptive.receivedModels.map(\.bits) == local.receivedModels.map(\.bits))
    }
  }

  @Test("rows sum to 1 in the body, and the head is the client's own")
  func rows() throws {
    var federation = try SmallFederation.partial.start(
      FedAPA.self, ["weight_step_size": .number(0.1)])
    try federation.runRounds(3)
    var shared = 0
    for client in federation.clients {
      let rows = row(federation, of: client)
      #expect(rows.count == 4)
      #expect(rows[..<3].allSatisfy { $0.bits == rows[0].bits })
      expectClose(rows[0].reduce(0, +), 1, absolute: 1e-6, "sum")
      #expect(rows[0].allSatisfy { $0 >= 0 && $0 <= rows[0][client] })
      #expect(rows[3] == federation.clients.map { $0 == client ? 1 : 0 })
      if rows[0][client] < 1 { shared += 1 }
      let head = try SmallFederation.partial.setting().layout.layers[3].range
      #expect(
        federation.receivedModels[client][head].bits == federation.state.bank[client][head].bits)
    }
    #expect(shared > 0)
  }

  @Test(
    "a step is η ⟨θ_j, θ_i − θ̄_i⟩ over the body, clamped",
    arguments: FederationSetting.StatisticsTreatment.allCases)
  func step(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    let rate = 0.05
    var federation = try small.start(FedAPA.self, ["weight_step_size": .number(rate)])
    try federation.runRounds(2)
    let before = federation.state
    let rows = federation.clients.map { row(federation, of: $0)[0] }
    let received = federation.receivedModels
    try federation.runRounds(1)
    let body = try small.setting().layout.layers[..<3]
    var moved = 0
    for client in federation.clients {
      let change = zip(federation.state.bank[client], received[client]).map {
        Double($0) - Double($1)
      }
      let expected = federation.clients.map { source in
        let product = body.flatMap(\.trainedRange).reduce(0.0) {
          $0 + Double(before.bank[source][$1]) * change[$1]
        }
        let value = Double(rows[client][source]) + rate * product
        if source != client, value > 0, value < 1 { moved += 1 }
        return source == client ? 1 : min(max(value, 0), 1)
      }
      let found = federation.state.server.weights[client * 4..<client * 4 + 4].map(Double.init)
      expectClose(found, expected, absolute: 1e-5, "row of client \(client)")
    }
    #expect(moved > 0)
  }

  @Test("only the body is sent", arguments: FederationSetting.StatisticsTreatment.allCases)
  func traffic(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    let method = try small.method(FedAPA.self)
    let head = try small.setting().layout.layers[3].range.count
    let bytes = try 4 * (small.sentCount() - head)
    #expect(
      method.traffic(of: 1, state: method.initialState())
        == Traffic(uplink: bytes, downlink: bytes))
  }

  @Test("more layers in the head than the model has are an error")
  func tooMany() {
    #expect(
      throws: FederationError(
        "head_layers: found 5, expected at most 4, the number of layers of the model")
    ) { try SmallFederation().method(FedAPA.self, ["head_layers": .integer(5)]) }
  }
}
