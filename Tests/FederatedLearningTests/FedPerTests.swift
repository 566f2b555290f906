import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("FedPer")
struct FedPerTests {
  @Test("with no personal layer it is FedAvg, bit for bit")
  func noneIsAveraging() throws {
    let small = SmallFederation.partial
    var personal = try small.start(FedPer.self, ["personal_layers": .integer(0)])
    var averaging = try small.start(FedAvg.self)
    try personal.runRounds(3)
    try averaging.runRounds(3)
    #expect(personal.state.server.bits == averaging.state.server.bits)
    #expect(personal.state.bank.values.bits == averaging.state.bank.values.bits)
  }

  @Test("with all layers personal it is Local, bit for bit")
  func allIsLocal() throws {
    let small = SmallFederation.partial
    let count = try small.setting().layout.layers.count
    var personal = try small.start(FedPer.self, ["personal_layers": .integer(count)])
    var local = try small.start(Local.self)
    try personal.runRounds(3)
    try local.runRounds(3)
    #expect(personal.state.bank.values.bits == local.state.bank.values.bits)
    #expect(personal.receivedModels.map(\.bits) == local.receivedModels.map(\.bits))
    let method = personal.method
    #expect(
      method.traffic(of: 0, state: personal.state.server) == Traffic(uplink: 0, downlink: 0))
  }

  @Test("the last layers stay, the first are averaged, and only those are sent")
  func split() throws {
    let small = SmallFederation()
    var federation = try small.start(FedPer.self, ["personal_layers": .integer(1)])
    try federation.runRounds(2)
    let layers = try small.setting().layout.layers
    for (client, received) in federation.receivedModels.enumerated() {
      let own = Array(federation.state.bank[client])
      for (index, layer) in layers.enumerated() {
        let expected = index == layers.count - 1 ? own : federation.state.server
        let shared = layer.trainedRange
        #expect(received[shared].map(\.bitPattern) == expected[shared].map(\.bitPattern))
      }
    }
    let head = layers[layers.count - 1].range.count
    let bytes = try 4 * (small.sentCount() - head)
    #expect(
      federation.method.traffic(of: 0, state: federation.state.server)
        == Traffic(uplink: bytes, downlink: bytes))
  }

  @Test("more personal layers than there are is refused")
  func tooMany() throws {
    let small = SmallFederation()
    let count = try small.setting().layout.layers.count
    #expect(
      throws: FederationError(
        "personal_layers: found \(count + 1), expected at most \(count), the number of layers of "
          + "the model")
    ) { try small.method(FedPer.self, ["personal_layers": .integer(count + 1)]) }
  }
}
