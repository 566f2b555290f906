import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("pFedHN")
struct PFedHNTests {
  /// A tiny hypernetwork for the small federation's model, and three participants' changes.
  struct Tiny {
    let layout: ParameterLayout
    let hypernetwork: ModelHypernetwork
    let parameters: [Float]
    let changes: [ModelHypernetwork.Change]

    init(hiddenLayers: Int = 2) throws {
      layout = try SmallFederation().setting().layout
      hypernetwork = ModelHypernetwork(
        embeddingSize: 3, hiddenSize: 5, hiddenLayerCount: hiddenLayers, clientCount: 4,
        layout: layout)
      // Under this seed no ReLU is within a step of its kink.
      parameters = hypernetwork.initialParameters(seed: 6)
      let count = layout.count
      changes = [0, 1, 3].map {
        ($0, HashFill.signed(salt: 30 + UInt32($0), count: count, bound: 1))
      }
    }

    func stepped(
      _ changes: [ModelHypernetwork.Change], _ descent: ModelHypernetwork.Descent,
      velocity: [Float]? = nil
    ) -> (parameters: [Float], velocity: [Float]) {
      var after = parameters
      var velocity = velocity ?? [Float](repeating: 0, count: parameters.count)
      hypernetwork.step(&after, velocity: &velocity, changes: changes, descent)
      return (after, velocity)
    }

    /// The gradient as a vector: a plain step leaves it in the velocity.
    func gradient(_ change: ModelHypernetwork.Change) -> [Double] {
      stepped([change], Self.plain).velocity.map(Double.init)
    }

    static let plain = ModelHypernetwork.Descent(
      optimiser: StochasticGradientDescent(learningRate: 1), clipping: 0, share: 1)
  }

  @Test("the gradient against finite differences of ⟨θ, Δθ⟩", arguments: [0, 1, 2])
  func finiteDifferences(hiddenLayers: Int) throws {
    let tiny = try Tiny(hiddenLayers: hiddenLayers)
    let trained = tiny.layout.layers.flatMap(\.trainedRange)
    for change in tiny.changes.prefix(2) {
      func value(_ parameters: [Float]) -> Double {
        var model = [Float](repeating: 0, count: tiny.layout.count)
        tiny.hypernetwork.produce(&model, of: change.client, parameters: parameters)
        return trained.reduce(0) { $0 + Double(model[$1]) * Double(change.values[$1]) }
      }
      let step: Float = 1 / 128
      let differences = tiny.parameters.indices.map { index in
        var (above, below) = (tiny.parameters, tiny.parameters)
        above[index] += step
        below[index] -= step
        // The hypernetwork descends on −⟨θ, Δθ⟩.
        return -(value(above) - value(below)) / Double(above[index] - below[index])
      }
      let gradient = tiny.gradient(change)
      #expect(gradient.filter { abs($0) > 0.1 }.count > 100)
      expectClose(
        gradient, differences, absolute: 1e-3, relative: 1e-3, "client \(change.client)")
    }
  }

  @Test(
    "clipping, weight decay and momentum as PyTorch has them, on the sum over participants",
    arguments: [0, 0.7, 1e6] as [Float], [1, 1 / 3] as [Float])
  func update(clipping: Float, share: Float) throws {
    let tiny = try Tiny()
    let gradients = tiny.changes.map(tiny.gradient)
    let velocity = HashFill.signed(salt: 9, count: tiny.parameters.count, bound: 0.1)
    let (rate, momentum, decay) = (0.05, 0.8, 0.1)
    let (found, foundVelocity) = tiny.stepped(
      tiny.changes,
      ModelHypernetwork.Descent(
        optimiser: StochasticGradientDescent(
          learningRate: Float(rate), momentum: Float(momentum), weightDecay: Float(decay)),
        clipping: clipping, share: share),
      velocity: velocity)

    // The gradient written out, weight by weight.
    let gradient = tiny.parameters.indices.map { index in
      Double(share) * gradients.reduce(0) { $0 + $1[index] }
    }
    let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    try #require(norm > 1 && norm < 1e5)
    let scale = clipping > 0 ? min(1, Double(clipping) / (norm + 1e-6)) : 1
    let newVelocity = tiny.parameters.indices.map {
      momentum * Double(velocity[$0]) + scale * gradient[$0] + decay * Double(tiny.parameters[$0])
    }
    let expected = zip(tiny.parameters, newVelocity).map { Double($0) - rate * $1 }
    expectClose(
      foundVelocity.map(Double.init), newVelocity, absolute: 1e-5, relative: 1e-5, "velocity")
    expectClose(found.map(Double.init), expected, absolute: 1e-6, relative: 1e-5, "parameters")
  }

  @Test("clients that take no part get no gradient; decay and momentum move their embeddings")
  func others() throws {
    let tiny = try Tiny()
    let size = 3
    let velocity = HashFill.signed(salt: 9, count: tiny.parameters.count, bound: 0.1)
    let descent = ModelHypernetwork.Descent(
      optimiser: StochasticGradientDescent(learningRate: 0.5, momentum: 0.5, weightDecay: 0.25),
      clipping: 0, share: 1)
    let after = tiny.stepped([tiny.changes[1]], descent, velocity: velocity).parameters
    for index in 0..<4 * size {
      let before = tiny.parameters[index]
      let expected = before - 0.5 * (0.5 * velocity[index] + 0.25 * before)
      #expect((abs(after[index] - expected) < 1e-6) == (index / size != 1), "embedding \(index)")
    }
  }

  @Test("a small step moves produced models towards the trained ones, its opposite away")
  func direction() throws {
    let small = SmallFederation()
    var federation = try small.start(
      PFedHN.self,
      [
        "step_size": .number(1e-4), "momentum": .number(0), "weight_decay": .number(0),
        "inner_steps": .integer(5),
      ])
    let before = federation.state
    try federation.runRounds(1)
    let after = federation.state
    var opposite = after.server
    opposite.parameters = zip(before.server.parameters, after.server.parameters).map { 2 * $0 - $1 }
    let trained = try small.setting().layout.layers.flatMap(\.trainedRange)
    func distance(_ server: PFedHN.ServerState) -> Double {
      federation.clients.reduce(0) { sum, client in
        let model = federation.method.receivedModel(of: client, state: server, bank: after.bank)
        let target = Array(after.bank[client])
        return trained.reduce(sum) {
          $0 + (Double(model[$1]) - Double(target[$1])) * (Double(model[$1]) - Double(target[$1]))
        }
      }
    }
    #expect(distance(after.server) < distance(before.server))
    #expect(distance(opposite) > distance(before.server))
  }

  @Test(
    "all participants train what the hypernetwork produced before the round",
    arguments: ["sum", "mean"])
  func snapshot(reduction: String) throws {
    let small = SmallFederation.partial
    let engine = try small.engine()
    var federation = try small.start(
      PFedHN.self, ["reduction": .text(reduction), "inner_steps": .integer(4)], engine: engine)
    try federation.runRounds(1)
    let (before, received) = (federation.state, federation.receivedModels)
    #expect(Set(received).count == 7)
    let participants = try federation.runRound().participants
    #expect(participants.count > 2)
    var changes: [ModelHypernetwork.Change] = []
    for client in participants {
      let phases = federation.trainingBatches(round: 2, client: client)
      #expect(phases.count == 1 && phases[0].batches.count == 4)
      let task = LocalTask(
        round: 2, client: client, images: federation.data.images, phases: phases,
        optimiser: small.configuration.optimiser)
      let trained = try engine.onWorker { network in
        try task.descend(from: received[client], on: network).model
      }
      #expect(federation.state.bank[client].bits == trained.bits)
      changes.append((client, zip(trained, received[client]).map { $0 - $1 }))
    }
    // One step for all of them, from the same parameters.
    var (parameters, velocity) = (before.server.parameters, before.server.velocity)
    ModelHypernetwork(
      embeddingSize: 2, hiddenSize: 100, hiddenLayerCount: 3, clientCount: 7,
      layout: try small.setting().layout
    ).step(
      &parameters, velocity: &velocity, changes: changes,
      ModelHypernetwork.Descent(
        optimiser: StochasticGradientDescent(
          learningRate: 0.01, momentum: 0.9, weightDecay: 1e-3),
        clipping: 50, share: reduction == "mean" ? 1 / Float(changes.count) : 1))
    #expect(federation.state.server.parameters.bits == parameters.bits)
    #expect(federation.state.server.velocity.bits == velocity.bits)
  }

  @Test(
    "the trained parameters travel each way; running statistics stay however they are set",
    arguments: FederationSetting.StatisticsTreatment.allCases)
  func traffic(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    var federation = try small.start(PFedHN.self, ["inner_steps": .integer(3)])
    try federation.runRounds(2)
    let layout = try small.setting().layout
    let bytes = 4 * layout.trainedCount
    #expect(
      federation.method.traffic(of: 2, state: federation.state.server)
        == Traffic(uplink: bytes, downlink: bytes))
    for (client, received) in federation.receivedModels.enumerated() {
      let own = Array(federation.state.bank[client])
      for tensor in layout.tensors where tensor.role == .statistic {
        #expect(received[tensor.range].bits == own[tensor.range].bits)
      }
    }
  }

  @Test("the layout is embeddings, hidden layers and a head for each trained tensor")
  func layout() throws {
    let small = SmallFederation.partial
    let method = try small.method(
      PFedHN.self, ["hidden_size": .integer(4), "hidden_layers": .integer(1)])
    let tensors = try #require(method.hypernetworkTensors)
    #expect(
      tensors.map(\.name) == [
        "embedding", "hidden0.weight", "hidden0.bias", "hidden1.weight", "hidden1.bias",
        "head.conv1.weight.weight", "head.conv1.weight.bias", "head.conv1.bias.weight",
        "head.conv1.bias.bias", "head.bn1.weight.weight", "head.bn1.weight.bias",
        "head.bn1.bias.weight", "head.bn1.bias.bias", "head.fc1.weight.weight",
        "head.fc1.weight.bias", "head.fc1.bias.weight", "head.fc1.bias.bias",
        "head.fc2.weight.weight", "head.fc2.weight.bias", "head.fc2.bias.weight",
        "head.fc2.bias.bias",
      ])
    // 1 + 7/4, rounded down.
    #expect(tensors[0].shape == [7, 2] && tensors[1].shape == [4, 2])
    #expect(tensors[5].shape == [27, 4] && tensors[6].shape == [27])
    var offset = 0
    for tensor in tensors {
      #expect(tensor.offset == offset)
      offset += tensor.shape.reduce(1, *)
    }
    let parameters = method.initialState().parameters
    #expect(parameters.count == offset)
    // As PyTorch initialises: embeddings standard normal, the rest uniform in ±1/√inputs.
    let heads = parameters[tensors[5].offset...]
    #expect(heads.allSatisfy { abs($0) <= 0.5 } && heads.contains { abs($0) > 0.49 })
    #expect(parameters[..<14].contains { abs($0) > 1 })
    let (least, most) = (heads.min() ?? 0, heads.max() ?? 0)
    #expect(least < -0.49 && most > 0.49)
  }

  @Test("a round changes the hypernetwork where it stands: no second one is in memory")
  func inPlace() throws {
    var federation = try SmallFederation.partial.start(PFedHN.self)
    func places() -> [UnsafePointer<Float>?] {
      let server = federation.state.server
      return [server.parameters, server.velocity].map {
        $0.withUnsafeBufferPointer { $0.baseAddress }
      }
    }
    let before = (places(), federation.state.server.parameters.first)
    try federation.runRounds(1)
    #expect(places() == before.0)
    #expect(federation.state.server.parameters.first != before.1)
  }
}
