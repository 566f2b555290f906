/// One training step and one evaluation of a network on `batch` images (`layers.json`).
///
/// The initial parameters are the network's with perturbed batch normalisation; both modes start
/// from them. Model input: pixel · 2/255 − 1.
public struct LayerCase: Decodable, Sendable, CustomStringConvertible {
  /// What the case is about.
  public let name: String
  /// The network.
  public let network: GoldenNetwork
  /// Images: samples 0 ..< batch of the two salts.
  public let batch: Int
  /// Salt of the initial parameters.
  public let parameterSalt: UInt32
  /// Salt of the pixels.
  public let pixelSalt: UInt32
  /// Salt of the labels.
  public let labelSalt: UInt32
  /// `HashFill.checksum` of the initial parameters.
  public let initialChecksum: UInt32
  /// [sample, class], in training mode.
  public let logits: [Float]
  /// Mean softmax cross-entropy, in training mode.
  public let loss: Float
  /// [parameter]: gradient of `loss`; 0 in the slots of running statistics.
  public let gradient: [Float]
  /// The running statistics after the forward pass in training mode: `network.statisticSlots`.
  public let runningStatistics: [Float]
  /// [sample, class], in evaluation mode with the initial statistics.
  public let evalLogits: [Float]
  /// Cross-entropy in evaluation mode, summed over the samples.
  public let evalLossSum: Double
  /// Samples whose largest logit in evaluation mode is their label's.
  public let evalCorrect: Int
  /// The largest difference of any value above from the same computation in float64.
  public let rounding: Double

  /// The initial flat parameters.
  public var initialParameters: [Float] {
    network.initialParameters(salt: parameterSalt, normalisation: .perturbed)
  }

  /// The name, for test output.
  public var description: String { name }
}

/// SGD over a hundred images in fixed order (`training.json`).
///
/// Momentum and weight decay as in PyTorch's SGD: g ← g + λθ; v ← μv + g (v = g in the first
/// step); θ ← θ − ηv, for every trained parameter, batch normalisation included.
public struct TrainingCase: Decodable, Sendable, CustomStringConvertible {
  /// Parameters after some steps.
  public struct Snapshot: Decodable, Sendable {
    /// Steps taken.
    public let step: Int
    /// Slots 0, stride, 2·stride, … of the flat vector, running statistics included.
    public let parameters: [Float]
    /// [layer]: Euclidean norm of the layer's slots.
    public let layerNorms: [Double]
    /// The largest difference of the values above from float64.
    public let rounding: Double
  }

  /// What the case is about.
  public let name: String
  /// The network.
  public let network: GoldenNetwork
  /// Salt of the initial parameters (batch normalisation: identity).
  public let parameterSalt: UInt32
  /// Salt of the pixels.
  public let pixelSalt: UInt32
  /// Salt of the labels.
  public let labelSalt: UInt32
  /// `HashFill.checksum` of the initial parameters.
  public let initialChecksum: UInt32
  /// Step size η.
  public let learningRate: Float
  /// Momentum μ.
  public let momentum: Float
  /// Weight decay λ.
  public let weightDecay: Float
  /// Whether momentum is Nesterov's; nil: no.
  public let nesterov: Bool?
  /// The norm to which longer gradients are shortened; nil: none.
  public let clipping: Float?
  /// The batches of an epoch, consecutive samples from 0.
  public let batchSizes: [Int]
  /// Passes over the same batches in the same order.
  public let epochs: Int
  /// [step]: mean loss of the batch before the step.
  public let losses: [Float]
  /// [step]: the difference of `losses` from float64.
  public let lossRounding: [Float]
  /// Distance of the slots in `Snapshot.parameters`.
  public let parameterStride: Int
  /// After 10 and 20 steps.
  public let snapshots: [Snapshot]
  /// Mean loss over all images after the last step, in evaluation mode.
  public let evalLoss: Double
  /// The difference of `evalLoss` from float64.
  public let evalLossRounding: Double
  /// Correct predictions over all images after the last step, in evaluation mode.
  public let evalCorrect: Int

  /// The initial flat parameters.
  public var initialParameters: [Float] { network.initialParameters(salt: parameterSalt) }

  /// The sample indices of every step in order.
  public var batches: [Range<Int>] {
    var first = 0
    let epoch = batchSizes.map { size in
      defer { first += size }
      return first..<first + size
    }
    return (0..<epochs).flatMap { _ in epoch }
  }

  /// The name, for test output.
  public var description: String { name }
}

/// One training step and one evaluation of a network that a specification lists block by block (`networks.json`).
///
/// Initial parameters are filled tensor by tensor, normalisations off their identity; both modes start from them.
public struct BlockNetworkCase: Decodable, Sendable, CustomStringConvertible {
  /// Names the stream that dropout is drawn from.
  public struct Dropout: Decodable, Sendable {
    /// The seed.
    public let seed: UInt64
    /// The round.
    public let round: Int
    /// The client.
    public let client: Int
  }

  /// What the case is about.
  public let name: String
  /// The blocks in one line of YAML, as results record them.
  public let architecture: String
  /// [channel, row, column] of an image.
  public let input: [Int]
  /// The number of logits.
  public let classes: Int
  /// Images: samples 0 ..< batch of the two salts.
  public let batch: Int
  /// The names of the layers in flat order.
  public let layers: [String]
  /// The length of the flat parameter vector.
  public let parameterCount: Int
  /// Salt of the initial parameters; tensor t is filled from salt + t.
  public let parameterSalt: UInt32
  /// Salt of the pixels.
  public let pixelSalt: UInt32
  /// Salt of the labels.
  public let labelSalt: UInt32
  /// The stream of the training step.
  public let dropout: Dropout
  /// `HashFill.checksum` of the initial parameters.
  public let initialChecksum: UInt32
  /// [sample, class], in training mode.
  public let logits: [Float]
  /// Mean softmax cross-entropy, in training mode.
  public let loss: Float
  /// [parameter]: gradient of `loss`; 0 in the slots of running statistics.
  public let gradient: [Float]
  /// The running statistics after the forward pass in training mode, in flat order.
  public let runningStatistics: [Float]
  /// [sample, class], in evaluation mode with the initial statistics.
  public let evalLogits: [Float]
  /// The largest difference of any value above from the same computation in float64.
  public let rounding: Double

  /// The name, for test output.
  public var description: String { name }
}
