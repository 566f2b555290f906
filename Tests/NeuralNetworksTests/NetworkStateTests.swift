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

  /// A network with a gradient, at the golden case's start, and the images it saw.
  private func network() throws -> (network: Network, plans: NetworkPlans, images: LabelledImages) {
    let golden = try #require(GoldenValues.training().first { !$0.network.statisticSlots.isEmpty })
    let plans = try NetworkPlans(architecture: golden.network.architecture(), batchSize: 32)
    let images = try golden.network.images(
      pixelSalt: golden.pixelSalt, labelSalt: golden.labelSalt, count: 32)
    let network = try Network(plans: plans)
    try network.load(golden.initialParameters)
    _ = try network.computeGradient((0..<32).map { $0 }[...], of: images)
    return (network, plans, images)
  }

  @Test(
    "steps are the formula written out, with a pull and a correction, bit for bit",
    arguments: [(0, 0), (0.9, 0), (0, 0.1), (0.9, 0.1)] as [(Float, Float)], [0, 0.5] as [Float])
  func steps(settings: (momentum: Float, weightDecay: Float), pull: Float) throws {
    let (network, plans, images) = try network()
    let optimiser = StochasticGradientDescent(
      learningRate: 0.05, momentum: settings.momentum, weightDecay: settings.weightDecay)
    let count = plans.layout.count
    let (anchor, correction) = (
      HashFill.signed(salt: 5, count: count, bound: 0.1),
      HashFill.signed(salt: 6, count: count, bound: 0.1)
    )
    try network.setAnchor(anchor)
    try network.setCorrection(correction)
    // Two models side by side, each with its own momentum.
    let start = try network.parameters()
    var (models, velocities) = ([start, start], [[Float]](repeating: [], count: 2))
    for model in [0, 1] { network.copy(.parameters, to: .kept(model), .all) }
    for step in 0..<3 {
      for model in [0, 1] {
        network.copy(.kept(model), to: .parameters, .all)
        _ = try network.computeGradient((0..<32).map { $0 }[(8 * step)...], of: images)
        let (before, gradient) = try (network.parameters(), network.gradient())
        try network.descend(
          optimiser, DescentStep(pull: pull, corrects: model == 1, momentum: model))
        let after = try network.parameters()
        #expect(try network.gradient().bits == gradient.bits)
        network.copy(.parameters, to: .kept(model), .all)
        if velocities[model].isEmpty {
          velocities[model] = [Float](repeating: .nan, count: count)
        }
        models[model] = before
        for index in plans.layout.layers.flatMap(\.trainedRange) {
          let place = before[index]
          var direction = gradient[index]
          if pull != 0 { direction += pull * (place - anchor[index]) }
          if model == 1 { direction += correction[index] }
          direction += settings.weightDecay * place
          if settings.momentum != 0 {
            velocities[model][index] =
              step == 0 ? direction : settings.momentum * velocities[model][index] + direction
            direction = velocities[model][index]
          }
          models[model][index] = place - 0.05 * direction
        }
        #expect(after.bits == models[model].bits)
      }
    }
    #expect(throws: ArchitectureError.self) { try network.setAnchor([1]) }
  }

  @Test("arithmetic in the network's formats is that of flat models, bit for bit")
  func vectors() throws {
    let (network, plans, _) = try network()
    let layout = plans.layout
    let (a, gradient) = try (network.parameters(), network.gradient())
    let b = HashFill.signed(salt: 7, count: layout.count, bound: 2)
    try network.setAnchor(b)
    func expect(
      _ vector: NetworkVector, trained: (Int) -> Float, statistics: [Float],
      _ location: SourceLocation = #_sourceLocation
    ) throws {
      var expected = statistics
      for index in layout.layers.flatMap(\.trainedRange) { expected[index] = trained(index) }
      #expect(try network.values(of: vector).bits == expected.bits, sourceLocation: location)
    }
    network.copy(.parameters, to: .kept(0), .all)
    try expect(.kept(0), trained: { a[$0] }, statistics: a)
    network.copy(.anchor, to: .kept(0), .statistics)
    try expect(.kept(0), trained: { a[$0] }, statistics: b)
    network.copy(.gradient, to: .kept(0), .trained)
    try expect(.kept(0), trained: { gradient[$0] }, statistics: b)
    network.combine(.kept(0), 0.25, .anchor, 0.75, .parameters)
    try expect(.kept(0), trained: { 0.25 * b[$0] + 0.75 * a[$0] }, statistics: b)
    network.combine(.anchor, 1, .anchor, -0.3, .gradient)
    try expect(.anchor, trained: { b[$0] - 0.3 * gradient[$0] }, statistics: b)
    network.divide(.anchor, by: 0.7)
    try expect(.anchor, trained: { (b[$0] - 0.3 * gradient[$0]) / 0.7 }, statistics: b)
    // Leaving it out does no harm.
    network.divide(.kept(0), by: 0)
    network.combine(.gradient, 3, .parameters, 0, .kept(0))
    try expect(.gradient, trained: { 3 * a[$0] }, statistics: gradient)
    #expect(try network.parameters().bits == a.bits)
  }

  @Test("a kept model steps in place as the network's own would")
  func keptTarget() throws {
    let golden = try #require(GoldenValues.training().first { !$0.network.statisticSlots.isEmpty })
    let plans = try NetworkPlans(architecture: golden.network.architecture(), batchSize: 32)
    let images = try golden.network.images(
      pixelSalt: golden.pixelSalt, labelSalt: golden.labelSalt, count: 32)
    let optimiser = StochasticGradientDescent(learningRate: 0.1, momentum: 0.9)
    let network = try Network(plans: plans)
    try network.load(golden.initialParameters, keepingIn: .kept(0))
    for _ in 0..<2 {
      _ = try network.computeGradient((0..<32).map { $0 }[...], of: images)
      let before = try network.parameters()
      network.copy(.parameters, to: .kept(0), .statistics)
      try network.descend(optimiser, DescentStep(target: .kept(0), momentum: 1))
      #expect(try network.parameters().bits == before.bits)
      try network.descend(optimiser, DescentStep(momentum: 0))
      #expect(try network.values(of: .kept(0)).bits == network.parameters().bits)
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
