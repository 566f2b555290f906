import CKernels

/// Batch normalisation, ReLU and max pooling after a convolution in one pass over its result, where
/// oneDNN would take three that are bound by memory. Buffers are indices into a plan's buffers.
enum FusedOperation: KernelOperation {
  /// The sums that a batch's statistics are made of.
  case moments(batch: fused_shape, source: Int, Moments)
  /// The mean and variance of a batch.
  case statistics(batch: fused_shape, Moments, mean: Int, variance: Int)
  /// Normalises by given statistics; ReLU; pools.
  case normaliseAndPool(Normalisation)
  /// The gradients by scale and shift in training, and what `spread` needs.
  case normalisationGradients(NormalisationGradients)
  /// The gradient by the input of batch normalisation.
  case spread(
    shape: fused_shape, source: Int, coefficients: Int, pooledGradient: Int, choice: Int,
    sourceGradient: Int)
  /// Pools what a ReLU has passed.
  case pool(shape: fused_shape, source: Int, pooled: Int, choice: Int?)
  /// The gradient by the ReLU's input.
  case poolGradient(shape: fused_shape, pooledGradient: Int, choice: Int, sourceGradient: Int)

  struct Moments: Sendable {
    let base: Int
    let sums: Int
    let squares: Int
  }

  struct Normalisation: Sendable {
    let shape: fused_shape
    let source: Int
    let mean: Int
    let variance: Int
    let scale: Int
    let shift: Int
    let pooled: Int
    /// Which place gave the maximum, and the value there; nil in evaluation.
    let choice: Int?
    let chosen: Int?
  }

  struct NormalisationGradients: Sendable {
    let batch: fused_shape
    let mean: Int
    let variance: Int
    let scale: Int
    let pooledGradient: Int
    let choice: Int
    let chosen: Int
    let coefficients: Int
    let scaleGradient: Int
    let shiftGradient: Int
  }

  /// The shape for the kernels, or nil if a convolution's result is in a format that they do not
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

  /// Runs it. `pointers` are those of the plan's buffers.
  func run(_ pointers: [UnsafeMutableRawPointer]) {
    func floats(_ buffer: Int) -> UnsafeMutablePointer<Float> {
      pointers[buffer].assumingMemoryBound(to: Float.self)
    }
    func bytes(_ buffer: Int) -> UnsafeMutablePointer<UInt8> {
      pointers[buffer].assumingMemoryBound(to: UInt8.self)
    }
    func doubles(_ buffer: Int) -> UnsafeMutablePointer<Double> {
      pointers[buffer].assumingMemoryBound(to: Double.self)
    }
    switch self {
    case .moments(let shape, let source, let moments):
      withUnsafePointer(to: shape) {
        fused_add_moments(
          $0, floats(source), 1, floats(moments.base), doubles(moments.sums),
          doubles(moments.squares))
      }
    case .statistics(let batch, let moments, let mean, let variance):
      withUnsafePointer(to: batch) {
        fused_statistics(
          $0, floats(moments.base), doubles(moments.sums), doubles(moments.squares), floats(mean),
          floats(variance))
      }
    case .normaliseAndPool(let step):
      withUnsafePointer(to: step.shape) {
        fused_forward(
          $0, floats(step.source), floats(step.mean), floats(step.variance), floats(step.scale),
          floats(step.shift), Operation.batchNormalisationEpsilon, floats(step.pooled),
          step.choice.map(bytes), step.chosen.map(floats))
      }
    case .normalisationGradients(let step):
      withUnsafePointer(to: step.batch) {
        fused_gradients(
          $0, floats(step.mean), floats(step.variance), floats(step.scale),
          Operation.batchNormalisationEpsilon, floats(step.pooledGradient), bytes(step.choice),
          floats(step.chosen), floats(step.coefficients), floats(step.scaleGradient),
          floats(step.shiftGradient))
      }
    case .spread(
      let shape, let source, let coefficients, let pooledGradient, let choice, let sourceGradient):
      withUnsafePointer(to: shape) {
        fused_spread(
          $0, floats(source), floats(coefficients), floats(pooledGradient), bytes(choice),
          floats(sourceGradient))
      }
    case .pool(let shape, let source, let pooled, let choice):
      withUnsafePointer(to: shape) {
        pool_forward($0, floats(source), floats(pooled), choice.map(bytes))
      }
    case .poolGradient(let shape, let pooledGradient, let choice, let sourceGradient):
      withUnsafePointer(to: shape) {
        pool_backward($0, floats(pooledGradient), bytes(choice), floats(sourceGradient))
      }
    }
  }
}
