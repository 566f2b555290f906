import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("LG-FedAvg")
struct LGFedAvgTests {
  @Test("with all layers global and equal amounts of data it is FedAvg, bit for bit")
  func allIsAveraging() throws {
    var small = SmallFederation()
    small.participation = 0.75
    let count = try small.setting().layout.layers.count
    var split = try small.start(LGFedAvg.self, ["global_layers": .integer(count)])
    var averaging = try small.start(FedAvg.self)
    try split.runRounds(3)
    try averaging.runRounds(3)
    #expect(split.state.server.bits == averaging.state.server.bits)
    #expect(split.state.bank.values.bits == averaging.state.bank.values.bits)
  }

  @Test("with no global layer it is Local, bit for bit")
  func noneIsLocal() throws {
    let small = SmallFederation.partial
    var split = try small.start(LGFedAvg.self, ["global_layers": .integer(0)])
    var local = try small.start(Local.self)
    try split.runRounds(3)
    try local.runRounds(3)
    #expect(split.state.bank.values.bits == local.state.bank.values.bits)
    #expect(split.receivedModels.map(\.bits) == local.receivedModels.map(\.bits))
    let traffic = split.method.traffic(of: 0, state: split.state.server)
    #expect(traffic == Traffic(uplink: 0, downlink: 0))
  }

  @Test("the first layers stay; the last are the participants' plain mean, and alone are sent")
  func split() throws {
    let small = SmallFederation.partial
    var federation = try small.start(LGFedAvg.self)
    try federation.runRounds(1)
    let participants = try federation.runRound().participants
    #expect(Set(participants.map { small.trainCounts[$0] }).count > 1)
    // conv1 and bn1 stay, fc1 and fc2 are averaged.
    let layers = try small.setting().layout.layers
    let start = layers[2].range.lowerBound
    let bank = federation.state.bank
    let global = start..<bank.parameterCount
    let mean = global.map { index in
      participants.reduce(Float(0)) { $0 + bank.values[$1 * bank.parameterCount + index] }
        / Float(participants.count)
    }
    expectClose(
      Array(federation.state.server[global]), mean, absolute: 1e-6, "mean of the last layers")
    for (client, received) in federation.receivedModels.enumerated() {
      #expect(received.prefix(start).bits == bank[client].prefix(start).bits)
      #expect(received[global].bits == federation.state.server[global].bits)
    }
    let bytes = 4 * global.count
    let traffic = federation.method.traffic(of: 0, state: federation.state.server)
    #expect(traffic == Traffic(uplink: bytes, downlink: bytes))
  }

  @Test("more global layers than there are is refused")
  func tooMany() throws {
    #expect(
      throws: FederationError(
        "global_layers: found 5, expected at most 4, the number of layers of the model")
    ) { try SmallFederation().method(LGFedAvg.self, ["global_layers": .integer(5)]) }
  }
}
