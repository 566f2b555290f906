import Datasets
import NeuralNetworks
import RandomStreams
import Synchronization

/// A client model on one worker, after some training on images of one client, as it is in the
/// middle of a run.
final class TrainedModel: Sendable {
  /// For the table.
  let name: String
  /// The network's name.
  let network: String
  let architecture: Architecture
  let isNormalised: Bool
  /// With one worker.
  let engine: ProcessorTrainingEngine
  private let images: LabelledImages
  private let samples: [Int32]
  private static let optimiser = StochasticGradientDescent(learningRate: 0.01)

  static func cifar(_ bench: Workbench, _ kernels: KernelChoice = .fastest) throws -> TrainedModel {
    try TrainedModel(
      "CIFAR with BN", bench.images("cifar10"), isNormalised: true, kernels: kernels)
  }

  static func emnist(_ bench: Workbench, _ kernels: KernelChoice = .fastest) throws -> TrainedModel
  {
    try TrainedModel(
      "EMNIST without BN",
      bench.images(
        "emnist-byclass", classes: ["A", "C", "F", "M", "N", "O", "P", "S", "T", "U"]),
      isNormalised: false, kernels: kernels)
  }

  /// Another network, without batch normalisation.
  static func other(
    _ network: NetworkDescription, _ bench: Workbench, cifar: Bool, _ kernels: KernelChoice
  ) throws -> TrainedModel {
    let images =
      try cifar
      ? bench.images("cifar10")
      : bench.images(
        "emnist-byclass", classes: ["A", "C", "F", "M", "N", "O", "P", "S", "T", "U"])
    return try TrainedModel(
      "\(network.name), \(cifar ? "CIFAR" : "EMNIST")", images, isNormalised: false,
      network: network, kernels: kernels)
  }

  private init(
    _ name: String, _ dataset: ImageDataset, isNormalised: Bool,
    network: NetworkDescription = .paperCNN, kernels: KernelChoice
  ) throws {
    self.name = name
    self.network = network.name
    self.isNormalised = isNormalised
    architecture = try network.architecture(
      NetworkInput(
        channels: dataset.channels, height: dataset.height, width: dataset.width,
        classCount: dataset.classNames.count, batchNormalisation: isNormalised))
    engine = try ProcessorTrainingEngine(
      architecture: architecture, batchSize: 32, workerCount: 1, kernels: kernels)
    images = try LabelledImages(
      pixels: dataset.pixels, labels: dataset.labels, imageSize: architecture.inputSize,
      scaling: .symmetric)
    samples = Array(
      dataset.labels.indices.lazy.filter { dataset.labels[$0] >= 0 }.prefix(420).map(Int32.init))
    let initial = engine.layout.initialParameters(seed: 0)
    try engine.onWorker {
      $0.drawDropout(from: RandomStream(seed: 0, purpose: .dropout))
      try $0.load(initial)
    }
    _ = try step(batchSize: 32, repetitions: 130)
  }

  /// Seconds of one step, the mean over this many.
  func step(batchSize: Int, repetitions: Int) throws -> Double {
    try engine.onWorker { [self] network in
      // The first ones find other work's data in the caches.
      try train(network, batchSize: batchSize, repetitions: 3)
      return try seconds {
        try train(network, batchSize: batchSize, repetitions: repetitions)
      } / Double(repetitions)
    }
  }

  /// This many steps over the client's samples, batch after batch.
  func train(_ network: any LocalNetwork, batchSize: Int, repetitions: Int) throws {
    let count = samples.count / batchSize
    for step in 0..<repetitions {
      let start = step % count * batchSize
      _ = try network.train(
        samples[start..<start + batchSize], of: images, Self.optimiser, DescentStep())
    }
  }
}

extension Architecture {
  /// Floating-point operations of a training step: two for each multiplication with addition of the
  /// convolutions and fully connected layers, in the forward pass, for the gradient by the weights and
  /// for the gradient by the inputs, which the first layer does not need. Everything else (biases,
  /// normalisation, ReLU, pooling, loss, descent) is not counted.
  func trainingOperations(batchSize: Int) -> Double {
    var operations = 0
    func visit(_ blocks: [Block], from start: FeatureShape, isFirst: Bool) {
      var (shape, isFirst) = (start, isFirst)
      for block in blocks {
        guard let next = try? block.shape(after: shape) else { return }
        var products = 0
        switch (block, shape, next) {
        case (
          .convolution(_, let outChannels, let kernelSize, _), .image(let channels, _, _),
          .image(_, let height, let width)
        ):
          products = outChannels * channels * kernelSize * kernelSize * height * width
        case (.fullyConnected(_, let outFeatures), _, _): products = shape.count * outFeatures
        case (.residual(let branch), _, _): visit(branch, from: shape, isFirst: isFirst)
        default: break
        }
        operations += 2 * products * (isFirst ? 2 : 3)
        if products > 0 { isFirst = false }
        shape = next
      }
    }
    visit(blocks, from: inputShape, isFirst: true)
    return Double(operations * batchSize)
  }
}
