import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

@Suite("Where a run has diverged")
struct DivergencePlaceTests {
  @Test(
    "a loss that alone is not finite names the layer of the largest parameter, and changes nothing")
  func overflow() throws {
    var federation = try SmallFederation().start(FedAvg.self)
    try federation.runRounds(2)
    let before = Snapshot(federation)
    for (place, model, name) in [
      (
        Divergence.Place.testLoss(.received), EvaluatedModel.received,
        "test loss of the received model"
      ),
      (.testLoss(.trained), .trained, "test loss of the trained model"),
      (.trainingLoss, .trained, "training loss"),
    ] {
      let found = Divergence(round: 2, client: 1, place: place)
      let located = try federation.located(found)
      let parameters = try federation.model(model, of: 1).map(abs)
      let largest = try #require(parameters.max())
      let index = try #require(parameters.firstIndex(of: largest))
      let layout = ParameterLayout(try SmallFederation().architecture())
      let layer = try #require(layout.layers.first { $0.range.contains(index) }).name
      #expect(located.place == place)
      #expect(
        located.sentence
          == "round 2, client 1, \(name) is not finite: it overflowed, as every parameter is finite, the "
          + "largest \(largest), in layer \(layer)")
      #expect(found.sentence == "round 2, client 1, \(name) is not finite")
    }
    #expect(Snapshot(federation) == before)
  }

  @Test("of a model whose test loss is not finite the first layer with such a value is named")
  func layer() throws {
    let layout = ParameterLayout(try SmallFederation().architecture())
    for (layer, value) in zip(layout.layers, [Float.nan, .infinity, -.infinity, .nan]) {
      var federation = try SmallFederation().start(Local.self)
      try federation.runRounds(1)
      var bank = federation.state.bank
      var parameters = bank[2]
      parameters[layer.range.upperBound - 1] = value
      bank.store(parameters, of: 2)
      try federation.restore(
        round: 1, bank: bank, server: federation.method.tensors(of: federation.state.server))
      let found = Divergence(round: 1, client: 2, place: .testLoss(.received))
      #expect(
        try federation.located(found).sentence
          == "round 1, client 2, layer \(layer.name) of the received model is not finite")
    }
  }

  @Test("what all clients share and what has a layer already stay as they are")
  func others() throws {
    let federation = try SmallFederation().start(FedAvg.self)
    for found in [
      Divergence(round: 1, client: nil, place: .serverState("global_model")),
      Divergence(round: 1, client: 0, place: .layer("fc1")),
      Divergence(round: 1, client: 0, place: .hypernetwork),
    ] {
      #expect(try federation.located(found) == found)
    }
  }

  @Test("every method's step size is a number of its own keys, with a condition that can hold")
  func stepSizes() throws {
    var marked: [String] = []
    for method in MethodRegistry.all.map({ $0.information }) {
      for option in method.options {
        guard let stepSize = option.stepSize else { continue }
        marked.append("\(method.name).\(option.key)")
        #expect(option.accepts(.number(0.5)), "\(method.name).\(option.key)")
        if let condition = stepSize.condition {
          let other = try #require(method.options.first { $0.key == condition.key })
          #expect(other.accepts(condition.value))
        }
      }
      // A new key of such a name wants the mark.
      for option in method.options
      where option.key.hasSuffix("step_size") || option.key.hasSuffix("learning_rate") {
        #expect(option.stepSize != nil, "\(method.name).\(option.key)")
      }
    }
    #expect(marked.count == 13, "\(marked)")
  }
}
