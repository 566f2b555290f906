import NeuralNetworks
import TestSupport
import Testing

/// Our kernels against oneDNN's in whole networks: shapes that the golden values do not have, and every
/// gradient of them.
@Suite("Our kernels against oneDNN's")
struct KernelChoiceTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let architecture: Architecture
    let batch: Int
  }

  static func cases() throws -> [Case] {
    let cifar = try NetworkDescription.paperCNN.architecture(
      NetworkInput(channels: 3, height: 32, width: 32, classCount: 10, batchNormalisation: true))
    let emnist = try NetworkDescription.paperCNN.architecture(
      NetworkInput(channels: 1, height: 28, width: 28, classCount: 62, batchNormalisation: false))
    // Overlapping tiles in both convolutions, odd sizes, blocks of channels on both sides.
    let odd = try Architecture(
      inputChannels: 2, inputHeight: 47, inputWidth: 33,
      blocks: .pooledConvolution(
        name: "a", outChannels: 32, kernelSize: 5, batchNormalisation: "n")
        + .pooledConvolution(name: "b", outChannels: 16, kernelSize: 5)
        + [.fullyConnected(name: "c", outFeatures: 7)])
    // One convolution by spectra, one summed directly, and channels that fill no block before the flattening.
    let mixed = try Architecture(
      inputChannels: 16, inputHeight: 21, inputWidth: 12,
      blocks: .pooledConvolution(name: "a", outChannels: 16, kernelSize: 5)
        + .pooledConvolution(name: "b", outChannels: 6, kernelSize: 3, batchNormalisation: "n")
        + [
          .fullyConnected(name: "c", outFeatures: 20), .relu,
          .fullyConnected(name: "d", outFeatures: 3),
        ])
    return [
      Case(testDescription: "CIFAR, 32", architecture: cifar, batch: 32),
      Case(testDescription: "CIFAR, 37", architecture: cifar, batch: 37),
      Case(testDescription: "EMNIST, 4", architecture: emnist, batch: 4),
      Case(testDescription: "odd sizes, 18", architecture: odd, batch: 18),
      Case(testDescription: "mixed, 5", architecture: mixed, batch: 5),
      Case(testDescription: "mixed, 1", architecture: mixed, batch: 1),
    ]
  }

  @Test("gradient, statistics and evaluation", arguments: try cases())
  func agreement(test: Case) throws {
    let size = test.architecture.inputSize
    let classes = UInt32(test.architecture.classCount)
    let images = try LabelledImages(
      pixels: HashFill.pixels(salt: 5, size: size, count: 70),
      labels: (0..<70).map { Int32(HashFill.word(salt: 6, index: $0) % classes) },
      imageSize: size, scaling: .symmetric)
    let samples = (0..<Int32(test.batch)).map { $0 * 3 % 70 }[...]
    let found = try KernelChoice.allCases.map { kernels in
      let network = try Network(
        plans: NetworkPlans(
          architecture: test.architecture, batchSize: test.batch, kernels: kernels))
      try network.load(network.layout.initialParameters(seed: 3))
      let loss = try network.computeGradient(samples, of: images)
      let gradient = try network.gradient()
      try network.descend(StochasticGradientDescent(learningRate: 0.1))
      // 70 images: a full batch of evaluation and a smaller one.
      let evaluation = try network.evaluate((0..<70).map { $0 }[...], of: images)
      return (loss, gradient, try network.parameters(), evaluation)
    }
    let (ours, narrow, library) = (found[0], found[1], found[2])
    #expect(ours.1 == narrow.1 && ours.2 == narrow.2, "the same bits with vectors of 256 bits")
    #expect(ours.0 == narrow.0 && ours.3 == narrow.3)
    expectClose(ours.0, library.0, absolute: 1e-6 * Double(test.batch), "loss")
    let layout = ParameterLayout(test.architecture)
    for (index, tensor) in layout.tensors.enumerated() where tensor.role == .trained {
      // Rounding is relative to a tensor's largest numbers, or to what they were summed from where they
      // are 0 except for rounding: biases before a batch normalisation.
      let expected = Array(library.1[tensor.range])
      let largest = expected.reduce(0.05) { max($0, Double(abs($1))) }
      expectClose(
        Array(ours.1[tensor.range]), expected, absolute: 1e-5 * largest,
        "gradient of tensor \(index)")
    }
    expectClose(ours.2, library.2, absolute: 1e-5, "parameters and statistics after a step")
    expectClose(ours.3.lossSum, library.3.lossSum, absolute: 1e-4, "loss in evaluation")
    #expect(abs(ours.3.correct - library.3.correct) <= 1)
  }

  /// Optimisers and steps: those that step within the backward pass, and those that do not.
  static let steps: [(StochasticGradientDescent, DescentStep)] = [
    (StochasticGradientDescent(learningRate: 0.1), DescentStep()),
    (StochasticGradientDescent(learningRate: 0.1, weightDecay: 0.01), DescentStep()),
    (StochasticGradientDescent(learningRate: 0.1, momentum: 0.9), DescentStep()),
    (StochasticGradientDescent(learningRate: 0.1, clipping: 0.5), DescentStep()),
    (StochasticGradientDescent(learningRate: 0.1), DescentStep(pull: 0.3)),
    (StochasticGradientDescent(learningRate: 0.1), DescentStep(corrects: true)),
    (StochasticGradientDescent(learningRate: 0.1), DescentStep(target: .kept(1))),
  ]

  @Test("a step in one has the bits of gradient and step", arguments: try cases(), 0..<8)
  func steps(test: Case, number: Int) throws {
    let images = try LabelledImages(
      pixels: HashFill.pixels(salt: 5, size: test.architecture.inputSize, count: 70),
      labels: (0..<70).map {
        Int32(HashFill.word(salt: 6, index: $0) % UInt32(test.architecture.classCount))
      },
      imageSize: test.architecture.inputSize, scaling: .symmetric)
    let samples = (0..<Int32(test.batch)).map { $0 * 3 % 70 }[...]
    let layers = ParameterLayout(test.architecture).layers.count
    // The last case trains every other layer only.
    let (optimiser, step) =
      number < Self.steps.count
      ? Self.steps[number]
      : (Self.steps[0].0, DescentStep(trains: (0..<layers).map { $0.isMultiple(of: 2) }))
    let found = try KernelChoice.allCases.flatMap { kernels in
      try [false, true].map { together in
        let network = try Network(
          plans: NetworkPlans(
            architecture: test.architecture, batchSize: test.batch, kernels: kernels))
        try network.load(network.layout.initialParameters(seed: 3), keepingIn: .kept(1))
        try network.setAnchor(network.layout.initialParameters(seed: 4))
        try network.setCorrection(network.layout.initialParameters(seed: 5))
        var losses: [Double] = []
        for _ in 0..<2 {
          if together {
            losses.append(try network.train(samples, of: images, optimiser, step))
          } else {
            losses.append(try network.computeGradient(samples, of: images))
            try network.descend(optimiser, step)
          }
        }
        return (losses, try network.parameters(), try network.values(of: .kept(1)))
      }
    }
    for pair in stride(from: 0, to: found.count, by: 2) {
      #expect(found[pair].0 == found[pair + 1].0)
      #expect(found[pair].1 == found[pair + 1].1)
      #expect(found[pair].2 == found[pair + 1].2)
    }
  }
}
