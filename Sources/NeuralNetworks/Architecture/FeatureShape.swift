/// The shape of what one block hands to the next, for one sample.
public enum FeatureShape: Sendable, Hashable, CustomStringConvertible {
  /// Axes (channel, y, x).
  case image(channels: Int, height: Int, width: Int)
  /// Axis (feature).
  case features(Int)

  /// Values of one sample.
  public var count: Int {
    switch self {
    case .image(let channels, let height, let width): channels * height * width
    case .features(let count): count
    }
  }

  /// Such as `16×14×14 (channels × rows × columns)`.
  public var description: String {
    switch self {
    case .image(let channels, let height, let width):
      "\(channels)×\(height)×\(width) (channels × rows × columns)"
    case .features(let count): "\(count) features"
    }
  }
}

extension Architecture.Block {
  /// The layer's name, for blocks with parameters.
  public var layerName: String? {
    switch self {
    case .convolution(let name, _, _, _), .batchNormalisation(let name),
      .groupNormalisation(let name, _), .fullyConnected(let name, _):
      name
    case .relu, .maximumPooling, .averagePooling, .dropout, .residual: nil
    }
  }

  /// What to call the block in a message.
  private var title: String {
    if let layerName { return layerName }
    return switch self {
    case .maximumPooling: "maximum pooling"
    case .averagePooling: "average pooling"
    case .dropout: "dropout"
    case .residual: "residual block"
    default: "relu"
    }
  }

  /// The shape of the block's result. Throws `ArchitectureError` if it does not fit what it is given.
  public func shape(after source: FeatureShape) throws -> FeatureShape {
    func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
      guard condition else { throw ArchitectureError(reason: "\(title): \(reason())") }
    }
    func image() throws -> (channels: Int, height: Int, width: Int) {
      guard case .image(let channels, let height, let width) = source else {
        throw ArchitectureError(
          reason:
            "\(title): found \(source), expected an image: it comes after a fully connected layer")
      }
      return (channels, height, width)
    }
    func pooled(_ size: Int) throws -> FeatureShape {
      let (channels, height, width) = try image()
      try require((1...15).contains(size), "found a size of \(size), expected 1 … 15")
      try require(
        height >= size && width >= size,
        "squares of \(size)×\(size) do not fit images of \(source)")
      return .image(channels: channels, height: height / size, width: width / size)
    }
    switch self {
    case .convolution(_, let outChannels, let kernelSize, let padding):
      let (_, height, width) = try image()
      try require(
        outChannels > 0 && kernelSize > 0, "channels and kernel size must be positive")
      try require(
        padding >= 0 && padding < kernelSize,
        "found a padding of \(padding), expected 0 … \(kernelSize - 1), less than the kernel")
      let (outHeight, outWidth) = (
        height + 2 * padding - kernelSize + 1, width + 2 * padding - kernelSize + 1
      )
      try require(
        outHeight > 0 && outWidth > 0,
        "a kernel of \(kernelSize)×\(kernelSize) does not fit images of \(source)")
      return .image(channels: outChannels, height: outHeight, width: outWidth)
    case .batchNormalisation:
      _ = try image()
      return source
    case .groupNormalisation(_, let groups):
      let (channels, _, _) = try image()
      try require(
        groups > 0 && channels.isMultiple(of: groups),
        "\(channels) channels do not make \(groups) groups of equal size")
      return source
    case .relu: return source
    case .maximumPooling(let size): return try pooled(size)
    case .averagePooling(let size?): return try pooled(size)
    case .averagePooling(nil):
      let (channels, height, width) = try image()
      try require(height == width, "images of \(source) are not square: give the pooling a size")
      return .image(channels: channels, height: 1, width: 1)
    case .dropout(let rate):
      try require(rate >= 0 && rate < 1, "found a rate of \(rate), expected 0 or more, less than 1")
      return source
    case .residual(let blocks):
      let result = try blocks.reduce(source) { try $1.shape(after: $0) }
      try require(
        result == source,
        "its blocks give \(result), expected \(source), the shape that they are given: the two are added"
      )
      return source
    case .fullyConnected(_, let outFeatures):
      try require(outFeatures > 0, "the number of outputs must be positive")
      return .features(outFeatures)
    }
  }
}
