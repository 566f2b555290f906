/// A client network as the golden values describe it, independent of the library under test.
///
/// A convolution block is convolution (no padding, stride 1, with bias), batch normalisation where
/// it is named, ReLU, max pooling by 2 (rounding down). The image is flattened in the order
/// channel, row, column. The last fully connected block has no ReLU and yields the logits.
public struct GoldenNetwork: Decodable, Sendable, Equatable {
  /// One step of the network.
  public enum Block: Sendable, Equatable {
    /// Convolution with a square kernel – [batch normalisation] – ReLU – max pooling by 2.
    case convolution(name: String, outChannels: Int, kernel: Int, batchNormalisation: String?)
    /// Fully connected – [ReLU].
    case fullyConnected(name: String, outFeatures: Int, relu: Bool)
  }

  /// What a parameter tensor is within its layer.
  public enum TensorKind: String, Sendable {
    /// Weight, or scale of a batch normalisation.
    case weight
    /// Bias, or shift of a batch normalisation.
    case bias
    /// Running mean of a batch normalisation.
    case runningMean
    /// Running (unbiased) variance of a batch normalisation.
    case runningVariance

    /// True for the running statistics, which are not trained.
    public var isStatistic: Bool { self == .runningMean || self == .runningVariance }
  }

  /// A tensor of the flat parameter vector.
  public struct Tensor: Sendable, Equatable {
    /// The layer's name, for instance "conv1" or "bn1".
    public let layer: String
    /// Its place in the layer.
    public let kind: TensorKind
    /// Axis lengths: [out, in, row, column], [out, in] or [out].
    public let shape: [Int]
    /// Its slots in the flat vector.
    public let range: Range<Int>
    /// Inputs of one output; nil for batch normalisation.
    public let fanIn: Int?
  }

  /// Initial values of batch normalisation.
  public enum NormalisationFill: Sendable {
    /// Scale 1, shift 0, mean 0, variance 1.
    case identity
    /// Values off the identity, so that no term of the formula hides.
    case perturbed
  }

  /// [channel, row, column] of an image.
  public let input: [Int]
  /// The blocks in order.
  public let blocks: [Block]

  /// Bytes of an image.
  public var imageSize: Int { input.reduce(1, *) }

  /// The number of logits.
  public var classCount: Int {
    guard case .fullyConnected(_, let outFeatures, _) = blocks.last else { return 0 }
    return outFeatures
  }

  /// The parameter tensors in flat order.
  public var tensors: [Tensor] {
    var tensors: [Tensor] = []
    var (channels, rows, columns) = (input[0], input[1], input[2])
    var features: Int?
    func add(_ layer: String, _ kind: TensorKind, _ shape: [Int], fanIn: Int?) {
      let start = tensors.last?.range.upperBound ?? 0
      tensors.append(
        Tensor(
          layer: layer, kind: kind, shape: shape, range: start..<start + shape.reduce(1, *),
          fanIn: fanIn))
    }
    for block in blocks {
      switch block {
      case .convolution(let name, let outChannels, let kernel, let batchNormalisation):
        let fanIn = channels * kernel * kernel
        add(name, .weight, [outChannels, channels, kernel, kernel], fanIn: fanIn)
        add(name, .bias, [outChannels], fanIn: fanIn)
        if let layer = batchNormalisation {
          for kind in [TensorKind.weight, .bias, .runningMean, .runningVariance] {
            add(layer, kind, [outChannels], fanIn: nil)
          }
        }
        channels = outChannels
        (rows, columns) = ((rows - kernel + 1) / 2, (columns - kernel + 1) / 2)
      case .fullyConnected(let name, let outFeatures, _):
        let fanIn = features ?? channels * rows * columns
        add(name, .weight, [outFeatures, fanIn], fanIn: fanIn)
        add(name, .bias, [outFeatures], fanIn: fanIn)
        features = outFeatures
      }
    }
    return tensors
  }

  /// The layers, the unit of aggregation, with their slots in the flat vector.
  public var layers: [(name: String, range: Range<Int>)] {
    var layers: [(name: String, range: Range<Int>)] = []
    for tensor in tensors {
      if let last = layers.last, last.name == tensor.layer {
        layers[layers.count - 1].range = last.range.lowerBound..<tensor.range.upperBound
      } else {
        layers.append((tensor.layer, tensor.range))
      }
    }
    return layers
  }

  /// The length of the flat parameter vector.
  public var parameterCount: Int { tensors.last?.range.upperBound ?? 0 }

  /// The slots of the running statistics, in flat order.
  public var statisticSlots: [Int] {
    tensors.filter { $0.kind.isStatistic }.flatMap { Array($0.range) }
  }

  /// The initial flat parameter vector: tensor t is filled from salt + t.
  public func initialParameters(salt: UInt32, normalisation: NormalisationFill = .identity)
    -> [Float]
  {
    tensors.enumerated().flatMap { number, tensor -> [Float] in
      let (own, count) = (salt + UInt32(number), tensor.range.count)
      if let fanIn = tensor.fanIn {
        return HashFill.signed(salt: own, count: count, bound: HashFill.bound(fanIn: fanIn))
      }
      switch (normalisation, tensor.kind) {
      case (.identity, .weight), (.identity, .runningVariance):
        return [Float](repeating: 1, count: count)
      case (.identity, _):
        return [Float](repeating: 0, count: count)
      case (.perturbed, .weight):
        return HashFill.signed(salt: own, count: count, bound: 0.5).map { 1 + $0 }
      case (.perturbed, .bias):
        return HashFill.signed(salt: own, count: count, bound: 0.1)
      case (.perturbed, .runningMean):
        return HashFill.signed(salt: own, count: count, bound: 0.2)
      case (.perturbed, .runningVariance):
        return HashFill.unit(salt: own, count: count).map { 1 + 0.5 * $0 }
      }
    }
  }
}

extension GoldenNetwork.Block: Decodable {
  private enum Kind: String, Decodable {
    case convolution
    case fullyConnected = "fully_connected"
  }

  private enum CodingKeys: CodingKey {
    case type, name, outChannels, kernel, batchNormalisation, outFeatures, relu
  }

  /// Reads the case that `type` names.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let name = try values.decode(String.self, forKey: .name)
    switch try values.decode(Kind.self, forKey: .type) {
    case .convolution:
      self = .convolution(
        name: name, outChannels: try values.decode(Int.self, forKey: .outChannels),
        kernel: try values.decode(Int.self, forKey: .kernel),
        batchNormalisation: try values.decodeIfPresent(String.self, forKey: .batchNormalisation))
    case .fullyConnected:
      self = .fullyConnected(
        name: name, outFeatures: try values.decode(Int.self, forKey: .outFeatures),
        relu: try values.decode(Bool.self, forKey: .relu))
    }
  }
}
