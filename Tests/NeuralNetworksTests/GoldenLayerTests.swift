import NeuralNetworks
import Testing
import TestSupport

/// Each layer's forward and backward pass against PyTorch's.
@Suite("Layers against PyTorch")
struct GoldenLayerTests {
  @Test("the hash fill has PyTorch's side's bits")
  func fills() throws {
    for fill in try GoldenValues.fills() {
      let count = fill.words.count
      #expect((0..<count).map { HashFill.word(salt: fill.salt, index: $0) } == fill.words)
      #expect(HashFill.unit(salt: fill.salt, count: fill.unit.count) == fill.unit)
    }
  }

  @Test("the layout is PyTorch's", arguments: try GoldenValues.layers())
  func layout(_ golden: LayerCase) throws {
    let layout = ParameterLayout(try golden.network.architecture())
    #expect(layout.count == golden.network.parameterCount)
    #expect(layout.layers.map(\.name) == golden.network.layers.map(\.name))
    #expect(layout.layers.map(\.range) == golden.network.layers.map(\.range))
    #expect(layout.tensors.map(\.shape) == golden.network.tensors.map(\.shape))
    #expect(layout.tensors.map(\.range) == golden.network.tensors.map(\.range))
    #expect(HashFill.checksum(golden.initialParameters) == golden.initialChecksum)
  }

  @Test("forward and backward", arguments: try GoldenValues.layers(), KernelChoice.allCases)
  func passes(_ golden: LayerCase, kernels: KernelChoice) throws {
    let plans = try NetworkPlans(
      architecture: golden.network.architecture(), batchSize: golden.batch, kernels: kernels)
    let network = try Network(plans: plans)
    let images = try golden.network.images(
      pixelSalt: golden.pixelSalt, labelSalt: golden.labelSalt, count: golden.batch)
    let samples = (0..<Int32(golden.batch)).map { $0 }[...]
    try network.load(golden.initialParameters)

    expectClose(
      Array(try network.scores(samples, of: images)), golden.evalLogits, absolute: 5e-6,
      relative: 5e-6, "class scores in evaluation")
    let evaluation = try network.evaluate(samples, of: images)
    expectClose(evaluation.lossSum, golden.evalLossSum, absolute: 1e-5, "evaluation loss")
    #expect(evaluation.correct == golden.evalCorrect)
    #expect(try network.parameters() == golden.initialParameters, "evaluation changes nothing")

    expectClose(
      Array(try network.scores(samples, of: images, training: true)), golden.logits,
      absolute: 5e-6, relative: 5e-6, "class scores in training")
    let lossSum = try network.computeGradient(samples, of: images)
    expectClose(
      Float(lossSum / Double(golden.batch)), golden.loss, absolute: 2e-6, "training loss")
    var gradient = [Float](repeating: .nan, count: plans.layout.count)
    try gradient.withUnsafeMutableBufferPointer { try network.storeGradient(into: $0) }
    expectClose(gradient, golden.gradient, absolute: 2e-6, relative: 2e-5, "gradient")
    let after = try network.parameters()
    expectClose(
      golden.network.statisticSlots.map { after[$0] }, golden.runningStatistics, absolute: 2e-6,
      relative: 2e-6, "running statistics")
  }

  @Test("a smaller batch than the planned one gives the same gradient", arguments: [1, 3])
  func smallerBatch(_ count: Int) throws {
    guard let golden = try GoldenValues.layers().first(where: { $0.batch >= 3 }) else {
      Issue.record("no case with a batch of three")
      return
    }
    let architecture = try golden.network.architecture()
    let images = try golden.network.images(
      pixelSalt: golden.pixelSalt, labelSalt: golden.labelSalt, count: 8)
    let samples = (0..<Int32(count)).map { $0 }[...]
    let gradients = try [count, 32].map { planned in
      let network = try Network(plans: NetworkPlans(architecture: architecture, batchSize: planned))
      try network.load(golden.initialParameters)
      _ = try network.computeGradient(samples, of: images)
      var gradient = [Float](repeating: .nan, count: network.layout.count)
      try gradient.withUnsafeMutableBufferPointer { try network.storeGradient(into: $0) }
      return gradient
    }
    expectClose(gradients[1], gradients[0], absolute: 1e-6, relative: 1e-5, "gradient")
  }
}
