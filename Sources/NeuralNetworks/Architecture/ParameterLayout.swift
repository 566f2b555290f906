/// The position of every parameter of a model in its flat vector.
///
/// The vector holds the layers in the order of the forward pass (conv1, bn1, conv2, bn2, fc1, …),
/// each a contiguous range; inside a layer its tensors in PyTorch's order and shapes. A layer is
/// the unit of aggregation.
public struct ParameterLayout: Sendable, Hashable {
  /// What a tensor holds.
  public enum Role: Sendable, Hashable {
    /// Changed by gradient descent.
    case trained
    /// A running statistic of batch normalisation: changed by the forward pass in training, without
    /// a gradient.
    case statistic
  }

  /// A named tensor inside a layer.
  public struct Tensor: Sendable, Hashable {
    /// PyTorch's name: weight, bias, running_mean or running_var.
    public let name: String
    /// Lengths of the axes, outermost first.
    public let shape: [Int]
    /// Names of the axes: out_channel, in_channel, kernel_y, kernel_x, out_feature, in_feature,
    /// channel.
    public let axes: [String]
    /// Its place in the flat vector, row-major.
    public let range: Range<Int>
    /// Whether gradient descent changes it.
    public let role: Role
    /// The number of inputs of one output, for initialisation; 0 for a normalisation.
    public let fanIn: Int
  }

  /// A layer: conv1, bn1, ….
  public struct Layer: Sendable, Hashable {
    /// The layer's name, as in the architecture.
    public let name: String
    /// Its tensors, in order.
    public let tensors: [Tensor]
    /// Its place in the flat vector.
    public let range: Range<Int>
    /// Whether it is a batch-normalisation layer.
    public var isBatchNormalisation: Bool { tensors.contains { $0.role == .statistic } }
    /// The places that gradient descent changes. They come before the statistics.
    public var trainedRange: Range<Int> {
      let end = tensors.last { $0.role == .trained }?.range.upperBound ?? range.lowerBound
      return range.lowerBound..<end
    }
  }

  /// The layers in the order of the forward pass.
  public let layers: [Layer]
  /// The length of the flat vector.
  public let count: Int

  /// The layout of an architecture's parameters.
  public init(_ architecture: Architecture) {
    var layers: [Layer] = []
    var offset = 0
    func add(_ name: String, _ tensors: [(String, [Int], [String], Role)], fanIn: Int) {
      let start = offset
      let placed = tensors.map { tensorName, shape, axes, role in
        let size = shape.reduce(1, *)
        defer { offset += size }
        return Tensor(
          name: tensorName, shape: shape, axes: axes, range: offset..<offset + size, role: role,
          fanIn: fanIn)
      }
      layers.append(Layer(name: name, tensors: placed, range: start..<offset))
    }
    /// Blocks have been checked: their shapes fit.
    func visit(_ blocks: [Architecture.Block], from start: FeatureShape) -> FeatureShape {
      blocks.reduce(start) { shape, block in
        var inChannels = 0
        if case .image(let channels, _, _) = shape { inChannels = channels }
        switch block {
        case .convolution(let name, let outChannels, let kernelSize, _):
          add(
            name,
            [
              (
                "weight", [outChannels, inChannels, kernelSize, kernelSize],
                ["out_channel", "in_channel", "kernel_y", "kernel_x"], .trained
              ),
              ("bias", [outChannels], ["out_channel"], .trained),
            ],
            fanIn: inChannels * kernelSize * kernelSize)
        case .batchNormalisation(let name):
          add(
            name,
            [
              ("weight", [inChannels], ["channel"], .trained),
              ("bias", [inChannels], ["channel"], .trained),
              ("running_mean", [inChannels], ["channel"], .statistic),
              ("running_var", [inChannels], ["channel"], .statistic),
            ],
            fanIn: 0)
        case .groupNormalisation(let name, _):
          add(
            name,
            [
              ("weight", [inChannels], ["channel"], .trained),
              ("bias", [inChannels], ["channel"], .trained),
            ],
            fanIn: 0)
        case .fullyConnected(let name, let outFeatures):
          add(
            name,
            [
              ("weight", [outFeatures, shape.count], ["out_feature", "in_feature"], .trained),
              ("bias", [outFeatures], ["out_feature"], .trained),
            ],
            fanIn: shape.count)
        case .residual(let branch): _ = visit(branch, from: shape)
        case .relu, .maximumPooling, .averagePooling, .dropout: break
        }
        return (try? block.shape(after: shape)) ?? shape
      }
    }
    _ = visit(architecture.blocks, from: architecture.inputShape)
    self.layers = layers
    count = offset
  }

  /// Every tensor in the order of the flat vector.
  public var tensors: [Tensor] { layers.flatMap(\.tensors) }

  /// The number of parameters that gradient descent changes: the paper's parameter count.
  public var trainedCount: Int { layers.reduce(0) { $0 + $1.trainedRange.count } }
}
