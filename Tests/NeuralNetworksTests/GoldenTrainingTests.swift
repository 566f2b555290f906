import NeuralNetworks
import Testing
import TestSupport

/// Twenty training steps of the paper's networks against PyTorch's.
@Suite("Training against PyTorch")
struct GoldenTrainingTests {
  @Test("twenty steps", arguments: try GoldenValues.training(), KernelChoice.allCases)
  func steps(_ golden: TrainingCase, kernels: KernelChoice) throws {
    let hasNormalisation = !golden.network.statisticSlots.isEmpty
    let plans = try NetworkPlans(
      architecture: golden.network.architecture(), batchSize: 32, kernels: kernels)
    let network = try Network(plans: plans)
    let images = try golden.network.images(
      pixelSalt: golden.pixelSalt, labelSalt: golden.labelSalt, count: 100)
    let optimiser = StochasticGradientDescent(
      learningRate: golden.learningRate, momentum: golden.momentum,
      weightDecay: golden.weightDecay, nesterov: golden.nesterov ?? false,
      clipping: golden.clipping ?? 0)
    try network.load(golden.initialParameters)

    for (index, batch) in golden.batches.enumerated() {
      let samples = batch.map(Int32.init)[...]
      let loss = try network.computeGradient(samples, of: images) / Double(samples.count)
      // With batch normalisation rounding grows with every step, in any implementation.
      let tolerance = !hasNormalisation ? 1e-5 : index < 10 ? 1e-4 : 1e-3
      expectClose(
        Float(loss), golden.losses[index], absolute: tolerance, "loss of step \(index + 1)")
      try network.descend(optimiser)
      guard let snapshot = golden.snapshots.first(where: { $0.step == index + 1 }) else { continue }
      let parameters = try network.parameters()
      let sampled = stride(from: 0, to: parameters.count, by: golden.parameterStride)
      expectClose(
        sampled.map { parameters[$0] }, snapshot.parameters,
        absolute: hasNormalisation ? 1e-4 : 1e-6, "parameters after step \(snapshot.step)")
      let norms = plans.layout.layers.map { layer in
        parameters[layer.range].reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      }
      expectClose(
        norms, snapshot.layerNorms, absolute: 1e-4, relative: 1e-4,
        "norms of the layers after step \(snapshot.step)")
    }

    let evaluation = try network.evaluate((0..<100).map { $0 }[...], of: images)
    expectClose(
      evaluation.lossSum / 100, golden.evalLoss, absolute: hasNormalisation ? 1e-3 : 1e-5,
      "evaluation loss")
    #expect(abs(evaluation.correct - golden.evalCorrect) <= (hasNormalisation ? 1 : 0))
  }

  @Test("the paper's parameter counts")
  func parameterCounts() throws {
    let emnist = ParameterLayout(
      try NetworkDescription.paperCNN.architecture(
        NetworkInput(
          channels: 1, height: 28, width: 28, classCount: 10,
          batchNormalisation: false)))
    #expect(emnist.count == 85_822)
    let cifar = ParameterLayout(
      try NetworkDescription.paperCNN.architecture(
        NetworkInput(channels: 3, height: 32, width: 32, classCount: 10, batchNormalisation: true))
    )
    #expect(cifar.trainedCount == 121_278)
    #expect(cifar.count == 121_278 + 2 * (16 + 32))
    #expect(
      cifar.layers.map(\.name) == ["conv1", "bn1", "conv2", "bn2", "fc1", "fc2", "fc3"])
  }
}
