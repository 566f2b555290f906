import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("Units of aggregation")
struct AggregationUnitsTests {
  /// Layers conv1, bn1, fc1, fc2; weights that soon differ.
  private static func small(_ units: [String]) -> SmallFederation {
    var small = SmallFederation.partial
    small.units = units
    return small
  }

  private static let learning: [String: OptionValue] = [
    "head_initialisation": .text("uniform"), "step_size": .number(0.1),
  ]

  @Test("layers named one by one are the default, bit for bit")
  func oneByOne() throws {
    var named = try Self.small(["fc1", "bn1"]).start(PFedLA.self, Self.learning)
    var usual = try Self.small([]).start(PFedLA.self, Self.learning)
    try named.runRounds(3)
    try usual.runRounds(3)
    #expect(Snapshot(named) == Snapshot(usual))
  }

  @Test("a unit's layers share one head of the hypernetwork and its weights")
  func shared() throws {
    var federation = try Self.small(["fc2 + conv1"]).start(PFedLA.self, Self.learning)
    try federation.runRounds(3)
    let method = federation.method
    #expect(
      method.hypernetworkTensors.map(\.name).filter {
        $0.hasSuffix(".bias") && $0.hasPrefix("head")
      }
        == ["head.conv1+fc2.bias", "head.bn1.bias", "head.fc1.bias"])
    for client in federation.clients {
      let weights = method.aggregationWeights(of: client, state: federation.state.server)
      #expect(weights.count == 4)
      #expect(weights[0].bits == weights[3].bits)
      #expect(Set([weights[0], weights[1], weights[2]]).count == 3)
    }
  }

  @Test("the gradient of a unit's weights is the sum over its layers")
  func gradient() throws {
    // Equal weights, an embedding of one, no hidden layer: each bias moves by the softmax's gradient alone.
    func biases(_ units: [String]) throws -> [[Float]] {
      var small = SmallFederation()
      small.units = units
      var federation = try small.start(PFedLA.self, HeurpFedLATests.bare)
      try federation.runRounds(2)
      let parameters = federation.method.hypernetworkParameters(
        of: 1, state: federation.state.server)
      // Behind the embedding: weights and biases of each head, of four clients.
      return Array(parameters[1...]).rows(of: 8).map { Array($0[4...]) }
    }
    let (apart, together) = (try biases([]), try biases(["conv1+bn1+fc1", "fc2"]))
    #expect(apart.count == 4 && together.count == 2)
    // In the first of the two rounds all models are equal, so that only the second moves anything.
    let sums = (0..<4).map { apart[0][$0] + apart[1][$0] + apart[2][$0] }
    #expect(sums.contains { abs($0) > 1e-6 })
    expectClose(together[0], sums, absolute: 1e-6, "biases of conv1+bn1+fc1")
    expectClose(together[1], apart[3], absolute: 1e-7, "biases of fc2")
  }

  @Test("HeurpFedLA retains whole units")
  func retained() throws {
    let small = Self.small(["conv1+bn1", "fc1+fc2"])
    var options = HeurpFedLATests.bare
    options["retained_layers"] = .integer(1)
    let federation = try small.start(HeurpFedLA.self, options)
    let (method, state) = (federation.method, federation.state.server)
    #expect(method.retainedLayers(of: 2, state: state) == [true, true, false, false])
    let kept = try small.setting().layout.layers[..<2].reduce(0) { $0 + $1.range.count } * 4
    let traffic = method.traffic(of: 2, state: state)
    #expect(traffic.uplink - traffic.downlink == kept)
    options["retained_layers"] = .integer(3)
    #expect(
      throws: FederationError(
        "retained_layers: found 3, expected at most 2, the number of units of layers of the model")
    ) { try small.start(HeurpFedLA.self, options) }
  }

  @Test("layer-wise similarity with a single unit is model-wise similarity, bit for bit")
  func wholeModel() throws {
    var layerwise = try Self.small(["conv1+bn1+fc1+fc2"]).start(SimilarityLayerwise.self)
    var modelwise = try Self.small([]).start(SimilarityModelwise.self)
    try layerwise.runRounds(3)
    try modelwise.runRounds(3)
    #expect(Snapshot(layerwise) == Snapshot(modelwise))
    #expect(layerwise.receivedModels.map(\.bits) == modelwise.receivedModels.map(\.bits))
  }

  @Test(
    "names that do not fit are refused",
    arguments: [
      (
        ["conv1+fc3"],
        "model.units: conv1+fc3: the model has no layer \"fc3\", expected one of conv1, bn1, fc1, fc2 "
          + "(did you mean fc1?)"
      ),
      (
        ["conv1", "bn1+conv1"],
        "model.units: found conv1 twice, expected each layer at most once"
      ),
      (
        ["fc1+"],
        "model.units: fc1+: the model has no layer \"\", expected one of conv1, bn1, fc1, fc2"
      ),
    ])
  func errors(units: [String], message: String) throws {
    #expect(throws: FederationError(message)) { try Self.small(units).setting() }
  }
}
