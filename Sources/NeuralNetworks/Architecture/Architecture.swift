/// What a client model is made of: an input shape and a chain of blocks, the last of which gives
/// the class scores (logits).
public struct Architecture: Sendable, Hashable {
  /// One building block. Those that train parameters have a name: it is their layer's, the unit of aggregation.
  public indirect enum Block: Sendable, Hashable {
    /// Convolution with a square kernel, stride 1, with bias; `padding` places of 0 are put around the image.
    case convolution(name: String, outChannels: Int, kernelSize: Int, padding: Int = 0)
    /// Batch normalisation of an image's channels: by the batch in training, by running statistics in evaluation.
    case batchNormalisation(name: String)
    /// Group normalisation (Wu and He, ECCV 2018): by the channels of a group of one sample.
    case groupNormalisation(name: String, groups: Int)
    /// max(x, 0).
    case relu
    /// The maximum of each square of `size` × `size` places; an odd last row or column is dropped.
    case maximumPooling(size: Int)
    /// The mean of each square of `size` × `size` places; nil: of the whole image.
    case averagePooling(size: Int?)
    /// In training each value is 0 with that probability, and the others are divided by 1 − rate.
    case dropout(rate: Float)
    /// What the blocks make of their input, plus the input itself.
    case residual([Block])
    /// Fully connected layer with bias. Images are flattened in the order channel, row, column.
    case fullyConnected(name: String, outFeatures: Int)
  }

  /// Channels of an input image.
  public let inputChannels: Int
  /// Rows of an input image, in pixels.
  public let inputHeight: Int
  /// Columns of an input image, in pixels.
  public let inputWidth: Int
  /// The blocks in the order of the forward pass.
  public let blocks: [Block]

  /// Checks the chain: every size positive, images large enough for every kernel and pooling, a fully connected layer
  /// at the end, and layer names that are all different. Throws `ArchitectureError` naming the block and the shape that
  /// it is given.
  public init(inputChannels: Int, inputHeight: Int, inputWidth: Int, blocks: [Block]) throws {
    self.inputChannels = inputChannels
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.blocks = blocks
    try validate()
  }

  /// The number of class scores that the last block gives.
  public var classCount: Int {
    guard case .fullyConnected(_, let outFeatures)? = blocks.last else { return 0 }
    return outFeatures
  }

  /// Values of one input image.
  public var inputSize: Int { inputChannels * inputHeight * inputWidth }

  /// The shape of the images.
  public var inputShape: FeatureShape {
    .image(channels: inputChannels, height: inputHeight, width: inputWidth)
  }

  /// Values that the blocks hand to each other for one sample, channels filled up to blocks of 16.
  package var activationCount: Double {
    func sum(_ blocks: [Block], from start: FeatureShape) -> Double {
      var (shape, total) = (start, 0.0)
      for block in blocks {
        if case .residual(let branch) = block { total += sum(branch, from: shape) }
        shape = (try? block.shape(after: shape)) ?? shape
        switch shape {
        case .image(let channels, let height, let width):
          total += Double((channels + 15) / 16 * 16) * Double(height) * Double(width)
        case .features(let count): total += Double(count)
        }
      }
      return total
    }
    return sum(blocks, from: inputShape)
  }

  private func validate() throws {
    guard inputChannels > 0 && inputHeight > 0 && inputWidth > 0 else {
      throw ArchitectureError(
        reason: "an input of \(inputChannels)×\(inputHeight)×\(inputWidth) is empty")
    }
    var names: Set<String> = []
    func visit(_ blocks: [Block], from start: FeatureShape) throws -> FeatureShape {
      try blocks.reduce(start) { shape, block in
        if let name = block.layerName, !names.insert(name).inserted {
          throw ArchitectureError(reason: "two layers are named \(name)")
        }
        if case .residual(let branch) = block {
          _ = try visit(branch, from: shape)
        }
        return try block.shape(after: shape)
      }
    }
    let end = try visit(blocks, from: inputShape)
    guard case .fullyConnected? = blocks.last else {
      throw ArchitectureError(
        reason:
          "the last block must be fully connected; it gives the class scores, the present one "
          + "gives \(end)")
    }
  }
}

extension [Architecture.Block] {
  /// Convolution – batch normalisation, if it has a name – ReLU.
  public static func activatedConvolution(
    name: String, outChannels: Int, kernelSize: Int, padding: Int = 0,
    batchNormalisation: String? = nil
  ) -> [Architecture.Block] {
    [.convolution(name: name, outChannels: outChannels, kernelSize: kernelSize, padding: padding)]
      + (batchNormalisation.map { [.batchNormalisation(name: $0)] } ?? []) + [.relu]
  }

  /// The blocks of the paper's CNN: convolution – batch normalisation, if it has a name – ReLU – 2×2 maximum pooling.
  public static func pooledConvolution(
    name: String, outChannels: Int, kernelSize: Int, padding: Int = 0,
    batchNormalisation: String? = nil
  ) -> [Architecture.Block] {
    activatedConvolution(
      name: name, outChannels: outChannels, kernelSize: kernelSize, padding: padding,
      batchNormalisation: batchNormalisation) + [.maximumPooling(size: 2)]
  }
}

/// An architecture that cannot be built.
public struct ArchitectureError: Error, CustomStringConvertible, Equatable, Sendable {
  /// What is wrong, naming the layer.
  public let reason: String
  /// One line for the user.
  public var description: String { "model: \(reason)" }

  /// An error with that reason.
  package init(reason: String) { self.reason = reason }
}
