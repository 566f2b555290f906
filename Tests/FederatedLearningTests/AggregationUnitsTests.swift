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

  @Test("all tensors of a layer in one unit are the layer, bit for bit")
  func wholeLayers() throws {
    let names = ["bn1.bias+bn1.weight", "conv1.weight+conv1.bias", "fc2 + fc1.bias+fc1.weight"]
    var named = try Self.small(names).start(PFedLA.self, Self.learning)
    var usual = try Self.small(["fc1+fc2"]).start(PFedLA.self, Self.learning)
    #expect(named.method.setting.units == usual.method.setting.units)
    try named.runRounds(3)
    try usual.runRounds(3)
    #expect(Snapshot(named) == Snapshot(usual))
  }

  private static let tensorNames = ["conv1", "bn1", "fc1", "fc2"].flatMap {
    ["\($0).weight", "\($0).bias"]
  }

  @Test("each tensor can be a unit; running statistics go with their layer's last one")
  func tensors() throws {
    let setting = try Self.small(["tensors"]).setting()
    let units = setting.units
    #expect(units.names == Self.tensorNames)
    #expect(try Self.small(Self.tensorNames.reversed()).setting().units == units)
    // Of a layer that is named in part the rest is a unit of its own.
    #expect(
      try Self.small(["conv1.bias+fc2"]).setting().units.names
        == ["conv1.weight", "conv1.bias+fc2", "bn1", "fc1"])
    let columns = units.parts.joined().flatMap(\.range)
    #expect(columns == Array(0..<setting.layout.count))
    let trained = units.parts.joined().flatMap(\.trainedRange)
    #expect(trained == setting.layout.layers.flatMap(\.trainedRange))
    #expect(units.parts[3].map(\.range.count) == [9] && units.parts[2].map(\.range.count) == [3])
  }

  @Test("with a unit a tensor the received model is the sum with each tensor's weights")
  func receivedByTensor() throws {
    // Weights that are known: an embedding of one, no hidden layer, and biases that say them.
    var small = Self.small(["tensors"])
    small.statistics = .aggregated
    var federation = try small.start(PFedLA.self, HeurpFedLATests.bare)
    try federation.runRounds(2)
    let (method, bank, count) = (federation.method, federation.state.bank, 7)
    let setting = try small.setting()
    // Behind the embedding: weights and biases of each head.
    var parameters = [Float](repeating: 0, count: 1 + 8 * 2 * count)
    for unit in 0..<8 { parameters[1 + unit * 2 * count + count + unit % count] = 20 }
    var server = method.initialState()
    server.clients[2] = method.dense([parameters]).clients[0]
    let received = method.receivedModel(of: 2, state: server, bank: bank)
    for (place, tensor) in setting.layout.tensors.filter({ $0.role == .trained }).enumerated() {
      expectClose(
        Array(received[tensor.range]), Array(bank[place % count][tensor.range]), absolute: 1e-5,
        "tensor \(place)")
    }
    // bn1's statistics have the weights of its bias.
    let statistics =
      setting.layout.layers[1].trainedRange.upperBound..<setting.layout.layers[1].range.upperBound
    expectClose(
      Array(received[statistics]), Array(bank[3][statistics]), absolute: 1e-5, "statistics")
    // A layer's row is the mean over its parameters.
    for (layer, row) in method.aggregationWeights(of: 2, state: server).enumerated() {
      let sizes = setting.layout.layers[layer].tensors.filter { $0.role == .trained }.map {
        Float($0.range.count)
      }
      var expected = [Float](repeating: 0, count: count)
      for (place, size) in sizes.enumerated() {
        expected[(2 * layer + place) % count] += size / sizes.reduce(0, +)
      }
      expectClose(row, expected, absolute: 1e-6, "row of layer \(layer)")
    }
  }

  @Test("the gradients of a layer's tensors sum to the layer's")
  func tensorGradient() throws {
    func biases(_ units: [String]) throws -> [[Float]] {
      var small = SmallFederation()
      small.units = units
      var federation = try small.start(PFedLA.self, HeurpFedLATests.bare)
      try federation.runRounds(2)
      let parameters = federation.method.hypernetworkParameters(
        of: 1, state: federation.state.server)
      return Array(parameters[1...]).rows(of: 8).map { Array($0[4...]) }
    }
    let (apart, together) = (try biases(["tensors"]), try biases([]))
    #expect(apart.count == 8 && together.count == 4)
    for layer in 0..<4 {
      let sums = zip(apart[2 * layer], apart[2 * layer + 1]).map { $0 + $1 }
      #expect(sums.contains { abs($0) > 1e-6 })
      expectClose(together[layer], sums, absolute: 1e-6, "layer \(layer)")
    }
  }

  @Test("HeurpFedLA retains single tensors, and a layer is retained if all of its tensors are")
  func retainedTensors() throws {
    let small = Self.small(["tensors"])
    var options = HeurpFedLATests.bare
    options["retained_layers"] = .integer(3)
    let method = try small.method(HeurpFedLA.self, options)
    let state = method.initialState()
    // Of equal weights the first are retained: conv1's two tensors and bn1's weight.
    #expect(method.retainedLayers(of: 2, state: state) == [true, false, false, false])
    let traffic = method.traffic(of: 2, state: state)
    let kept = try small.setting().layout.tensors[..<3].reduce(0) { $0 + $1.range.count }
    #expect(traffic.uplink - traffic.downlink == 4 * kept)
    options["retained_layers"] = .integer(8)
    var all = try small.start(HeurpFedLA.self, options)
    var local = try Self.small([]).start(Local.self)
    try all.runRounds(3)
    try local.runRounds(3)
    #expect(all.state.bank.values.bits == local.state.bank.values.bits)
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
      (
        ["fc3.weight"],
        "model.units: fc3.weight: the model has no layer \"fc3\", expected one of conv1, bn1, fc1, fc2 "
          + "(did you mean fc1?)"
      ),
      (
        ["fc1.wieght"],
        "model.units: fc1.wieght: layer fc1 has no trained tensor \"wieght\", expected one of weight, bias "
          + "(did you mean weight?)"
      ),
      (
        ["bn1.running_mean"],
        "model.units: bn1.running_mean: layer bn1 has no trained tensor \"running_mean\", expected one of weight, bias"
      ),
      (
        ["fc1", "fc2+fc1.bias"],
        "model.units: found fc1.bias twice, expected each layer at most once"
      ),
    ])
  func errors(units: [String], message: String) throws {
    #expect(throws: FederationError(message)) { try Self.small(units).setting() }
  }
}
