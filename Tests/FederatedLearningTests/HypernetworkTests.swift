import FederatedLearning
import TestSupport
import Testing

extension WeightNormaliser {
  init(_ golden: GoldenNormaliser) { self = golden == .softmax ? .softmax : .reluSum }
}

extension AggregationHypernetwork {
  func weights(_ parameters: [Float], client: Int) -> [[Float]] {
    weights(of: hypernetwork(parameters), client: client)
  }

  func gradient(_ parameters: [Float], client: Int, by weightGradient: [[Float]]) -> [Float] {
    self.parameters(
      of: gradient(of: hypernetwork(parameters), client: client, weightGradient: weightGradient))
  }

  func initialParameters(seed: UInt64, client: Int, heads: HeadInitialisation) -> [Float] {
    parameters(of: initial(seed: seed, client: client, heads: heads))
  }
}

@Suite("Hypernetwork")
struct HypernetworkTests {
  @Test("one step against PyTorch", arguments: try GoldenValues.hypernetworks())
  func golden(_ golden: HypernetworkCase) throws {
    let hypernetwork = AggregationHypernetwork(
      embeddingSize: golden.embedding, hiddenSizes: golden.hidden,
      layerCount: golden.layerSizes.count, clientCount: golden.sources,
      normaliser: WeightNormaliser(golden.normaliser))
    try #require(hypernetwork.parameterCount == golden.parameters.count)
    // What float32 can promise, for another order of summation.
    let tolerance = 4 * golden.rounding

    let weights = hypernetwork.weights(golden.parameters, client: golden.client)
    for (layer, expected) in golden.aggregationWeights.enumerated() {
      expectClose(weights[layer], expected, absolute: tolerance, "weights of layer \(layer)")
    }

    let bank = try ClientBank(
      parameterCount: golden.delta.count, rows: golden.bank.rows(of: golden.delta.count))
    var layers: [Range<Int>] = []
    for size in golden.layerSizes {
      let start = layers.last?.upperBound ?? 0
      layers.append(start..<start + size)
    }
    var personalised = Array(bank[golden.client])
    for (layer, columns) in layers.enumerated() where !golden.retained.contains(layer) {
      bank.weightedSum(weights[layer], columns: columns, into: &personalised)
    }
    expectClose(personalised, golden.personalised, absolute: tolerance, "personalised model")

    var change = golden.delta
    for slot in golden.excludedSlots + golden.retained.flatMap({ layers[$0] }) { change[slot] = 0 }
    let weightGradient = layers.map {
      bank.innerProducts(with: [change], columns: $0)[0].map(Float.init)
    }
    let gradient = hypernetwork.gradient(
      golden.parameters, client: golden.client, by: weightGradient)
    expectClose(gradient, golden.gradient, absolute: tolerance, "gradient")

    let updated = zip(golden.parameters, gradient).map { $0 + golden.stepSize * $1 }
    expectClose(updated, golden.updatedParameters, absolute: tolerance, "updated parameters")
    let updatedWeights = hypernetwork.weights(updated, client: golden.client)
    for (layer, expected) in golden.updatedAggregationWeights.enumerated() {
      expectClose(
        updatedWeights[layer], expected, absolute: tolerance, "updated weights of layer \(layer)")
    }
  }

  @Test(
    "the gradient against finite differences", arguments: WeightNormaliser.allCases,
    [[], [6], [7, 5]])
  func finiteDifferences(normaliser: WeightNormaliser, hidden: [Int]) {
    let hypernetwork = AggregationHypernetwork(
      embeddingSize: 4, hiddenSizes: hidden, layerCount: 3, clientCount: 5, normaliser: normaliser)
    // Under this seed no ReLU is within a step of its kink.
    let parameters = hypernetwork.initialParameters(seed: 9, client: 2, heads: .uniform)
    let weightGradient = (0..<3).map { HashFill.signed(salt: 20 + UInt32($0), count: 5, bound: 1) }
    /// Σ over layers and sources of α · weightGradient.
    func value(_ parameters: [Float]) -> Double {
      zip(hypernetwork.weights(parameters, client: 2), weightGradient).reduce(0) { sum, layer in
        sum + zip(layer.0, layer.1).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      }
    }
    let gradient = hypernetwork.gradient(parameters, client: 2, by: weightGradient)
    let step: Float = 1 / 256
    let differences = parameters.indices.map { index in
      var (above, below) = (parameters, parameters)
      above[index] += step
      below[index] -= step
      return (value(above) - value(below)) / Double(above[index] - below[index])
    }
    #expect(gradient.contains { abs($0) > 0.1 })
    expectClose(gradient.map(Double.init), differences, absolute: 3e-4, relative: 1e-3, "gradient")
  }

  @Test("the weights of every layer are shares that sum to 1", arguments: WeightNormaliser.allCases)
  func sums(normaliser: WeightNormaliser) {
    for clientCount in 1...100 {
      let hypernetwork = AggregationHypernetwork(
        embeddingSize: 6, hiddenSizes: [8], layerCount: 3, clientCount: clientCount,
        normaliser: normaliser)
      for seed in 0..<UInt64(20) {
        let client = Int(seed) % clientCount
        let drawn = hypernetwork.initialParameters(seed: seed, client: client, heads: .uniform)
        // Large outputs too, whose exponentials overflow.
        for scale in [1, 30] as [Float] {
          for weights in hypernetwork.weights(drawn.map { $0 * scale }, client: client) {
            #expect(weights.count == clientCount)
            #expect(weights.allSatisfy { $0 >= 0 && $0 <= 1 })
            expectClose(
              weights.reduce(0) { $0 + Double($1) }, 1, absolute: 1e-6,
              "\(clientCount) clients, seed \(seed)")
          }
        }
      }
    }
  }

  @Test("zero heads: equal weights under softmax, all on the client itself under relu-sum")
  func zeroHeads() {
    for client in 0..<4 {
      for normaliser in WeightNormaliser.allCases {
        let hypernetwork = AggregationHypernetwork(
          embeddingSize: 3, hiddenSizes: [5], layerCount: 2, clientCount: 4, normaliser: normaliser)
        let parameters = hypernetwork.initialParameters(seed: 1, client: client, heads: .zero)
        let expected: [Float] =
          normaliser == .softmax
          ? [0.25, 0.25, 0.25, 0.25] : (0..<4).map { $0 == client ? 1 : 0 }
        #expect(
          hypernetwork.weights(parameters, client: client) == [expected, expected])
        let gradient = hypernetwork.gradient(
          parameters, client: client, by: [[1, 2, 3, 4], [4, 3, 2, 1]])
        #expect(gradient.contains { $0 != 0 } == (normaliser == .softmax))
      }
    }
  }

  @Test("initial parameters: a standard normal embedding, then uniform in ±1/√inputs")
  func initialParameters() {
    let hypernetwork = AggregationHypernetwork(
      embeddingSize: 10_000, hiddenSizes: [16], layerCount: 2, clientCount: 3, normaliser: .softmax)
    func draw(
      seed: UInt64 = 1, client: Int = 0, _ heads: AggregationHypernetwork.HeadInitialisation
    )
      -> [Float]
    {
      hypernetwork.initialParameters(seed: seed, client: client, heads: heads)
    }
    let uniform = draw(.uniform)
    let hiddenEnd = 10_000 + 16 * 10_000 + 16
    #expect(hypernetwork.parameterCount == hiddenEnd + 2 * (3 * 16 + 3))
    #expect(uniform.count == hypernetwork.parameterCount)

    let embedding = uniform.prefix(10_000).map(Double.init)
    expectClose(embedding.reduce(0, +) / 10_000, 0, absolute: 0.05, "mean")
    expectClose(embedding.reduce(0) { $0 + $1 * $1 } / 10_000, 1, absolute: 0.07, "variance")
    let hidden = uniform[10_000..<hiddenEnd]
    #expect(hidden.allSatisfy { abs($0) <= 0.01 } && hidden.contains { abs($0) > 0.0099 })
    let heads = uniform[hiddenEnd...]
    #expect(heads.allSatisfy { abs($0) <= 0.25 } && heads.contains { abs($0) > 0.2 })

    let zero = draw(.zero)
    #expect(zero.prefix(hiddenEnd) == uniform.prefix(hiddenEnd))
    #expect(zero.suffix(from: hiddenEnd).allSatisfy { $0 == 0 })
    let positive = draw(.positive)
    #expect(positive.prefix(hiddenEnd) == uniform.prefix(hiddenEnd))
    for head in Array(positive[hiddenEnd...]).rows(of: 3 * 16 + 3) {
      #expect(head[..<48].allSatisfy { $0 >= 0 && $0 < 1 } && head[..<48].contains { $0 > 0.9 })
      #expect(head[48...].allSatisfy { $0 == 0 })
    }
    #expect(draw(.uniform) == uniform)
    #expect(Set([uniform, draw(seed: 2, .uniform), draw(client: 1, .uniform)]).count == 3)
  }
}
