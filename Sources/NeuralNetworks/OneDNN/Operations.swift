import COneDNN

// The operations of the client model, described for oneDNN. Each maker asks for the formats it is
// given, where `any` lets oneDNN choose.
enum Operation {
  private static let unitStrides: [Int64] = [1, 1]
  private static let noPadding: [Int64] = [0, 0]
  private static let poolingWindow: [Int64] = [2, 2]
  static let batchNormalisationEpsilon: Float = 1e-5

  /// The same in training and evaluation: for inference only, oneDNN would choose formats that the
  /// parameters are not kept in and the fused operations do not take, and lose more than it gains.
  static func convolutionForward(
    source: MemoryDescriptor, weight: MemoryDescriptor, bias: MemoryDescriptor,
    result: MemoryDescriptor, relu: Bool
  ) throws -> Primitive {
    var description = dnnl_convolution_desc_t()
    try withPointers(source, weight, bias, result) { source, weight, bias, result in
      try OneDNN.check(
        dnnl_convolution_forward_desc_init(
          &description, dnnl_forward_training, dnnl_convolution_direct, source, weight, bias,
          result, unitStrides, noPadding, noPadding),
        "describing a convolution")
    }
    return try Primitive.make("a convolution", description, relu: relu)
  }

  static func convolutionBackwardData(
    sourceGradient: MemoryDescriptor, weight: MemoryDescriptor, resultGradient: MemoryDescriptor,
    forward: Primitive
  ) throws -> Primitive {
    var description = dnnl_convolution_desc_t()
    try withPointers(sourceGradient, weight, resultGradient) { source, weight, result in
      try OneDNN.check(
        dnnl_convolution_backward_data_desc_init(
          &description, dnnl_convolution_direct, source, weight, result, unitStrides, noPadding,
          noPadding),
        "describing a convolution's data gradient")
    }
    return try Primitive.make("a convolution's data gradient", description, forward: forward)
  }

  static func convolutionBackwardWeight(
    source: MemoryDescriptor, weightGradient: MemoryDescriptor, biasGradient: MemoryDescriptor,
    resultGradient: MemoryDescriptor, forward: Primitive
  ) throws -> Primitive {
    var description = dnnl_convolution_desc_t()
    try withPointers(source, weightGradient, biasGradient, resultGradient) {
      source, weight, bias, result in
      try OneDNN.check(
        dnnl_convolution_backward_weights_desc_init(
          &description, dnnl_convolution_direct, source, weight, bias, result, unitStrides,
          noPadding, noPadding),
        "describing a convolution's weight gradient")
    }
    return try Primitive.make("a convolution's weight gradient", description, forward: forward)
  }

  /// Batch normalisation with a ReLU fused into it.
  static func batchNormalisationForward(data: MemoryDescriptor, training: Bool) throws -> Primitive
  {
    var description = dnnl_batch_normalization_desc_t()
    let statistics = training ? 0 : UInt32(dnnl_use_global_stats.rawValue)
    try withUnsafePointer(to: data.raw) {
      try OneDNN.check(
        dnnl_batch_normalization_forward_desc_init(
          &description, training ? dnnl_forward_training : dnnl_forward_inference, $0,
          batchNormalisationEpsilon, normalisationFlags | statistics),
        "describing batch normalisation")
    }
    return try Primitive.make("batch normalisation", description)
  }

  static func batchNormalisationBackward(data: MemoryDescriptor, forward: Primitive) throws
    -> Primitive
  {
    var description = dnnl_batch_normalization_desc_t()
    try withUnsafePointer(to: data.raw) {
      try OneDNN.check(
        dnnl_batch_normalization_backward_desc_init(
          &description, dnnl_backward, $0, $0, batchNormalisationEpsilon, normalisationFlags),
        "describing batch normalisation's gradient")
    }
    return try Primitive.make("batch normalisation's gradient", description, forward: forward)
  }

  private static var normalisationFlags: UInt32 {
    UInt32(dnnl_fuse_norm_relu.rawValue | dnnl_use_scale.rawValue | dnnl_use_shift.rawValue)
  }

  static func maxPoolingForward(
    source: MemoryDescriptor, result: MemoryDescriptor, training: Bool
  ) throws -> Primitive {
    var description = dnnl_pooling_desc_t()
    try withPointers(source, result) { source, result in
      try OneDNN.check(
        dnnl_pooling_forward_desc_init(
          &description, training ? dnnl_forward_training : dnnl_forward_inference,
          dnnl_pooling_max, source, result, poolingWindow, poolingWindow, noPadding, noPadding),
        "describing max pooling")
    }
    return try Primitive.make("max pooling", description)
  }

  static func maxPoolingBackward(
    sourceGradient: MemoryDescriptor, resultGradient: MemoryDescriptor, forward: Primitive
  ) throws -> Primitive {
    var description = dnnl_pooling_desc_t()
    try withPointers(sourceGradient, resultGradient) { source, result in
      try OneDNN.check(
        dnnl_pooling_backward_desc_init(
          &description, dnnl_pooling_max, source, result, poolingWindow, poolingWindow, noPadding,
          noPadding),
        "describing max pooling's gradient")
    }
    return try Primitive.make("max pooling's gradient", description, forward: forward)
  }

  /// The gradient of a ReLU from its result (not from its input, which a fused ReLU does not keep).
  static func reluBackward(data: MemoryDescriptor) throws -> Primitive {
    // oneDNN wants a forward primitive as the hint of every backward one.
    var forwardDescription = dnnl_eltwise_desc_t()
    var description = dnnl_eltwise_desc_t()
    try withUnsafePointer(to: data.raw) {
      try OneDNN.check(
        dnnl_eltwise_forward_desc_init(
          &forwardDescription, dnnl_forward_training, dnnl_eltwise_relu_use_dst_for_bwd, $0, 0, 0),
        "describing a ReLU")
      try OneDNN.check(
        dnnl_eltwise_backward_desc_init(
          &description, dnnl_eltwise_relu_use_dst_for_bwd, $0, $0, 0, 0),
        "describing a ReLU's gradient")
    }
    let forward = try Primitive.make("a ReLU", forwardDescription)
    return try Primitive.make("a ReLU's gradient", description, forward: forward)
  }

  static func fullyConnectedForward(
    source: MemoryDescriptor, weight: MemoryDescriptor, bias: MemoryDescriptor,
    result: MemoryDescriptor, relu: Bool, training: Bool
  ) throws -> Primitive {
    var description = dnnl_inner_product_desc_t()
    try withPointers(source, weight, bias, result) { source, weight, bias, result in
      try OneDNN.check(
        dnnl_inner_product_forward_desc_init(
          &description, training ? dnnl_forward_training : dnnl_forward_inference, source, weight,
          bias, result),
        "describing a fully connected layer")
    }
    return try Primitive.make("a fully connected layer", description, relu: relu)
  }

  static func fullyConnectedBackwardData(
    sourceGradient: MemoryDescriptor, weight: MemoryDescriptor, resultGradient: MemoryDescriptor,
    forward: Primitive
  ) throws -> Primitive {
    var description = dnnl_inner_product_desc_t()
    try withPointers(sourceGradient, weight, resultGradient) { source, weight, result in
      try OneDNN.check(
        dnnl_inner_product_backward_data_desc_init(&description, source, weight, result),
        "describing a fully connected layer's data gradient")
    }
    return try Primitive.make(
      "a fully connected layer's data gradient", description, forward: forward)
  }

  static func fullyConnectedBackwardWeight(
    source: MemoryDescriptor, weightGradient: MemoryDescriptor, biasGradient: MemoryDescriptor,
    resultGradient: MemoryDescriptor, forward: Primitive
  ) throws -> Primitive {
    var description = dnnl_inner_product_desc_t()
    try withPointers(source, weightGradient, biasGradient, resultGradient) {
      source, weight, bias, result in
      try OneDNN.check(
        dnnl_inner_product_backward_weights_desc_init(&description, source, weight, bias, result),
        "describing a fully connected layer's weight gradient")
    }
    return try Primitive.make(
      "a fully connected layer's weight gradient", description, forward: forward)
  }

  private typealias Pointer = UnsafePointer<dnnl_memory_desc_t>

  private static func withPointers(
    _ first: MemoryDescriptor, _ second: MemoryDescriptor,
    _ body: (Pointer, Pointer) throws -> Void
  ) throws {
    try withUnsafePointer(to: first.raw) { first in
      try withUnsafePointer(to: second.raw) { second in try body(first, second) }
    }
  }

  private static func withPointers(
    _ first: MemoryDescriptor, _ second: MemoryDescriptor, _ third: MemoryDescriptor,
    _ body: (Pointer, Pointer, Pointer) throws -> Void
  ) throws {
    try withPointers(first, second) { first, second in
      try withUnsafePointer(to: third.raw) { third in try body(first, second, third) }
    }
  }

  private static func withPointers(
    _ first: MemoryDescriptor, _ second: MemoryDescriptor, _ third: MemoryDescriptor,
    _ fourth: MemoryDescriptor, _ body: (Pointer, Pointer, Pointer, Pointer) throws -> Void
  ) throws {
    try withPointers(first, second, third) { first, second, third in
      try withUnsafePointer(to: fourth.raw) { fourth in try body(first, second, third, fourth) }
    }
  }
}
