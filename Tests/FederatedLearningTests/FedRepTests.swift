import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("FedRep")
struct FedRepTests {
  @Test("with all layers in the head it is Local, bit for bit, however few the passes")
  func allIsLocal() throws {
    var small = SmallFederation.partial
    small.localEpochs = 1
    small.optimiser.momentum = 0.5
    let count = try small.setting().layout.layers.count
    var representation = try small.start(FedRep.self, ["head_layers": .integer(count)])
    var local = try small.start(Local.self)
    for _ in 1...3 {
      let (found, expected) = try (representation.runRound(), local.runRound())
      #expect(found.trainLosses.bits == expected.trainLosses.bits)
    }
    #expect(representation.state.bank.values.bits == local.state.bank.values.bits)
    #expect(representation.receivedModels.map(\.bits) == local.receivedModels.map(\.bits))
    let traffic = representation.method.traffic(of: 0, state: representation.state.server)
    #expect(traffic == Traffic(uplink: 0, downlink: 0))
  }

  @Test("the head descends first, then the body; each forgets momentum")
  func phases() throws {
    var small = SmallFederation()
    small.localEpochs = 3
    small.optimiser = StochasticGradientDescent(
      learningRate: 0.1, momentum: 0.5, weightDecay: 0.01)
    let engine = try small.engine()
    var federation = try small.start(FedRep.self, ["body_epochs": .integer(2)], engine: engine)
    let initial = try small.setting().initialParameters
    let data = federation.data
    let phases = federation.trainingBatches(round: 1, client: 1)
    #expect(phases.map(\.phase) == [.head, .body])
    #expect(phases.map(\.batches.count) == [3, 6])
    let record = try federation.runRound()

    // By hand: v ← 0.5 v + g + 0.01 θ, θ ← θ − 0.1 v over one part of the model.
    let (expected, loss) = try engine.onWorker { network in
      let layers = network.layout.layers
      var model = initial
      var lossSum = 0.0
      for (part, phase) in zip([layers.suffix(1), layers.dropLast()], phases) {
        var velocity = [Float](repeating: 0, count: model.count)
        for batch in phase.batches {
          try network.load(model)
          lossSum += try network.computeGradient(batch[...], of: data.images)
          let (gradient, after) = (try network.gradient(), try network.parameters())
          for index in part.flatMap({ Array($0.trainedRange) }) {
            velocity[index] = 0.5 * velocity[index] + gradient[index] + 0.01 * model[index]
            model[index] -= 0.1 * velocity[index]
          }
          // Running statistics move in both.
          for index in layers.flatMap({ Array($0.trainedRange.upperBound..<$0.range.upperBound) }) {
            model[index] = after[index]
          }
        }
      }
      return (model, lossSum / 30)
    }
    expectClose(Array(federation.state.bank[1]), expected, absolute: 1e-6, "a round of both phases")
    expectClose(record.trainLosses[1], Float(loss), absolute: 1e-6, "loss over both phases")
  }

  @Test("heads stay, the body is the participants' plain mean, and only the body is sent")
  func split() throws {
    let small = SmallFederation.partial
    var federation = try small.start(FedRep.self, ["head_layers": .integer(2)])
    try federation.runRounds(1)
    let participants = try federation.runRound().participants
    #expect(Set(participants.map { small.trainCounts[$0] }).count > 1)
    let layers = try small.setting().layout.layers
    let body = layers.dropLast(2).flatMap { Array($0.range) }
    let mean = body.map { index in
      participants.reduce(Float(0)) { $0 + federation.state.bank[$1][index] }
        / Float(participants.count)
    }
    expectClose(
      body.map { federation.state.server[$0] }, mean, absolute: 1e-6, "mean of the bodies")
    for (client, received) in federation.receivedModels.enumerated() {
      let own = federation.state.bank[client]
      #expect(body.map { received[$0] }.bits == body.map { federation.state.server[$0] }.bits)
      #expect(received.dropFirst(body.count).bits == own.dropFirst(body.count).bits)
    }
    let traffic = federation.method.traffic(of: 0, state: federation.state.server)
    #expect(traffic == Traffic(uplink: 4 * body.count, downlink: 4 * body.count))
  }

  @Test(
    "unless given, half of the passes train the body, at least 1 and at most 5",
    arguments: [
      (1, 1, 1), (2, 1, 1), (3, 2, 1), (5, 3, 2), (10, 5, 5), (11, 6, 5), (15, 10, 5), (20, 15, 5),
    ])
  func defaultEpochs(localEpochs: Int, head: Int, body: Int) throws {
    var small = SmallFederation()
    small.localEpochs = localEpochs
    #expect(
      try small.method(FedRep.self).trainingPhases == [
        LocalPhase(.head, .passes(head)), LocalPhase(.body, .passes(body)),
      ])
  }

  @Test("a given number of passes for the body is taken as it is, also beyond 5 and half")
  func givenEpochs() throws {
    var small = SmallFederation()
    small.localEpochs = 8
    #expect(
      try small.method(FedRep.self, ["body_epochs": .integer(7)]).trainingPhases == [
        LocalPhase(.head, .passes(1)), LocalPhase(.body, .passes(7)),
      ])
    small.localEpochs = 7
    #expect(throws: FederationError.self) {
      try small.method(FedRep.self, ["body_epochs": .integer(7)])
    }
  }

  @Test("no pass for the head, or more head layers than there are, is refused")
  func errors() throws {
    let small = SmallFederation()
    #expect(
      throws: FederationError(
        "body_epochs: found 2, expected fewer than local_epochs, 2, so that a pass is left for the "
          + "head; raise local_epochs to 3 or more")
    ) { try small.start(FedRep.self, ["body_epochs": .integer(2)]) }
    #expect(
      throws: FederationError(
        "head_layers: found 5, expected at most 4, the number of layers of the model")
    ) { try small.method(FedRep.self, ["head_layers": .integer(5)]) }
  }
}
