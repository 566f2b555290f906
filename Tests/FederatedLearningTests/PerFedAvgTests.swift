import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("Per-FedAvg")
struct PerFedAvgTests {
  @Test(
    "without an inner step it is FedAvg, step for step, bit for bit",
    arguments: PerFedAvg.Variant.allCases)
  func noInnerStep(variant: PerFedAvg.Variant) throws {
    var small = SmallFederation()
    small.participation = 0.75
    small.optimiser = StochasticGradientDescent(
      learningRate: 0.1, momentum: 0.5, weightDecay: 0.01)
    var personal = try small.start(
      PerFedAvg.self, ["variant": .text(variant.rawValue), "inner_step_size": .number(0)])
    var averaging = try small.start(FedAvg.self)
    for _ in 1...3 {
      let (found, expected) = try (personal.runRound(), averaging.runRound())
      #expect(found.trainLosses.bits == expected.trainLosses.bits)
    }
    #expect(personal.state.server.bits == averaging.state.server.bits)
    #expect(personal.state.bank.values.bits == averaging.state.bank.values.bits)
    #expect(try personal.models(.trained).map(\.bits) == personal.receivedModels.map(\.bits))
  }

  @Test(
    "every batch of the round is once the inner one, once the outer one, in turn with its neighbours",
    arguments: PerFedAvg.Variant.allCases)
  func batches(variant: PerFedAvg.Variant) throws {
    let small = SmallFederation()
    let engine = try RecordingEngine(small.engine())
    var federation = try small.start(
      PerFedAvg.self, ["variant": .text(variant.rawValue)], engine: engine)
    try federation.runRounds(1)
    for (client, visit) in engine.takeVisits().enumerated() {
      let batches = federation.trainingBatches(round: 1, client: client).flatMap(\.batches)
      // Two passes over ten samples; outer steps are on full batches but once a pass.
      #expect(batches.map(\.count) == [4, 4, 2, 4, 4, 2])
      let expected = batches.indices.flatMap { step -> [[Int32]] in
        let (inner, third) = (batches[(step + 5) % 6], batches[(step + 1) % 6])
        return [inner, batches[step]] + (variant == .firstOrder ? [] : [third, third])
      }
      #expect(visit.trained == Array(expected.joined()))
    }
  }

  @Test(
    "steps by hand; before the first batch comes the round's last, after the last its first",
    arguments: PerFedAvg.Variant.allCases)
  func steps(variant: PerFedAvg.Variant) throws {
    var small = SmallFederation()
    small.trainCounts = [10, 14, 10, 10]
    small.localEpochs = 1
    small.optimiser = StochasticGradientDescent(
      learningRate: 0.1, momentum: 0.5, weightDecay: 0.01)
    let engine = try small.engine()
    var federation = try small.start(
      PerFedAvg.self,
      [
        "variant": .text(variant.rawValue), "inner_step_size": .number(0.3),
        "finite_difference": .number(0.01),
      ], engine: engine)
    let initial = try small.setting().initialParameters
    let data = federation.data
    let record = try federation.runRound()
    for client in 0...1 {
      let batches = try #require(federation.trainingBatches(round: 1, client: client).first).batches
      #expect(batches.count == 3 + client)
      let (expected, loss) = try engine.onWorker { network in
        func pass(_ model: [Float], _ batch: Int) throws -> (
          gradient: [Float], after: [Float], loss: Double
        ) {
          try network.load(model)
          let loss = try network.computeGradient(batches[batch][...], of: data.images)
          return (try network.gradient(), try network.parameters(), loss)
        }
        func sum(_ model: [Float], _ factor: Float, _ direction: [Float]) -> [Float] {
          // The gradient of running statistics is 0.
          zip(model, direction).map { $0 + factor * $1 }
        }
        var model = initial
        var velocity = [Float](repeating: 0, count: model.count)
        var (lossSum, count) = (0.0, 0)
        for step in batches.indices {
          // Inner, outer, third.
          let group = [-1, 0, 1].map { (step + $0 + batches.count) % batches.count }
          let adapted = sum(model, -0.3, try pass(model, group[0]).gradient)
          var (gradient, after, loss) = try pass(adapted, group[1])
          lossSum += loss
          count += batches[group[1]].count
          if variant == .hessianFree {
            let ahead = try pass(sum(model, 0.01, gradient), group[2]).gradient
            let behind = try pass(sum(model, -0.01, gradient), group[2]).gradient
            gradient = sum(gradient, -0.3 / 0.02, sum(ahead, -1, behind))
          }
          for layer in network.layout.layers {
            for index in layer.trainedRange {
              velocity[index] = 0.5 * velocity[index] + gradient[index] + 0.01 * model[index]
              model[index] -= 0.1 * velocity[index]
            }
            for index in layer.trainedRange.upperBound..<layer.range.upperBound {
              model[index] = after[index]
            }
          }
        }
        return (model, lossSum / Double(count))
      }
      expectClose(
        Array(federation.state.bank[client]), expected, absolute: 2e-6, "client \(client)")
      expectClose(record.trainLosses[client], Float(loss), absolute: 1e-6, "its loss")
    }
  }

  @Test(
    "the Hessian-free direction is the slope of f(w − α ∇f(w)) where the first-order one is not")
  func slope() throws {
    let small = SmallFederation()
    let federation = try small.start(PerFedAvg.self)
    let (data, state) = (federation.data, federation.state)
    let initial = try small.setting().initialParameters
    // With one batch in the round it is all three.
    let batch = data.train.flatMap { $0 }
    let (alpha, beta, reach) = (Float(0.2), Float(0.01), Float(1e-3))
    let methods = try PerFedAvg.Variant.allCases.map {
      try small.method(
        PerFedAvg.self,
        ["variant": .text($0.rawValue), "inner_step_size": .number(Double(alpha))])
    }
    let (slope, slopes) = try small.engine().onWorker { network in
      /// f(model − α ∇f(model)).
      func loss(_ model: [Float]) throws -> Double {
        try network.load(model)
        _ = try network.computeGradient(batch[...], of: data.images)
        try network.load(zip(model, network.gradient()).map { $0 - alpha * $1 })
        return try network.computeGradient(batch[...], of: data.images) / Double(batch.count)
      }
      let directions = try methods.map { method in
        let task = LocalTask(
          round: 1, client: 0, images: data.images,
          phases: [LocalPhase.Batches(.train, [batch])],
          optimiser: StochasticGradientDescent(learningRate: beta))
        let trained = try method.train(
          task, received: PreparedModel(parameters: initial), state: state.server,
          bank: state.bank, network: network
        ).trained
        return zip(initial, trained).map { ($0 - $1) / beta }
      }
      // Along what the second derivative adds; running statistics play no part.
      var along = zip(directions[1], directions[0]).map { $0 - $1 }
      for layer in network.layout.layers {
        for index in layer.trainedRange.upperBound..<layer.range.upperBound { along[index] = 0 }
      }
      let length = along.reduce(0) { $0 + $1 * $1 }.squareRoot()
      along = along.map { $0 / length }
      let ahead = try loss(zip(initial, along).map { $0 + reach * $1 })
      let behind = try loss(zip(initial, along).map { $0 - reach * $1 })
      let slopes = directions.map { zip($0, along).reduce(0.0) { $0 + Double($1.0 * $1.1) } }
      return ((ahead - behind) / (2 * Double(reach)), slopes)
    }
    let (firstOrder, hessianFree) = (slopes[0], slopes[1])
    let difference = abs(hessianFree - firstOrder)
    #expect(difference > 0.02)
    #expect(abs(slope - hessianFree) < 0.2 * difference)
    #expect(abs(slope - firstOrder) > 0.8 * difference)
  }

  @Test(
    "the model evaluated as trained is one inner step on the client's data away from the global")
  func adaptation() throws {
    let small = SmallFederation.partial
    let engine = try small.engine()
    var federation = try small.start(
      PerFedAvg.self, ["inner_step_size": .number(0.25)], engine: engine)
    try federation.runRounds(2)
    let (data, received) = (federation.data, federation.receivedModels)
    for client in federation.clients {
      #expect(try federation.model(.received, of: client).bits == federation.state.server.bits)
      let phases = federation.preparationBatches(round: 3, client: client)
      #expect(phases.map(\.phase) == [.adapt] && phases.map(\.batches.count) == [1])
      let batch = try #require(phases.first?.batches.first)
      let expected = try engine.onWorker { network in
        try network.load(received[client])
        _ = try network.computeGradient(batch[...], of: data.images)
        return zip(received[client], try network.gradient()).map { $0 + -0.25 * $1 }
      }
      #expect(try federation.model(.trained, of: client).bits == expected.bits)
      #expect(expected.bits != received[client].bits)
    }
  }

  @Test("every participant counts alike, whatever its number of samples")
  func weighting() throws {
    let small = SmallFederation.partial
    var federation = try small.start(PerFedAvg.self)
    let participants = try federation.runRound().participants
    #expect(Set(participants.map { small.trainCounts[$0] }).count > 1)
    let bank = federation.state.bank
    let mean = (0..<bank.parameterCount).map { index in
      participants.reduce(Float(0)) { $0 + bank.values[$1 * bank.parameterCount + index] }
        / Float(participants.count)
    }
    expectClose(federation.state.server, mean, absolute: 1e-6, "global model")
  }
}
