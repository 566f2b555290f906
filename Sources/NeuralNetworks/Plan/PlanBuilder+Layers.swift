import CKernels

// Normalisation, ReLU, pooling and dropout, each as a step of its own.
extension PlanBuilder {
  /// What the backward pass of batch normalisation needs to know about its forward pass.
  struct BatchNormalisationRecord {
    let name: String
    let shape: layer_shape
    let layer: LayerOperation.Normalisation
    let source: Int
  }

  /// The same of group normalisation.
  struct GroupNormalisationRecord {
    let name: String
    let shape: layer_shape
    let groups: LayerOperation.Groups
    let source: Int
  }

  /// The same of pooling.
  struct PoolingRecord {
    let kind: Pooling
    let shape: plane_shape
    let size: Int
    let sourceFormat: MemoryDescriptor
    let resultFormat: MemoryDescriptor
    /// Nil for means, and in evaluation.
    let choice: Int?
  }

  enum Pooling {
    case maximum
    case average
  }

  /// Brings an image into blocks of 16 channels.
  mutating func toBlocks(_ values: inout Values) throws {
    guard values.shape.count == 4 else { return }
    let blocked = try reordered(
      values.buffer, to: MemoryDescriptor(values.shape, .channelsBy16), in: \.forward)
    if blocked != values.buffer { values.isShared = false }
    values.buffer = blocked
    values.isInput = false
  }

  private func blockCount(_ channels: Int) -> Int { (channels + 15) / 16 }

  private func layerShape(_ shape: [Int]) -> layer_shape {
    layer_shape(
      samples: Int32(shape[0]), channels: Int32(shape[1]), area: Int32(shape[2] * shape[3]))
  }

  // MARK: Normalisation

  mutating func batchNormalisation(_ name: String, _ values: inout Values) throws
    -> BatchNormalisationRecord
  {
    try toBlocks(&values)
    let (source, shape) = (values.buffer, values.shape)
    let (mean, variance) =
      training
      ? try statistics(of: name, source: source, shape: shape)
      : (try parameter("\(name).running_mean"), try parameter("\(name).running_var"))
    let layer = LayerOperation.Normalisation(
      mean: mean, variance: variance, scale: try parameter("\(name).weight"),
      shift: try parameter("\(name).bias"))
    let result = add(buffers[source].descriptor)
    forward.append(
      .kernel(LayerOperation.normalise(layerShape(shape), layer, source: source, result: result)))
    values = Values(buffer: result, shape: shape)
    return BatchNormalisationRecord(
      name: name, shape: layerShape(shape), layer: layer, source: source)
  }

  /// Appends the mean and variance of a batch, whose buffers are filled up to whole blocks.
  private mutating func statistics(of name: String, source: Int, shape: [Int]) throws -> (
    mean: Int, variance: Int
  ) {
    let channels = blockCount(shape[1]) * 16
    let batch = fused_shape(
      samples: Int32(shape[0]), channels: Int32(channels), height: Int32(shape[2]),
      width: Int32(shape[3]), block: 16)
    let moments = try FusedOperation.Moments(
      base: add(.floats(channels)), sums: add(.doubles(channels)), squares: add(.doubles(channels)))
    let (mean, variance) = try batchStatistics(of: name, shape: shape, room: channels)
    forward.append(.kernel(FusedOperation.moments(batch: batch, source: source, moments)))
    forward.append(
      .kernel(FusedOperation.statistics(batch: batch, moments, mean: mean, variance: variance)))
    return (mean, variance)
  }

  mutating func normalisationGradient(_ record: BatchNormalisationRecord, _ gradient: Int) throws
    -> Int
  {
    let step = try normalisationGradient(record.name, source: record.source, gradient)
    backward.append(.kernel(LayerOperation.normaliseGradient(record.shape, record.layer, step)))
    return step.sourceGradient
  }

  mutating func groupNormalisation(_ name: String, _ groups: Int, _ values: inout Values) throws
    -> GroupNormalisationRecord
  {
    try toBlocks(&values)
    var shape = layerShape(values.shape)
    let kept = LayerOperation.Groups(
      count: groups, scale: try parameter("\(name).weight"),
      scratch: try add(.floats(group_scratch_count(&shape, Int32(groups)))))
    let result = add(buffers[values.buffer].descriptor)
    try forward.append(
      .kernel(
        LayerOperation.groupNormalise(
          shape, kept, source: values.buffer, shift: parameter("\(name).bias"), result: result)))
    let record = GroupNormalisationRecord(
      name: name, shape: shape, groups: kept, source: values.buffer)
    values = Values(buffer: result, shape: values.shape)
    return record
  }

  mutating func normalisationGradient(_ record: GroupNormalisationRecord, _ gradient: Int) throws
    -> Int
  {
    let step = try normalisationGradient(record.name, source: record.source, gradient)
    backward.append(
      .kernel(LayerOperation.groupNormaliseGradient(record.shape, record.groups, step)))
    return step.sourceGradient
  }

  private mutating func normalisationGradient(_ name: String, source: Int, _ gradient: Int) throws
    -> LayerOperation.NormalisationGradient
  {
    let gradient = try reordered(gradient, to: buffers[source].descriptor, in: \.backward)
    return LayerOperation.NormalisationGradient(
      source: source, resultGradient: gradient, sourceGradient: gradient,
      scaleGradient: try gradientBuffer("\(name).weight"),
      shiftGradient: try gradientBuffer("\(name).bias"))
  }

  // MARK: Without parameters

  mutating func relu(_ values: inout Values) throws -> Record {
    if values.isInput { try toBlocks(&values) }
    let source = values.buffer
    if values.isShared { values.buffer = add(buffers[source].descriptor) }
    values.isShared = false
    forward.append(
      .kernel(
        LayerOperation.relu(source: source, result: values.buffer, count: floatCount(values.buffer))
      ))
    return .relu(result: values.buffer)
  }

  /// Replaces the gradient by a ReLU's result with that by its input, in place.
  /// - Returns: its buffer, in the result's format.
  mutating func directReluGradient(result: Int, _ gradient: Int) throws -> Int {
    let gradient = try reordered(gradient, to: buffers[result].descriptor, in: \.backward)
    backward.append(
      .kernel(
        LayerOperation.reluGradient(result: result, gradient: gradient, count: floatCount(result))))
    return gradient
  }

  mutating func pooling(_ kind: Pooling, _ size: Int, _ values: inout Values) throws
    -> PoolingRecord
  {
    try toBlocks(&values)
    let shape = values.shape
    let planes = plane_shape(
      planes: Int64(shape[0] * blockCount(shape[1])), height: Int32(shape[2]),
      width: Int32(shape[3]))
    let resultShape = [shape[0], shape[1], shape[2] / size, shape[3] / size]
    let result = try add(MemoryDescriptor(resultShape, .channelsBy16))
    var choice: Int?
    switch kind {
    case .maximum:
      if training { choice = try add(.bytes(floatCount(result))) }
      forward.append(
        .kernel(
          LayerOperation.maximumPool(
            planes, size: size, source: values.buffer, result: result, choice: choice)))
    case .average:
      forward.append(
        .kernel(
          LayerOperation.averagePool(planes, size: size, source: values.buffer, result: result)))
    }
    let record = PoolingRecord(
      kind: kind, shape: planes, size: size, sourceFormat: buffers[values.buffer].descriptor,
      resultFormat: buffers[result].descriptor, choice: choice)
    values = Values(buffer: result, shape: resultShape)
    return record
  }

  mutating func poolingGradient(_ record: PoolingRecord, _ gradient: Int) throws -> Int {
    let gradient = try reordered(gradient, to: record.resultFormat, in: \.backward)
    let sourceGradient = add(record.sourceFormat)
    if let choice = record.choice {
      backward.append(
        .kernel(
          LayerOperation.maximumPoolGradient(
            record.shape, size: record.size, choice: choice, resultGradient: gradient,
            sourceGradient: sourceGradient)))
    } else {
      backward.append(
        .kernel(
          LayerOperation.averagePoolGradient(
            record.shape, size: record.size, resultGradient: gradient,
            sourceGradient: sourceGradient)))
    }
    return sourceGradient
  }

  /// In training, with factors that the network draws; nothing in evaluation.
  mutating func dropout(_ rate: Float, _ values: inout Values) throws -> Record? {
    guard training, rate > 0 else { return nil }
    if values.shape.count == 4 { try toBlocks(&values) }
    if values.isShared {
      let copy = add(buffers[values.buffer].descriptor)
      forward.append(
        .kernel(
          LayerOperation.copy(source: values.buffer, target: copy, count: floatCount(values.buffer))
        ))
      (values.buffer, values.isShared) = (copy, false)
    }
    let count = floatCount(values.buffer)
    let factors = try add(.floats(count))
    dropouts.append(
      DropoutFactors(
        factors: factors, channels: values.shape[1],
        area: values.shape.count == 4 ? values.shape[2] * values.shape[3] : nil,
        stride: count / batchSize, rate: rate))
    forward.append(
      .kernel(LayerOperation.multiply(values: values.buffer, factors: factors, count: count)))
    return .dropout(factors: factors, buffers[values.buffer].descriptor)
  }
}
