import Experiments
import NeuralNetworks
import RandomStreams
import TestSupport
import Testing

/// Networks that a specification lists block by block, against PyTorch's.
@Suite("Networks block by block")
struct BlockNetworkTests {
  private func architecture(_ golden: BlockNetworkCase) throws -> Architecture {
    try NetworkBlocks(text: golden.architecture).network.architecture(
      NetworkInput(
        channels: golden.input[0], height: golden.input[1], width: golden.input[2],
        classCount: golden.classes))
  }

  private func initialParameters(_ golden: BlockNetworkCase, _ layout: ParameterLayout) -> [Float] {
    layout.tensors.enumerated().flatMap { number, tensor -> [Float] in
      let (salt, count) = (golden.parameterSalt + UInt32(number), tensor.range.count)
      if tensor.fanIn > 0 {
        return HashFill.signed(
          salt: salt, count: count, bound: HashFill.bound(fanIn: tensor.fanIn))
      }
      switch tensor.name {
      case "weight": return HashFill.signed(salt: salt, count: count, bound: 0.5).map { 1 + $0 }
      case "running_var": return HashFill.unit(salt: salt, count: count).map { 1 + 0.5 * $0 }
      case "bias": return HashFill.signed(salt: salt, count: count, bound: 0.1)
      default: return HashFill.signed(salt: salt, count: count, bound: 0.2)
      }
    }
  }

  private func images(_ golden: BlockNetworkCase, count: Int) throws -> LabelledImages {
    let size = golden.input.reduce(1, *)
    return try LabelledImages(
      pixels: HashFill.pixels(salt: golden.pixelSalt, size: size, count: count),
      labels: HashFill.labels(salt: golden.labelSalt, classes: golden.classes, count: count)
        .map(Int32.init),
      imageSize: size, scaling: .symmetric)
  }

  @Test(
    "the layout is PyTorch's, and the line is read as it is written",
    arguments: try GoldenValues.networks())
  func layout(_ golden: BlockNetworkCase) throws {
    let layout = ParameterLayout(try architecture(golden))
    #expect(layout.layers.map(\.name) == golden.layers)
    #expect(layout.count == golden.parameterCount)
    #expect(HashFill.checksum(initialParameters(golden, layout)) == golden.initialChecksum)
    #expect(try NetworkBlocks(text: golden.architecture).text == golden.architecture)
  }

  @Test(
    "forward and backward, with the same bits for every width of vectors",
    arguments: try GoldenValues.networks())
  func passes(_ golden: BlockNetworkCase) throws {
    let architecture = try architecture(golden)
    let images = try images(golden, count: golden.batch)
    let samples = (0..<Int32(golden.batch)).map { $0 }[...]
    let found = try [KernelChoice.fastest, .narrow].map { kernels in
      let network = try Network(
        plans: NetworkPlans(architecture: architecture, batchSize: golden.batch, kernels: kernels))
      let initial = initialParameters(golden, network.layout)
      try network.load(initial)
      let evaluated = Array(try network.scores(samples, of: images))
      #expect(try network.parameters() == initial, "evaluation changes nothing")
      let stream = RandomStream(
        seed: golden.dropout.seed, purpose: .dropout, round: golden.dropout.round,
        client: golden.dropout.client)
      network.drawDropout(from: stream)
      let trained = Array(try network.scores(samples, of: images, training: true))
      network.drawDropout(from: stream)
      let loss = try network.computeGradient(samples, of: images)
      return (evaluated, trained, loss, try network.gradient(), try network.parameters())
    }
    expectClose(
      found[0].0, golden.evalLogits, absolute: 5e-6, relative: 5e-6, "class scores in evaluation")
    expectClose(
      found[0].1, golden.logits, absolute: 5e-6, relative: 5e-6, "class scores in training")
    expectClose(
      Float(found[0].2 / Double(golden.batch)), golden.loss, absolute: 2e-6, "training loss")
    expectClose(found[0].3, golden.gradient, absolute: 5e-6, relative: 2e-5, "gradient")
    let statistics = ParameterLayout(architecture).tensors.filter { $0.role == .statistic }
    expectClose(
      statistics.flatMap { Array(found[0].4[$0.range]) }, golden.runningStatistics, absolute: 2e-6,
      relative: 2e-6, "running statistics")
    #expect(found[0] == found[1])
  }

  @Test(
    "a batch of one, a smaller one than planned and one beyond a block of 16",
    arguments: try GoldenValues.networks())
  func batches(_ golden: BlockNetworkCase) throws {
    let architecture = try architecture(golden)
    let images = try images(golden, count: 35)
    for count in [1, 3, 18] {
      let samples = (0..<Int32(count)).map { $0 }[...]
      let gradients = try [count, 35].map { planned in
        let network = try Network(
          plans: NetworkPlans(architecture: architecture, batchSize: planned))
        try network.load(initialParameters(golden, network.layout))
        network.drawDropout(from: RandomStream(seed: 1, purpose: .dropout))
        _ = try network.computeGradient(samples, of: images)
        return try network.gradient()
      }
      #expect(gradients[0] == gradients[1])
      #expect(gradients[0].allSatisfy { $0.isFinite })
    }
  }

  @Test("dropout without a stream is refused, and evaluation needs none")
  func needsStream() throws {
    let architecture = try Architecture(
      inputChannels: 1, inputHeight: 4, inputWidth: 4,
      blocks: [.dropout(rate: 0.5), .fullyConnected(name: "fc1", outFeatures: 2)])
    let images = try LabelledImages(
      pixels: [UInt8](repeating: 9, count: 16), labels: [1], imageSize: 16, scaling: .unit)
    let network = try Network(plans: NetworkPlans(architecture: architecture, batchSize: 1))
    try network.load(network.layout.initialParameters(seed: 1))
    let error = #expect(throws: ArchitectureError.self) {
      try network.computeGradient([0], of: images)
    }
    #expect(error?.description == "model: dropout: no random stream was given to draw from")
    #expect(try network.evaluate([0], of: images).count == 1)
  }

  @Test("the share of values that dropout sets to 0, and what the others become")
  func dropoutShare() throws {
    let architecture = try Architecture(
      inputChannels: 3, inputHeight: 40, inputWidth: 40,
      blocks: [
        .dropout(rate: 0.25), .averagePooling(size: nil),
        .fullyConnected(name: "fc1", outFeatures: 1),
      ])
    let images = try LabelledImages(
      pixels: [UInt8](repeating: 255, count: 4800), labels: [0], imageSize: 4800, scaling: .unit)
    let network = try Network(plans: NetworkPlans(architecture: architecture, batchSize: 1))
    try network.load([1, 0, 0, 0])
    network.drawDropout(from: RandomStream(seed: 8, purpose: .dropout))
    // The mean of 1600 values, each 0 or 4/3.
    let means = try (0..<40).map { _ in
      Double(try network.scores([0], of: images, training: true)[0])
    }
    #expect(Set(means).count > 10, "every step draws anew")
    #expect(means.allSatisfy { abs($0 - 1) < 0.06 })
    #expect(abs(means.reduce(0, +) / 40 - 1) < 0.01)
  }
}
