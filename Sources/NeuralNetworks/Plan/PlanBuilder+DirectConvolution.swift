import CKernels

// Convolutions of any size by our kernels: 3×3 ones of whole images by Winograd's filtering, the others summed directly.
extension PlanBuilder {
  /// What the backward pass of such a convolution needs to know about its forward pass.
  struct DirectRecord {
    let name: String
    let shape: direct_shape
    /// With its border.
    let source: Int
    let padding: Int
    let result: Int
    let hasRelu: Bool
    /// Axes (sample, channel, y, x), without a border.
    let sourceShape: [Int]
  }

  /// A border of 0 around the planes of a buffer.
  struct Border {
    let shape: plane_shape
    let lanes: Int
    let width: Int
    /// The format without it.
    let format: MemoryDescriptor
  }

  mutating func directConvolution(
    _ name: String, _ values: inout Values, outChannels: Int, kernelSize: Int, padding: Int,
    relu: Bool
  ) throws -> DirectRecord {
    try requireVectors(name)
    let sourceShape = values.shape
    let hasPlanes = values.isInput && sourceShape[1] < 16
    if !hasPlanes { try toBlocks(&values) }
    if padding > 0 { try pad(&values, by: padding) }
    let shape = direct_shape(
      samples: Int32(batchSize), in_channels: Int32(sourceShape[1]),
      out_channels: Int32(outChannels), height: Int32(values.shape[2]),
      width: Int32(values.shape[3]), kernel: Int32(kernelSize), has_planes: hasPlanes ? 1 : 0,
      vector_width: vectorWidth)
    let resultShape =
      [batchSize, outChannels] + values.shape[2...].map { $0 - kernelSize + 1 }
    let result = try add(MemoryDescriptor(resultShape, .channelsBy16))
    let weightFormat = try MemoryDescriptor(weightShape(of: name), .firstBy16)
    let weight = try weight(of: name, as: weightFormat, in: \.forward, chooses: true)
    try convolve(
      shape, source: values.buffer, weight: weight, bias: parameter("\(name).bias"), relu: relu,
      into: result, in: \.forward)
    let record = DirectRecord(
      name: name, shape: shape, source: values.buffer, padding: padding, result: result,
      hasRelu: relu, sourceShape: sourceShape)
    values = Values(buffer: result, shape: resultShape)
    return record
  }

  /// - Returns: the buffer of the gradient by the source, if wanted.
  mutating func directGradient(_ record: DirectRecord, _ gradient: Int, wantsSource: Bool) throws
    -> Int?
  {
    let gradient =
      record.hasRelu
      ? try directReluGradient(result: record.result, gradient)
      : try reordered(gradient, to: buffers[record.result].descriptor, in: \.backward)
    let shape = record.shape
    let weightFormat = try MemoryDescriptor(weightShape(of: record.name), .firstBy16)
    let stored = try gradientBuffer("\(record.name).weight")
    let target = weightFormat == buffers[stored].descriptor ? stored : add(weightFormat)
    let biasGradient = try gradientBuffer("\(record.name).bias")
    if isWinograd(shape) {
      try backward.append(
        .kernel(
          DirectOperation.winogradGradient(
            shape: shape, source: record.source, resultGradient: gradient,
            scratch: scratch(for: shape), transformed: transformedWeights(of: shape),
            weightGradient: target, biasGradient: biasGradient)))
    } else {
      try backward.append(
        .kernel(
          DirectOperation.weightGradient(
            shape: shape, source: record.source, resultGradient: gradient,
            scratch: scratch(for: shape), weightGradient: target, biasGradient: biasGradient)))
    }
    if target != stored { try backward.append(copy(target, stored)) }
    guard wantsSource else { return nil }

    // The gradient by the source is a convolution of the result's gradient, with what is left of the kernel as a border.
    var upstream = Values(
      buffer: gradient, shape: buffers[record.result].descriptor.dimensions)
    let border = Int(shape.kernel) - 1 - record.padding
    if border > 0 { try pad(&upstream, by: border, in: \.backward) }
    let transposedShape = direct_shape(
      samples: shape.samples, in_channels: shape.out_channels, out_channels: shape.in_channels,
      height: Int32(upstream.shape[2]), width: Int32(upstream.shape[3]), kernel: shape.kernel,
      has_planes: 0, vector_width: shape.vector_width)
    let transposed = try add(
      .floats(
        (Int(shape.in_channels) + 15) / 16 * 16 * Int(shape.out_channels)
          * Int(shape.kernel * shape.kernel)))
    try backward.append(
      .kernel(
        DirectOperation.transposeWeights(
          shape: shape,
          weight: weight(of: record.name, as: weightFormat, in: \.backward, chooses: false),
          transposed: transposed)))
    let sourceGradient = try add(MemoryDescriptor(record.sourceShape, .channelsBy16))
    try convolve(
      transposedShape, source: upstream.buffer, weight: transposed, bias: nil, relu: false,
      into: sourceGradient, in: \.backward)
    return sourceGradient
  }

  /// Appends a border around the planes of a buffer, which is plain or in blocks.
  @discardableResult
  mutating func pad(
    _ values: inout Values, by width: Int,
    in pass: WritableKeyPath<PlanBuilder, [Plan.Step]> = \.forward
  ) throws -> Border {
    let (shape, format) = (values.shape, buffers[values.buffer].descriptor)
    let padded = shape[..<2] + shape[2...].map { $0 + 2 * width }
    let blocks = { (count: Int) in (count + 15) / 16 }
    let (planes, lanes, target): (Int, Int, MemoryDescriptor) =
      if try format == .plain(shape) {
        (shape[0] * shape[1], 1, try .plain(Array(padded)))
      } else if try format == MemoryDescriptor(shape, .firstBy16) {
        (blocks(shape[0]) * shape[1], 16, try MemoryDescriptor(Array(padded), .firstBy16))
      } else {
        (shape[0] * blocks(shape[1]), 16, try MemoryDescriptor(Array(padded), .channelsBy16))
      }
    let border = Border(
      shape: plane_shape(planes: Int64(planes), height: Int32(shape[2]), width: Int32(shape[3])),
      lanes: lanes, width: width, format: format)
    let buffer = add(target)
    self[keyPath: pass].append(
      .kernel(
        LayerOperation.pad(
          border.shape, lanes: lanes, border: width, source: values.buffer, target: buffer)))
    values.buffer = buffer
    values.shape = Array(padded)
    return border
  }

  /// Appends the removal of a border from a gradient.
  mutating func crop(_ border: Border, _ gradient: Int) throws -> Int {
    let target = add(border.format)
    backward.append(
      .kernel(
        LayerOperation.crop(
          border.shape, lanes: border.lanes, border: border.width, source: gradient,
          target: target)))
    return target
  }

  /// Whether Winograd's filtering serves a convolution: tiles want images of some size, in blocks.
  private func isWinograd(_ shape: direct_shape) -> Bool {
    shape.kernel == 3 && shape.has_planes == 0 && shape.height >= 6 && shape.width >= 6
  }

  /// Appends a convolution with weights in the order that sums want.
  private mutating func convolve(
    _ shape: direct_shape, source: Int, weight: Int, bias: Int?, relu: Bool, into result: Int,
    in pass: WritableKeyPath<PlanBuilder, [Plan.Step]>
  ) throws {
    let scratch = try scratch(for: shape)
    guard isWinograd(shape) else {
      self[keyPath: pass].append(
        .kernel(
          DirectOperation.forward(
            shape: shape, source: source, weight: weight, bias: bias, relu: relu, scratch: scratch,
            result: result)))
      return
    }
    let transformed = try transformedWeights(of: shape)
    self[keyPath: pass].append(
      .kernel(
        DirectOperation.winogradWeights(shape: shape, weight: weight, transformed: transformed)))
    self[keyPath: pass].append(
      .kernel(
        DirectOperation.winogradForward(
          shape: shape, source: source, transformed: transformed, bias: bias, relu: relu,
          scratch: scratch, result: result)))
  }

  private mutating func transformedWeights(of shape: direct_shape) throws -> Int {
    var shape = shape
    return try add(.floats(winograd_weight_count(&shape)))
  }

  private mutating func scratch(for shape: direct_shape) throws -> Int {
    var shape = shape
    return try sharedScratch(max(direct_scratch_count(&shape), winograd_scratch_count(&shape)))
  }

  /// Throws where our kernels have no vectors: oneDNN has not all blocks.
  func requireVectors(_ name: String) throws {
    guard vectorWidth > 0 else {
      throw ArchitectureError(
        reason: "\(name): this network needs a processor with AVX2 and FMA, which this one is not")
    }
  }
}
