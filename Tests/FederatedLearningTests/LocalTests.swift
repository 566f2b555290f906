import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("Local")
struct LocalTests {
  @Test(
    "a client's model is what descent over its own batches gives",
    arguments: [
      StochasticGradientDescent(learningRate: 0.1),
      StochasticGradientDescent(learningRate: 0.1, momentum: 0.9),
      StochasticGradientDescent(learningRate: 0.1, weightDecay: 0.05),
      StochasticGradientDescent(learningRate: 0.1, momentum: 0.5, weightDecay: 0.05),
    ])
  func descent(optimiser: StochasticGradientDescent) throws {
    var small = SmallFederation()
    small.optimiser = optimiser
    let engine = try small.engine()
    var federation = try small.start(Local.self, engine: engine)
    let data = federation.data
    var expected = try small.setting().initialParameters
    for round in 1...2 {
      let record = try federation.runRound()
      let batches = ShuffledBatches(seed: small.seed).batches(
        round: round, client: 2, samples: data.train[2], epochs: 2, batchSize: 4)
      let start = expected
      let (model, lossSum) = try engine.onWorker { network in
        // Momentum restarts in every round.
        try network.load(start)
        var lossSum = 0.0
        for batch in batches {
          lossSum += try network.computeGradient(batch[...], of: data.images)
          try network.descend(optimiser, trains: nil)
        }
        return (try network.parameters(), lossSum)
      }
      expected = model
      #expect(federation.state.bank[2].bits == expected.bits)
      #expect(record.trainLosses[2] == Float(lossSum / 20))
    }
  }

  @Test("each client continues from its own model; nothing is sent")
  func ownModel() throws {
    var federation = try SmallFederation.partial.start(Local.self)
    try federation.runRounds(2)
    #expect(Set(federation.receivedModels).count > 3)
    for client in federation.clients {
      #expect(federation.receivedModels[client].bits == federation.state.bank[client].bits)
      #expect(federation.method.weighting == nil)
      #expect(federation.method.retention == nil)
      #expect(
        federation.method.traffic(of: client, state: ()) == Traffic(uplink: 0, downlink: 0))
    }
    #expect(federation.tensors.isEmpty)
  }
}
