import CFusedKernels
import COneDNN

/// Batch normalisation, ReLU and max pooling after a convolution in one pass over its result, where
/// oneDNN would take three that are bound by memory. Buffers are indices into a plan's buffers.
enum FusedOperation: Sendable {
  /// Normalises by the batch's statistics, which it finds first, or by given ones; ReLU; pools.
  case normaliseAndPool(Normalisation)
  /// The gradient of that in training.
  case normaliseAndPoolGradient(NormalisationGradient)
  /// Pools what a ReLU has passed.
  case pool(shape: fused_shape, source: Int, pooled: Int, choice: Int?)
  /// The gradient by the ReLU's input.
  case poolGradient(shape: fused_shape, pooledGradient: Int, choice: Int, sourceGradient: Int)
  /// A convolution's gradients straight from that by the pooled result.
  case sparseWeightGradient(SparseGradient, source: Int, weightGradient: Int, biasGradient: Int)
  case sparseDataGradient(SparseGradient, weight: Int, sourceGradient: Int)

  /// What the gradients of a convolution without normalisation are computed from.
  struct SparseGradient: Sendable {
    let shape: sparse_shape
    let pooledGradient: Int
    let choice: Int
  }

  struct Normalisation: Sendable {
    let shape: fused_shape
    let source: Int
    let mean: Int
    let variance: Int
    let scale: Int
    let shift: Int
    let pooled: Int
    /// Which place gave the maximum; nil in evaluation, where the statistics are given.
    let choice: Int?
  }

  struct NormalisationGradient: Sendable {
    let forward: Normalisation
    let choice: Int
    let pooledGradient: Int
    let sourceGradient: Int
    let scaleGradient: Int
    let shiftGradient: Int
  }

  /// The shape for the kernels, or nil where a convolution's result is in a format that they do not
  /// take.
  /// - Parameter dimensions: axes (sample, channel, y, x).
  static func shape(_ format: MemoryDescriptor, _ dimensions: [Int]) throws -> fused_shape? {
    let (channels, largest) = (dimensions[1], Int(FUSED_MAXIMUM_CHANNELS))
    guard channels <= largest, dimensions.allSatisfy({ $0 <= Int32.max }) else { return nil }
    for (block, tag) in blockedFormats where channels.isMultiple(of: block) {
      guard try format == MemoryDescriptor(dimensions, tag) else { continue }
      return fused_shape(
        samples: Int32(dimensions[0]), channels: Int32(channels), height: Int32(dimensions[2]),
        width: Int32(dimensions[3]), block: Int32(block))
    }
    return nil
  }

  /// The shape for the kernels of sparse gradients, or nil where they do not suit the convolution or
  /// the processor.
  /// - Parameters:
  ///   - source: the format of its source, whose axes (sample, channel, y, x) are `dimensions`.
  ///   - weightShape: axes (out channel, in channel, kernel y, kernel x).
  static func sparseShape(
    source: MemoryDescriptor, _ dimensions: [Int], weightShape: [Int], result: fused_shape
  ) throws -> sparse_shape? {
    guard sparse_gradients_supported() != 0, Array(weightShape[2...]) == [5, 5],
      result.block == 16, dimensions[1].isMultiple(of: 16),
      dimensions.dropFirst().reduce(1, *) <= Int32.max,
      try source == MemoryDescriptor(dimensions, dnnl_aBcd16b)
    else { return nil }
    return sparse_shape(
      samples: result.samples, in_channels: Int32(dimensions[1]), out_channels: result.channels,
      in_height: Int32(dimensions[2]), in_width: Int32(dimensions[3]))
  }

  /// Runs it. `pointers` are those of the plan's buffers.
  func run(_ pointers: [UnsafeMutableRawPointer]) {
    func floats(_ buffer: Int) -> UnsafeMutablePointer<Float> {
      pointers[buffer].assumingMemoryBound(to: Float.self)
    }
    func bytes(_ buffer: Int) -> UnsafeMutablePointer<UInt8> {
      pointers[buffer].assumingMemoryBound(to: UInt8.self)
    }
    switch self {
    case .normaliseAndPool(let step):
      withUnsafePointer(to: step.shape) { shape in
        if step.choice != nil {
          fused_statistics(shape, floats(step.source), floats(step.mean), floats(step.variance))
        }
        fused_forward(
          shape, floats(step.source), floats(step.mean), floats(step.variance), floats(step.scale),
          floats(step.shift), Operation.batchNormalisationEpsilon, floats(step.pooled),
          step.choice.map(bytes))
      }
    case .normaliseAndPoolGradient(let step):
      let forward = step.forward
      withUnsafePointer(to: forward.shape) { shape in
        fused_backward(
          shape, floats(forward.source), floats(forward.mean), floats(forward.variance),
          floats(forward.scale), Operation.batchNormalisationEpsilon, floats(step.pooledGradient),
          bytes(step.choice), floats(step.sourceGradient), floats(step.scaleGradient),
          floats(step.shiftGradient))
      }
    case .pool(let shape, let source, let pooled, let choice):
      withUnsafePointer(to: shape) {
        pool_forward($0, floats(source), floats(pooled), choice.map(bytes))
      }
    case .poolGradient(let shape, let pooledGradient, let choice, let sourceGradient):
      withUnsafePointer(to: shape) {
        pool_backward($0, floats(pooledGradient), bytes(choice), floats(sourceGradient))
      }
    case .sparseWeightGradient(let gradient, let source, let weightGradient, let biasGradient):
      withUnsafePointer(to: gradient.shape) {
        sparse_weight_gradient(
          $0, floats(source), floats(gradient.pooledGradient), bytes(gradient.choice),
          floats(weightGradient), floats(biasGradient))
      }
    case .sparseDataGradient(let gradient, let weight, let sourceGradient):
      withUnsafePointer(to: gradient.shape) {
        sparse_data_gradient(
          $0, floats(weight), floats(gradient.pooledGradient), bytes(gradient.choice),
          floats(sourceGradient))
      }
    }
  }
}
