import NeuralNetworks
import TestSupport
import Testing

/// A worker's network trains one client after another; nothing may pass from one to the next.
@Suite("A network's state")
struct NetworkStateTests {
  @Test("a client that diverged leaves nothing behind")
  func divergence() throws {
    let golden = try #require(GoldenValues.training().first { !$0.network.statisticSlots.isEmpty })
    let plans = try NetworkPlans(architecture: golden.network.architecture(), batchSize: 32)
    let images = try golden.network.images(
      pixelSalt: golden.pixelSalt, labelSalt: golden.labelSalt, count: 100)
    let optimiser = StochasticGradientDescent(learningRate: 0.01, momentum: 0.9)

    func train(_ network: Network, _ optimiser: StochasticGradientDescent) throws -> [UInt32] {
      try network.load(golden.initialParameters)
      for batch in golden.batches.prefix(5) {
        _ = try network.computeGradient(batch.map(Int32.init)[...], of: images)
        try network.descend(optimiser)
      }
      return try network.parameters().map(\.bitPattern)
    }

    let expected = try train(Network(plans: plans), optimiser)
    let used = try Network(plans: plans)
    let diverged = try train(used, StochasticGradientDescent(learningRate: 1e30, momentum: 0.9))
    #expect(diverged.contains { Float(bitPattern: $0).isNaN })
    #expect(try train(used, optimiser) == expected)
  }

  @Test("frozen layers keep their bits, the others train")
  func frozenLayers() throws {
    let golden = try #require(GoldenValues.training().first)
    let plans = try NetworkPlans(architecture: golden.network.architecture(), batchSize: 32)
    let images = try golden.network.images(
      pixelSalt: golden.pixelSalt, labelSalt: golden.labelSalt, count: 32)
    let network = try Network(plans: plans)
    try network.load(golden.initialParameters)
    _ = try network.computeGradient((0..<32).map { $0 }[...], of: images)
    let trains = plans.layout.layers.map { $0.name == "fc3" }
    try network.descend(StochasticGradientDescent(learningRate: 0.1), trains: trains)
    let after = try network.parameters()
    for (layer, trains) in zip(plans.layout.layers, trains) {
      #expect((after[layer.range] != golden.initialParameters[layer.range]) == trains)
    }
  }

  @Test("a model of another length is refused")
  func length() throws {
    let golden = try #require(GoldenValues.training().first)
    let plans = try NetworkPlans(architecture: golden.network.architecture(), batchSize: 32)
    let network = try Network(plans: plans)
    let error = #expect(throws: ArchitectureError.self) { try network.load([1, 2, 3]) }
    #expect(
      error?.description
        == "model: 3 parameters given, the architecture has \(plans.layout.count)")
  }
}
