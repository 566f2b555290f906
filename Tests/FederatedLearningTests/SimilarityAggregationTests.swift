import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("Aggregation by similarity")
struct SimilarityAggregationTests {
  static let names = ["similarity-layerwise", "similarity-modelwise"]

  /// The state after a round in which every client trained the given model.
  private func state<Method: FederatedMethod>(
    _ method: Method, models: [[Float]]
  ) throws -> Method.ServerState where Method.Contribution == Void {
    var state = method.initialState()
    try method.aggregate(
      models.enumerated().map {
        ClientUpdate(client: $0, trained: $1, trainLoss: 0, contribution: ())
      },
      into: &state, bank: ClientBank(clientCount: models.count, initial: models[0]),
      on: try SmallFederation().engine())
    return state
  }

  /// The weights of a client, axes (layer, source client), for crafted models.
  private func weights(
    _ name: String, _ options: [String: OptionValue], client: Int, models: [[Float]]
  ) throws -> [[Float]] {
    var small = SmallFederation()
    small.trainCounts = models.map { _ in 10 }
    func found<Method: FederatedMethod>(_ method: Method) throws -> [[Float]]
    where Method.Contribution == Void {
      let state = try state(method, models: models)
      return try #require(method.weighting).aggregationWeights(of: client, state: state)
    }
    return name == Self.names[0]
      ? try found(small.method(SimilarityLayerwise.self, options))
      : try found(small.method(SimilarityModelwise.self, options))
  }

  /// A model whose layers have the given cosines with the first of two orthogonal directions.
  private func model(_ cosines: [Float]) throws -> [Float] {
    let layout = try SmallFederation().setting().layout
    var model = [Float](repeating: 0, count: layout.count)
    for (layer, cosine) in zip(layout.layers, cosines) {
      model[layer.trainedRange.lowerBound] = cosine
      model[layer.trainedRange.lowerBound + 1] = (1 - cosine * cosine).squareRoot()
      // Running statistics must not count.
      for index in layer.trainedRange.upperBound..<layer.range.upperBound { model[index] = 100 }
    }
    return model
  }

  private static let third = 1 / Float(3)

  @Test("equal models: equal weights, and of the others the first", arguments: names)
  func equal(name: String) throws {
    let initial = try SmallFederation().setting().initialParameters
    let models = [[Float]](repeating: initial, count: 5)
    let expected: [[Float]] = [
      [1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1, 1, 0, 1, 0], [1, 1, 0, 0, 1],
    ].map { $0.map { $0 * Self.third } }
    for client in 0..<5 {
      let weights = try weights(name, ["threshold": .number(1)], client: client, models: models)
      #expect(weights == [[Float]](repeating: expected[client], count: 4))
    }
  }

  @Test("the most similar clients above the threshold, layer by layer or by the whole model")
  func chosen() throws {
    // Cosines with client 0, layer by layer; its own are 1.
    let models = try [
      [1, 1, 1, 1], [0.9, 0.2, 0.8, -1], [0.95, 0.7, 0.1, 1], [0.99, 0.6, -0.9, 0.4],
    ].map(model)
    let half: Float = 0.5
    #expect(
      try weights(Self.names[0], [:], client: 0, models: models) == [
        [Self.third, 0, Self.third, Self.third], [Self.third, 0, Self.third, Self.third],
        [half, half, 0, 0], [half, 0, half, 0],
      ])
    // Means over the four layers: 0.225, 0.6875, 0.2725.
    #expect(
      try weights(Self.names[1], [:], client: 0, models: models)
        == [[Float]](repeating: [half, 0, half, 0], count: 4))
    #expect(
      try weights(
        Self.names[1], ["threshold": .number(-1), "neighbours": .integer(2)], client: 0,
        models: models) == [[Float]](repeating: [Self.third, 0, Self.third, Self.third], count: 4))
    #expect(
      try weights(Self.names[0], ["neighbours": .integer(1)], client: 0, models: models) == [
        [half, 0, 0, half], [half, 0, half, 0], [half, half, 0, 0], [half, 0, half, 0],
      ])
    // Scale does not count.
    let scaled = [models[0].map { $0 * 7 }, models[1].map { $0 / 3 }, models[2], models[3]]
    #expect(
      try weights(Self.names[0], [:], client: 0, models: scaled)
        == weights(Self.names[0], [:], client: 0, models: models))
  }

  @Test("without neighbours it is Local, bit for bit", arguments: names)
  func local(name: String) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      let small = SmallFederation.partial
      var alone = try small.start(type, ["neighbours": .integer(0)])
      var local = try small.start(Local.self)
      try alone.runRounds(3)
      try local.runRounds(3)
      #expect(alone.state.bank.values.bits == local.state.bank.values.bits)
      #expect(alone.receivedModels.map(\.bits) == local.receivedModels.map(\.bits))
    }
    try withMethod(name) { try check($0) }
  }

  @Test("where nobody is similar enough, each client keeps its own model", arguments: names)
  func strict(name: String) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      var federation = try SmallFederation().start(type, ["threshold": .number(1)])
      try federation.runRounds(1)
      for client in federation.clients {
        #expect(federation.receivedModels[client].bits == federation.state.bank[client].bits)
      }
    }
    try withMethod(name) { try check($0) }
  }

  @Test("with everybody a neighbour it is the plain mean", arguments: names)
  func mean(name: String) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      let small = SmallFederation()
      let options: [String: OptionValue] = [
        "neighbours": .integer(3), "threshold": .number(-1),
      ]
      var federation = try small.start(type, options)
      var averaging = try small.start(FedAvg.self)
      for round in 1...3 {
        try federation.runRounds(1)
        try averaging.runRounds(1)
        for client in federation.clients {
          expectClose(
            federation.receivedModels[client], averaging.receivedModels[client], absolute: 2e-6,
            "client \(client) after round \(round)")
        }
      }
    }
    try withMethod(name) { try check($0) }
  }

  @Test(
    "received models are the weighted sums of all latest models; rows sum to 1", arguments: names,
    FederationSetting.StatisticsTreatment.allCases)
  func received(name: String, statistics: FederationSetting.StatisticsTreatment) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws
    where Method.Contribution == Void {
      var small = SmallFederation.partial
      small.statistics = statistics
      var federation = try small.start(type)
      let layers = try small.setting().layout.layers
      for _ in 1...3 {
        try federation.runRounds(1)
        let (server, bank) = (federation.state.server, federation.state.bank)
        for client in federation.clients {
          let weights = try #require(federation.method.weighting).aggregationWeights(
            of: client, state: server)
          var expected = Array(bank[client])
          for (row, layer) in zip(weights, layers) {
            #expect(row[client] > 0 && abs(row.reduce(0, +) - 1) < 1e-6)
            let shared = statistics == .aggregated ? layer.range : layer.trainedRange
            for index in shared {
              expected[index] = federation.clients.reduce(0) {
                $0 + row[$1] * bank.values[$1 * bank.parameterCount + index]
              }
            }
          }
          expectClose(
            federation.receivedModels[client], expected, absolute: 1e-6, "client \(client)")
        }
      }
      // The latest models of all clients are compared, whoever took part.
      var anew = federation.method.initialState()
      let bank = federation.state.bank
      try federation.method.aggregate(
        federation.clients.map {
          ClientUpdate(client: $0, trained: Array(bank[$0]), trainLoss: 0, contribution: ())
        }, into: &anew, bank: bank, on: try small.engine())
      #expect(
        federation.method.tensors(of: anew).map(\.values.bits)
          == federation.tensors.map(\.values.bits))
      let bytes = try 4 * small.sentCount()
      #expect(
        federation.method.traffic(of: 1, state: federation.state.server)
          == Traffic(uplink: bytes, downlink: bytes))
    }
    if name == Self.names[0] {
      try check(SimilarityLayerwise.self)
    } else {
      try check(SimilarityModelwise.self)
    }
  }

  @Test("a threshold above 1 is refused", arguments: names)
  func threshold(name: String) throws {
    try withMethod(name) { method in
      #expect(
        throws: FederationError("threshold: found 1.5, expected a number in -1 … 1")
      ) { try SmallFederation().method(method, ["threshold": .number(1.5)]) }
    }
  }
}
