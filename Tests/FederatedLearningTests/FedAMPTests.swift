import FederatedLearning
import Foundation
import NeuralNetworks
import TestSupport
import Testing

@Suite("FedAMP")
struct FedAMPTests {
  /// A client's weights, which are every layer's.
  private func weights(_ federation: Federation<FedAMP>, of client: Int) throws -> [Float] {
    let rows = federation.method.aggregationWeights(of: client, state: federation.state.server)
    #expect(rows.count == (try SmallFederation().setting().layout.layers.count))
    #expect(rows.allSatisfy { $0.bits == rows[0].bits })
    return rows[0]
  }

  /// ‖w_i − w_j‖² over the trained parameters, computed again from the bank.
  private func squaredDistance(_ federation: Federation<FedAMP>, _ i: Int, _ j: Int) throws
    -> Double
  {
    let (a, b) = (Array(federation.state.bank[i]), Array(federation.state.bank[j]))
    return try SmallFederation().setting().layout.layers.flatMap(\.trainedRange).reduce(0) {
      $0 + pow(Double(a[$1]) - Double(b[$1]), 2)
    }
  }

  @Test("a tiny σ without a pull is Local, bit for bit")
  func tinyWidth() throws {
    var small = SmallFederation()
    // At first the two count alike, and a half each of the same model is that model to the last bit.
    small.trainCounts = [10, 7]
    var attentive = try small.start(
      FedAMP.self, ["attention_width": .number(1e-6), "regularisation": .number(0)])
    var local = try small.start(Local.self)
    try attentive.runRounds(3)
    try local.runRounds(3)
    #expect(attentive.state.bank.values.bits == local.state.bank.values.bits)
    #expect(attentive.receivedModels.map(\.bits) == local.receivedModels.map(\.bits))
  }

  @Test("weights are α_k exp(−d² / σ) / σ, symmetric, and sum to 1 with the client's own")
  func weights() throws {
    let (step, width) = (0.1, 0.7)
    var federation = try SmallFederation.partial.start(
      FedAMP.self, ["attention_step_size": .number(step), "attention_width": .number(width)])
    for _ in 1...4 {
      try federation.runRounds(1)
      let rows = try federation.clients.map { try weights(federation, of: $0) }
      for i in federation.clients {
        for j in federation.clients where j != i {
          let expected = try step / width * exp(-squaredDistance(federation, i, j) / width)
          expectClose(Double(rows[i][j]), expected, absolute: 1e-6, "weight of \(j) for \(i)")
          #expect(rows[i][j] == rows[j][i])
        }
        expectClose(rows[i].reduce(0, +), 1, absolute: 1e-6, "sum")
        #expect(rows[i][i] > 0)
      }
    }
    let others = try weights(federation, of: 0).dropFirst()
    #expect(Set(others).count > 1)
  }

  @Test("where others would weigh too much they are scaled; nearer models still weigh more")
  func scaling() throws {
    var federation = try SmallFederation.partial.start(FedAMP.self)
    try federation.runRounds(3)
    for i in federation.clients {
      let row = try weights(federation, of: i)
      // The client's own model never weighs less than in a plain mean.
      expectClose(
        row[i], 1 / Float(federation.clients.count), absolute: 1e-6, "own weight of \(i)")
      expectClose(row.reduce(0, +), 1, absolute: 1e-6, "sum")
      let others = federation.clients.filter { $0 != i }
      let distances = try others.map { try squaredDistance(federation, i, $0) }
      let byDistance = zip(distances, others).sorted { $0.0 < $1.0 }.map { row[$0.1] }
      #expect(byDistance == byDistance.sorted(by: >))
      #expect(byDistance[0] > byDistance[others.count - 1])
      // The scale is the same for all.
      let scale = others.indices.map { exp(-distances[$0]) / Double(row[others[$0]]) }
      expectClose(
        scale, scale.map { _ in scale[0] }, absolute: 0, relative: 1e-5, "scale of row \(i)")
      #expect(scale[0] > 1)
    }
  }

  @Test(
    "what is received is the weighted sum of all clients' models",
    arguments: FederationSetting.StatisticsTreatment.allCases)
  func received(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation.partial
    small.statistics = statistics
    var federation = try small.start(FedAMP.self, ["attention_step_size": .number(0.1)])
    try federation.runRounds(3)
    let bank = federation.state.bank
    for client in federation.clients {
      let row = try weights(federation, of: client)
      var expected = bank[client].map(Double.init)
      for layer in try small.setting().layout.layers {
        for index in statistics == .aggregated ? layer.range : layer.trainedRange {
          expected[index] = federation.clients.reduce(0) {
            $0 + Double(row[$1]) * Double(bank.values[$1 * bank.parameterCount + index])
          }
        }
      }
      expectClose(
        federation.receivedModels[client].map(Double.init), expected, absolute: 1e-6,
        "received by \(client)")
    }
  }

  @Test("the default pull is 10⁻⁴, and without λ there is none")
  func defaultPull() throws {
    func models(_ options: [String: OptionValue]) throws -> [Float] {
      var federation = try SmallFederation().start(FedAMP.self, options)
      try federation.runRounds(2)
      return federation.state.bank.values
    }
    let standard = try models([:])
    #expect(
      try models(["attention_step_size": .number(1e4), "regularisation": .number(1)]).bits
        == standard.bits)
    // α_k is also the weights', but where these are scaled down only the pull knows it.
    let stronger = try models(["attention_step_size": .number(1), "regularisation": .number(1e-4)])
    #expect(stronger.bits == standard.bits)
    #expect(try models(["regularisation": .number(0)]).bits != standard.bits)
  }

  @Test("a step descends on the loss and is pulled with λ / α_k")
  func step() throws {
    let small = SmallFederation()
    var federation = try small.start(
      FedAMP.self, ["attention_step_size": .number(0.5), "regularisation": .number(2)])
    try federation.runRounds(1)
    let received = federation.receivedModels[1]
    let batches = Array(federation.trainingBatches(round: 2, client: 1)[0].batches.prefix(2))
    let rate = small.optimiser.learningRate
    let (method, data, state) = (federation.method, federation.data, federation.state)
    let (trained, expected) = try small.engine().onWorker { network in
      let trained = try method.train(
        LocalTask(
          round: 2, client: 1, images: data.images, phases: [LocalPhase.Batches(.train, batches)],
          optimiser: StochasticGradientDescent(learningRate: rate)),
        received: PreparedModel(parameters: received), state: state.server, bank: state.bank,
        network: network
      ).trained
      var model = received
      for batch in batches {
        try network.load(model)
        _ = try network.computeGradient(batch[...], of: data.images)
        let (gradient, statistics) = (try network.gradient(), try network.parameters())
        for layer in network.layout.layers {
          for index in layer.trainedRange {
            model[index] -= rate * (gradient[index] + 4 * (model[index] - received[index]))
          }
          for index in layer.trainedRange.upperBound..<layer.range.upperBound {
            model[index] = statistics[index]
          }
        }
      }
      return (trained, model)
    }
    expectClose(trained, expected, absolute: 1e-6, "two steps")
  }

  @Test(
    "one model each way", arguments: FederationSetting.StatisticsTreatment.allCases)
  func traffic(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    let method = try small.method(FedAMP.self)
    let bytes = try 4 * small.sentCount()
    #expect(
      method.traffic(of: 0, state: method.initialState())
        == Traffic(uplink: bytes, downlink: bytes))
  }

  @Test("a width of 0 is refused")
  func noWidth() throws {
    #expect(
      throws: FederationError(
        "attention_width: found 0.0, expected a number of at least 1e-06")
    ) {
      try SmallFederation().method(FedAMP.self, ["attention_width": .number(0)])
    }
  }
}
