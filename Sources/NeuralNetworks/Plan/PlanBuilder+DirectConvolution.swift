import CKernels

// Convolutions of any size by our kernels, which sum directly.
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
    try forward.append(
      .direct(
        .forward(
          shape: shape, source: values.buffer,
          weight: weight(of: name, as: weightFormat, in: \.forward, chooses: true),
          bias: parameter("\(name).bias"), relu: relu, scratch: scratch(for: shape),
          result: result)))
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
    try backward.append(
      .direct(
        .weightGradient(
          shape: shape, source: record.source, resultGradient: gradient,
          scratch: scratch(for: shape), weightGradient: target,
          biasGradient: gradientBuffer("\(record.name).bias"))))
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
      .direct(
        .transposeWeights(
          shape: shape,
          weight: weight(of: record.name, as: weightFormat, in: \.backward, chooses: false),
          transposed: transposed)))
    let sourceGradient = try add(MemoryDescriptor(record.sourceShape, .channelsBy16))
    try backward.append(
      .direct(
        .forward(
          shape: transposedShape, source: upstream.buffer, weight: transposed, bias: nil,
          relu: false, scratch: scratch(for: transposedShape), result: sourceGradient)))
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
      .layer(
        .pad(border.shape, lanes: lanes, border: width, source: values.buffer, target: buffer)))
    values.buffer = buffer
    values.shape = Array(padded)
    return border
  }

  /// Appends the removal of a border from a gradient.
  mutating func crop(_ border: Border, _ gradient: Int) throws -> Int {
    let target = add(border.format)
    backward.append(
      .layer(
        .crop(
          border.shape, lanes: border.lanes, border: border.width, source: gradient,
          target: target)))
    return target
  }

  private mutating func scratch(for shape: direct_shape) throws -> Int {
    var shape = shape
    return try sharedScratch(direct_scratch_count(&shape))
  }

  /// Throws where our kernels have no vectors: oneDNN has not all blocks.
  func requireVectors(_ name: String) throws {
    guard vectorWidth > 0 else {
      throw ArchitectureError(
        reason: "\(name): this network needs a processor with AVX2 and FMA, which this one is not")
    }
  }
}
