/// What a client model is made of: an input shape and a chain of blocks, the last of which gives
/// the class scores (logits).
public struct Architecture: Sendable, Hashable {
  /// One building block. Convolutions come before fully connected layers.
  public enum Block: Sendable, Hashable {
    /// Convolution (stride 1, no padding, with bias) – batch normalisation, if it has a name –
    /// ReLU – 2×2 max pooling with stride 2 (an odd last row or column is dropped).
    case convolution(
      name: String, outChannels: Int, kernelSize: Int, batchNormalisation: String? = nil)
    /// Fully connected layer with bias, followed by a ReLU where `relu` is true.
    case fullyConnected(name: String, outFeatures: Int, relu: Bool)
  }

  /// Channels of an input image.
  public let inputChannels: Int
  /// Rows of an input image, in pixels.
  public let inputHeight: Int
  /// Columns of an input image, in pixels.
  public let inputWidth: Int
  /// The blocks in the order of the forward pass.
  public let blocks: [Block]

  /// Checks the chain: every size positive, images large enough for every kernel and pooling,
  /// convolutions before fully connected layers, a fully connected layer without ReLU at the end,
  /// and layer names that are all different. Throws `ArchitectureError` naming the block.
  public init(inputChannels: Int, inputHeight: Int, inputWidth: Int, blocks: [Block]) throws {
    self.inputChannels = inputChannels
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.blocks = blocks
    try validate()
  }

  /// The number of class scores that the last block gives.
  public var classCount: Int {
    guard case .fullyConnected(_, let outFeatures, _)? = blocks.last else { return 0 }
    return outFeatures
  }

  /// Values of one input image.
  public var inputSize: Int { inputChannels * inputHeight * inputWidth }

  private func validate() throws {
    func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
      guard condition else { throw ArchitectureError(reason: reason()) }
    }
    try require(
      inputChannels > 0 && inputHeight > 0 && inputWidth > 0,
      "an input of \(inputChannels)×\(inputHeight)×\(inputWidth) is empty")
    var names: Set<String> = []
    var (height, width) = (inputHeight, inputWidth)
    var flattened = false
    for block in blocks {
      switch block {
      case .convolution(let name, let outChannels, let kernelSize, let batchNormalisation):
        try require(!flattened, "convolution \(name) comes after a fully connected layer")
        try require(
          outChannels > 0 && kernelSize > 0, "\(name): channels and kernel size must be positive")
        (height, width) = ((height - kernelSize + 1) / 2, (width - kernelSize + 1) / 2)
        try require(
          height > 0 && width > 0,
          "\(name): images of \(inputHeight)×\(inputWidth) pixels are too small for its kernel")
        for layer in [name, batchNormalisation].compactMap({ $0 }) {
          try require(names.insert(layer).inserted, "two layers are named \(layer)")
        }
      case .fullyConnected(let name, let outFeatures, _):
        flattened = true
        try require(outFeatures > 0, "\(name): the number of outputs must be positive")
        try require(names.insert(name).inserted, "two layers are named \(name)")
      }
    }
    guard case .fullyConnected(_, _, relu: false)? = blocks.last else {
      throw ArchitectureError(reason: "the last block must be fully connected without ReLU")
    }
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
