import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("pFedHN")
struct PFedHNTests {
  /// A tiny hypernetwork for the small federation's model, and three participants' changes.
  struct Tiny {
    let layout: ParameterLayout
    let hypernetwork: ModelGenerator
    let parameters: [Float]
    let changes: [ModelGenerator.Change]
    let engine: any TrainingEngine

    init(hiddenLayers: Int = 2, hiddenSize: Int = 5, workers: Int = 2) throws {
      var small = SmallFederation()
      small.workerCount = workers
      engine = try small.engine()
      layout = try small.setting().layout
      hypernetwork = ModelGenerator(
        embeddingSize: 3, hiddenSize: hiddenSize, hiddenLayerCount: hiddenLayers, clientCount: 4,
        layout: layout)
      // Under this seed no ReLU is within a step of its kink.
      parameters = hypernetwork.initialParameters(seed: 6)
      let count = layout.count
      changes = [0, 1, 3].map {
        ($0, HashFill.signed(salt: 30 + UInt32($0), count: count, bound: 1))
      }
    }

    func stepped(
      _ changes: [ModelGenerator.Change], _ descent: ModelGenerator.Descent,
      velocity: [Float]? = nil
    ) throws -> (parameters: [Float], velocity: [Float]) {
      var after = parameters
      var velocity = velocity ?? [Float](repeating: 0, count: parameters.count)
      try hypernetwork.step(&after, velocity: &velocity, changes: changes, descent, on: engine)
      return (after, velocity)
    }

    /// W · input + b of the hidden layer (0) or a head (1, 2, …), with the rows of W as a bank's.
    func dense(_ number: Int, _ input: [Float]) throws -> [Float] {
      func values(_ tensor: HypernetworkTensor) -> [Float] {
        Array(parameters[tensor.offset..<tensor.offset + tensor.shape.reduce(1, *)])
      }
      let tensors = hypernetwork.tensors
      let rows = try ClientBank(
        parameterCount: input.count,
        rows: values(tensors[1 + 2 * number]).rows(of: input.count))
      let products = rows.innerProducts(with: [input], columns: 0..<input.count)[0]
      return zip(values(tensors[2 + 2 * number]), products).map { $0 + Float($1) }
    }

    /// z of a client if there is one hidden layer.
    func features(of client: Int) throws -> [Float] {
      try dense(0, Array(parameters[client * 3..<client * 3 + 3]))
    }

    /// The gradient as a vector: a plain step leaves it in the velocity.
    func gradient(_ change: ModelGenerator.Change) throws -> [Double] {
      try stepped([change], Self.plain).velocity.map(Double.init)
    }

    static let plain = ModelGenerator.Descent(
      optimiser: StochasticGradientDescent(learningRate: 1), clipping: 0, share: 1)
  }

  @Test("the gradient against finite differences of ⟨θ, Δθ⟩", arguments: [0, 1, 2])
  func finiteDifferences(hiddenLayers: Int) throws {
    let tiny = try Tiny(hiddenLayers: hiddenLayers)
    let trained = tiny.layout.layers.flatMap(\.trainedRange)
    for change in tiny.changes.prefix(2) {
      func value(_ parameters: [Float]) -> Double {
        var models = [[Float](repeating: 0, count: tiny.layout.count)]
        tiny.hypernetwork.produce(&models, of: [change.client], parameters: parameters)
        return trained.reduce(0) { $0 + Double(models[0][$1]) * Double(change.values[$1]) }
      }
      let step: Float = 1 / 128
      let differences = tiny.parameters.indices.map { index in
        var (above, below) = (tiny.parameters, tiny.parameters)
        above[index] += step
        below[index] -= step
        // The hypernetwork descends on −⟨θ, Δθ⟩.
        return -(value(above) - value(below)) / Double(above[index] - below[index])
      }
      let gradient = try tiny.gradient(change)
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
    let gradients = try tiny.changes.map(tiny.gradient)
    let velocity = HashFill.signed(salt: 9, count: tiny.parameters.count, bound: 0.1)
    let (rate, momentum, decay) = (0.05, 0.8, 0.1)
    let (found, foundVelocity) = try tiny.stepped(
      tiny.changes,
      ModelGenerator.Descent(
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

  @Test(
    "steps in turns are the same steps one by one, within rounding",
    arguments: [0, 3, 40] as [Float], [1, 0.5] as [Float])
  func turns(clipping: Float, share: Float) throws {
    let descent = ModelGenerator.Descent(
      optimiser: StochasticGradientDescent(learningRate: 0.02, momentum: 0.8, weightDecay: 0.3),
      clipping: clipping, share: share)
    for grouping in [[1, 1, 1], [2, 1], [1, 2]] {
      func stepped(_ tiny: Tiny, _ velocity: [Float]) throws -> ([Float], [Float]) {
        var (parameters, velocity) = (tiny.parameters, velocity)
        var rest = tiny.changes[...]
        let turns = grouping.map { count in
          defer { rest = rest.dropFirst(count) }
          return Array(rest.prefix(count))
        }
        try tiny.hypernetwork.step(
          &parameters, velocity: &velocity, turns: turns, descent, on: tiny.engine)
        return (parameters, velocity)
      }
      let tiny = try Tiny()
      let velocity = HashFill.signed(salt: 9, count: tiny.parameters.count, bound: 0.1)
      let (found, foundVelocity) = try stepped(tiny, velocity)
      let byThree = try stepped(Tiny(workers: 3), velocity)
      #expect(found.bits == byThree.0.bits && foundVelocity.bits == byThree.1.bits)

      var (parameters, moved) = (tiny.parameters, velocity)
      var rest = tiny.changes[...]
      for count in grouping {
        try tiny.hypernetwork.step(
          &parameters, velocity: &moved, changes: Array(rest.prefix(count)), descent,
          on: tiny.engine)
        rest = rest.dropFirst(count)
      }
      expectClose(found, parameters, absolute: 1e-5, relative: 1e-5, "\(grouping)")
      expectClose(foundVelocity, moved, absolute: 1e-4, relative: 1e-5, "\(grouping), velocity")
      // Not one step for all: that is far away.
      let together = try tiny.stepped(tiny.changes, descent, velocity: velocity)
      #expect(zip(together.parameters, found).contains { abs($0 - $1) > 1e-2 })
    }
  }

  /// Around short and long vectors, and beyond a stretch of 512 columns.
  static let hiddenSizes = [1, 5, 22, 100, 530]

  @Test("models made together are those made alone, and W z + b", arguments: hiddenSizes)
  func together(hiddenSize: Int) throws {
    let tiny = try Tiny(hiddenLayers: 0, hiddenSize: hiddenSize)
    let clients = (0..<11).map { $0 * 3 % 4 }
    let own = HashFill.signed(salt: 3, count: tiny.layout.count, bound: 1)
    var together = clients.map { _ in own }
    tiny.hypernetwork.produce(&together, of: clients, parameters: tiny.parameters)
    for (client, model) in zip(clients, together) {
      var alone = [own]
      tiny.hypernetwork.produce(&alone, of: [client], parameters: tiny.parameters)
      #expect(model.bits == alone[0].bits)
      var expected = own
      let features = try tiny.features(of: client)
      let trained = tiny.layout.tensors.filter { $0.role == .trained }
      for (number, tensor) in trained.enumerated() {
        expected.replaceSubrange(tensor.range, with: try tiny.dense(1 + number, features))
      }
      #expect(model.bits == expected.bits)
    }
  }

  @Test(
    "a step of the heads is the plain one, bit for bit, by any number of workers",
    arguments: hiddenSizes)
  func plainStep(hiddenSize: Int) throws {
    let tiny = try Tiny(hiddenLayers: 0, hiddenSize: hiddenSize)
    let velocity = HashFill.signed(salt: 9, count: tiny.parameters.count, bound: 0.1)
    let descent = ModelGenerator.Descent(
      optimiser: StochasticGradientDescent(learningRate: 0.05, momentum: 0.8, weightDecay: 0.1),
      clipping: 0, share: 1)
    let found = try tiny.stepped(tiny.changes, descent, velocity: velocity)
    let byThree = try Tiny(hiddenLayers: 0, hiddenSize: hiddenSize, workers: 3)
      .stepped(tiny.changes, descent, velocity: velocity)
    #expect(found.parameters.bits == byThree.parameters.bits)
    #expect(found.velocity.bits == byThree.velocity.bits)

    let trained = tiny.layout.tensors.filter { $0.role == .trained }
    let heads = tiny.hypernetwork.tensors.dropFirst(3)
    let features = try tiny.changes.map { try tiny.features(of: $0.client) }
    for (number, tensor) in trained.enumerated() {
      let (weight, bias) = (heads[3 + 2 * number], heads[4 + 2 * number])
      for (row, column) in tensor.range.enumerated() {
        for input in 0...hiddenSize {
          let place =
            input < hiddenSize ? weight.offset + row * hiddenSize + input : bias.offset + row
          var gradient: Float = 0
          for (change, features) in zip(tiny.changes, features) {
            gradient += -change.values[column] * (input < hiddenSize ? features[input] : 1)
          }
          let moved = 0.8 * velocity[place] + (gradient + 0.1 * tiny.parameters[place])
          #expect(found.velocity[place].bitPattern == moved.bitPattern)
          let expected = tiny.parameters[place] - 0.05 * moved
          #expect(found.parameters[place].bitPattern == expected.bitPattern)
        }
      }
    }
  }

  @Test("clients that take no part get no gradient; decay and momentum move their embeddings")
  func others() throws {
    let tiny = try Tiny()
    let size = 3
    let velocity = HashFill.signed(salt: 9, count: tiny.parameters.count, bound: 0.1)
    let descent = ModelGenerator.Descent(
      optimiser: StochasticGradientDescent(learningRate: 0.5, momentum: 0.5, weightDecay: 0.25),
      clipping: 0, share: 1)
    let after = try tiny.stepped([tiny.changes[1]], descent, velocity: velocity).parameters
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
    "all participants train what the hypernetwork produced before the round, with an optimiser of their own",
    arguments: zip(["sequential", "sum", "mean"], ["own", "run", "own"]))
  func snapshot(reduction: String, optimiser: String) throws {
    let small = SmallFederation.partial
    let engine = try small.engine()
    var federation = try small.start(
      PFedHN.self,
      [
        "reduction": .text(reduction), "inner_steps": .integer(4),
        "client_optimiser": .text(optimiser),
      ], engine: engine)
    try federation.runRounds(1)
    let (before, received) = (federation.state, federation.receivedModels)
    #expect(Set(received).count == 7)
    let participants = try federation.runRound().participants
    #expect(participants.count > 2)
    var changes: [ModelGenerator.Change] = []
    for client in participants {
      let phases = federation.trainingBatches(round: 2, client: client)
      #expect(phases.count == 1 && phases[0].batches.count == 4)
      let task = LocalTask(
        round: 2, client: client, images: federation.data.images, phases: phases,
        optimiser: optimiser == "run"
          ? small.optimiser
          : StochasticGradientDescent(learningRate: 0.005, momentum: 0.9, weightDecay: 5e-5))
      let trained = try engine.onWorker { network in
        try task.descend(from: received[client], on: network).model
      }
      #expect(federation.state.bank[client].bits == trained.bits)
      changes.append((client, zip(trained, received[client]).map { $0 - $1 }))
    }
    // A step for each, in ascending order, or one for all of them.
    #expect(participants == participants.sorted())
    var (parameters, velocity) = (before.server.parameters, before.server.velocity)
    try ModelGenerator(
      embeddingSize: 2, hiddenSize: 100, hiddenLayerCount: 3, clientCount: 7,
      layout: try small.setting().layout
    ).step(
      &parameters, velocity: &velocity,
      turns: reduction == "sequential" ? changes.map { [$0] } : [changes],
      ModelGenerator.Descent(
        optimiser: StochasticGradientDescent(
          learningRate: 0.01, momentum: 0.9, weightDecay: 1e-3),
        clipping: 50, share: reduction == "mean" ? 1 / Float(changes.count) : 1),
      on: engine)
    #expect(federation.state.server.parameters.bits == parameters.bits)
    #expect(federation.state.server.velocity.bits == velocity.bits)
  }

  @Test("local training is five mini-batches a pass that is asked for, or as many as are given")
  func innerSteps() throws {
    var small = SmallFederation()
    for (localEpochs, count) in [(1, 5), (2, 10), (10, 50)] {
      small.localEpochs = localEpochs
      #expect(
        try small.method(PFedHN.self).trainingPhases == [LocalPhase(.train, .batches(count))])
      #expect(
        try small.method(PFedHN.self, ["inner_steps": .integer(7)]).trainingPhases
          == [LocalPhase(.train, .batches(7))])
    }
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
    let tensors = method.hypernetworkTensors
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
