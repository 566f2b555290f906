import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("FedProx")
struct FedProxTests {
  @Test("without a proximal term it is FedAvg, bit for bit")
  func zeroIsAveraging() throws {
    let small = SmallFederation.partial
    var proximal = try small.start(FedProx.self, ["proximal_strength": .number(0)])
    var averaging = try small.start(FedAvg.self)
    try proximal.runRounds(3)
    try averaging.runRounds(3)
    #expect(proximal.state.server.bits == averaging.state.server.bits)
    #expect(proximal.state.bank.values.bits == averaging.state.bank.values.bits)
  }

  @Test("a step descends on the loss and the pull towards what was received")
  func step() throws {
    let small = SmallFederation()
    let strength: Float = 3
    let federation = try small.start(
      FedProx.self, ["proximal_strength": .number(Double(strength))])
    let received = federation.receivedModels[1]
    let batches = Array(federation.trainingBatches(round: 1, client: 1)[0].batches.prefix(2))
    let rate = small.optimiser.learningRate
    let (method, data, state) = (federation.method, federation.data, federation.state)
    let (trained, expected) = try small.engine().onWorker { network in
      let optimiser = StochasticGradientDescent(learningRate: rate)
      let task = LocalTask(
        round: 1, client: 1, images: data.images, phases: [LocalPhase.Batches(.train, batches)],
        optimiser: optimiser)
      let trained = try method.train(
        task, received: PreparedModel(parameters: received), state: state.server, bank: state.bank,
        network: network
      ).trained

      // By hand: θ ← θ − rate · (g(θ) + μ · (θ − received)).
      var model = received
      for batch in batches {
        try network.load(model)
        _ = try network.computeGradient(batch[...], of: data.images)
        let gradient = try network.gradient()
        let statistics = try network.parameters()
        for layer in network.layout.layers {
          for index in layer.trainedRange {
            model[index] -= rate * (gradient[index] + strength * (model[index] - received[index]))
          }
          for index in layer.trainedRange.upperBound..<layer.range.upperBound {
            model[index] = statistics[index]
          }
        }
      }
      return (trained, model)
    }
    expectClose(trained, expected, absolute: 1e-6, "two proximal steps")
  }

  @Test("a stronger pull keeps trained models closer to what was received")
  func strengths() throws {
    let distances = try [0.0, 1, 10].map { strength in
      var federation = try SmallFederation().start(
        FedProx.self, ["proximal_strength": .number(strength)])
      let received = federation.receivedModels
      try federation.runRounds(1)
      return (0..<received.count).reduce(0.0) { sum, client in
        zip(received[client], federation.state.bank[client]).reduce(sum) {
          $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1))
        }
      }
    }
    #expect(distances[0] > distances[1] && distances[1] > distances[2])
  }
}
