import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("FedAvg")
struct FedAvgTests {
  @Test("the participants' models are weighted by their numbers of samples")
  func weighting() throws {
    var federation = try SmallFederation.partial.start(FedAvg.self)
    for _ in 1...3 {
      let participants = try federation.runRound().participants
      let counts = participants.map { federation.data.train[$0].count }
      #expect(Set(counts).count > 1)
      let total = Double(counts.reduce(0, +))
      var expected = [Double](repeating: 0, count: federation.state.server.count)
      for (client, count) in zip(participants, counts) {
        for (index, value) in federation.state.bank[client].enumerated() {
          expected[index] += Double(count) / total * Double(value)
        }
      }
      expectClose(
        federation.state.server.map(Double.init), expected, absolute: 1e-6, "global model")
    }
  }

  @Test("every client receives the global model")
  func received() throws {
    var federation = try SmallFederation.partial.start(FedAvg.self)
    let initial = try SmallFederation.partial.setting().initialParameters
    #expect(federation.receivedModels.allSatisfy { $0.bits == initial.bits })
    try federation.runRounds(2)
    #expect(federation.state.server.bits != initial.bits)
    #expect(federation.receivedModels.allSatisfy { $0.bits == federation.state.server.bits })
    #expect(federation.method.weighting == nil)
    #expect(federation.method.retention == nil)
  }

  @Test(
    "a whole model each way, running statistics only where they are aggregated",
    arguments: FederationSetting.StatisticsTreatment.allCases)
  func traffic(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    let method = try small.method(FedAvg.self)
    let bytes = try 4 * small.sentCount()
    #expect(
      method.traffic(of: 1, state: method.initialState())
        == Traffic(uplink: bytes, downlink: bytes))
  }
}
