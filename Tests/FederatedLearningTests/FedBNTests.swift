import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("FedBN")
struct FedBNTests {
  @Test("batch normalisation stays a client's own, the rest is averaged as by FedAvg's rule")
  func ownNormalisation() throws {
    var federation = try SmallFederation.partial.start(FedBN.self)
    try federation.runRounds(3)
    let layers = try SmallFederation.partial.setting().layout.layers
    for (client, received) in federation.receivedModels.enumerated() {
      let own = Array(federation.state.bank[client])
      for layer in layers {
        let expected = layer.isBatchNormalisation ? own : federation.state.server
        #expect(received[layer.range].map(\.bitPattern) == expected[layer.range].map(\.bitPattern))
      }
    }
    // Clients really differ in what they keep.
    let kept = layers.filter(\.isBatchNormalisation).flatMap { Array($0.range) }
    #expect(!kept.isEmpty)
    let models = federation.receivedModels
    #expect(kept.map { models[0][$0] } != kept.map { models[1][$0] })
  }

  @Test("a model without batch normalisation is refused")
  func withoutNormalisation() throws {
    let layout = ParameterLayout(
      try NetworkDescription.paperCNN.architecture(
        NetworkInput(
          channels: 1, height: 28, width: 28, classCount: 10,
          batchNormalisation: false)))
    #expect(
      throws: FederationError(
        "fedbn: the model has no batch-normalisation layer, expected one; set "
          + "model.batch_normalisation to true or choose fedavg")
    ) {
      try FedBN(
        options: MethodOptions(for: []),
        setting: FederationSetting(
          trainCounts: [1, 1], layout: layout,
          initialParameters: layout.initialParameters(seed: 0), statistics: .local,
          participation: 1,
          localEpochs: 1, batchSize: 1, optimiser: StochasticGradientDescent(learningRate: 1),
          seed: 0))
    }
  }

  @Test("batch normalisation is not sent")
  func traffic() throws {
    let small = SmallFederation()
    let method = try small.method(FedBN.self)
    let count = try small.setting().layout.layers.filter { !$0.isBatchNormalisation }
      .reduce(0) { $0 + $1.range.count }
    #expect(
      method.traffic(of: 0, state: method.initialState())
        == Traffic(uplink: 4 * count, downlink: 4 * count))
  }
}
