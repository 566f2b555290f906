/// The memory formats in which a network holds its parameters between steps: one descriptor for
/// each tensor of the layout. They are those that the training step of the full batch prefers, so
/// that it needs no conversions; plans of other batch sizes convert where they prefer others.
struct ParameterFormats: Sendable {
  var tensors: [MemoryDescriptor]
}

/// An immutable recipe of one pass over a batch: primitives in order, and for each of their
/// arguments the buffer that it reads or writes. Shared by all workers; a `PassWorkspace` gives it
/// memory.
final class Plan: Sendable {
  /// Where a buffer's memory comes from.
  enum Storage: Sendable {
    /// The workspace of the plan.
    case workspace
    /// The network's parameters; the index counts the layout's tensors.
    case parameter(Int)
    /// The network's gradients.
    case gradient(Int)
    /// The memory of another buffer, seen in another shape.
    case alias(Int)
    /// The memory of another buffer from an offset in bytes on.
    case part(of: Int, offset: Int)
  }

  struct Buffer: Sendable {
    let descriptor: MemoryDescriptor
    let storage: Storage
  }

  enum Step: Sendable {
    /// An operation of oneDNN with, for each argument, its name there and the buffer's index.
    case primitive(Primitive, arguments: [(name: OperationArgument, buffer: Int)])
    /// An operation of our kernels.
    case kernel(any KernelOperation)
  }

  /// Batch statistics that training leaves for the running statistics.
  struct BatchStatistics: Sendable {
    /// Buffers of the batch's mean and biased variance, axis (channel).
    let mean: Int
    let variance: Int
    /// Tensors of the running mean and variance.
    let runningMean: Int
    let runningVariance: Int
    let channels: Int
    /// Values of one channel in the batch.
    let valuesPerChannel: Int
  }

  let batchSize: Int
  let training: Bool
  let buffers: [Buffer]
  let forward: [Step]
  let backward: [Step]
  let batchStatistics: [BatchStatistics]
  /// In the order of the forward pass.
  let dropouts: [DropoutFactors]
  /// The images, axes (sample, channel, y, x), row-major, or in blocks of 16 samples as axes (sample
  /// block, channel, y, x, sample in block).
  let input: Int
  let hasSampleBlocks: Bool
  /// Class scores, axes (sample, class), row-major.
  let logits: Int
  /// The loss's gradient by the class scores, axes (sample, class), row-major; nil in evaluation.
  let logitsGradient: Int?
  let parameterFormats: ParameterFormats

  init(_ builder: PlanBuilder, input: Int, logits: Int, logitsGradient: Int?) {
    batchSize = builder.batchSize
    training = builder.training
    buffers = builder.buffers
    forward = builder.forward
    backward = builder.backward
    batchStatistics = builder.batchStatistics
    dropouts = builder.dropouts
    self.input = input
    hasSampleBlocks = builder.hasSampleBlocks(input)
    self.logits = logits
    self.logitsGradient = logitsGradient
    parameterFormats = builder.formats
  }
}
