import CKernels

// The chain of blocks: which of them are done together, and the order of their gradients.
extension PlanBuilder {
  /// What one block hands to the next.
  struct Values {
    var buffer: Int
    /// Axes (sample, channel, y, x) or (sample, feature).
    var shape: [Int]
    /// Whether these are the images.
    var isInput = false
    /// Whether something else reads them too, so that they must stay.
    var isShared = false
  }

  /// What the backward pass of a block needs to know about its forward pass.
  indirect enum Record {
    /// With the border that was put around the source.
    case pooledConvolution(ConvolutionRecord, Border?)
    case convolution(DirectRecord)
    case fullyConnected(FullyConnectedRecord)
    case batchNormalisation(BatchNormalisationRecord)
    case groupNormalisation(GroupNormalisationRecord)
    case relu(result: Int)
    case pooling(PoolingRecord)
    /// With the format of the values.
    case dropout(factors: Int, MemoryDescriptor)
    case residual([Record], MemoryDescriptor)
  }

  /// A convolution, its normalisation, ReLU and 2×2 maximum pooling, which are done together.
  struct PooledConvolution {
    let name: String
    let outChannels: Int
    let kernelSize: Int
    let padding: Int
    let normalisation: String?
    /// The blocks that it stands for.
    let blockCount: Int
    /// Nil if oneDNN convolves.
    let spectral: spectral_shape?
  }

  /// The pooled convolution with which some blocks begin; nil if they begin with something else, or if neither our kernels
  /// for it nor oneDNN are to do it.
  func pooledConvolution(
    _ blocks: ArraySlice<Architecture.Block>, shape: [Int], isInput: Bool
  ) -> PooledConvolution? {
    var rest = blocks
    guard
      case .convolution(let name, let outChannels, let kernelSize, let padding)? = rest.popFirst()
    else { return nil }
    var normalisation: String?
    if case .batchNormalisation(let layer)? = rest.first {
      normalisation = layer
      rest.removeFirst()
    }
    guard case .relu? = rest.popFirst(), case .maximumPooling(size: 2)? = rest.popFirst() else {
      return nil
    }
    let spectral = spectralShape(
      sourceShape: shape[..<2] + shape[2...].map { $0 + 2 * padding },
      weightShape: [outChannels, shape[1], kernelSize, kernelSize], isInput: isInput)
    // oneDNN is the reference for ours, and does what no vectors of ours can do.
    guard spectral != nil || (vectorWidth == 0 && padding == 0) else { return nil }
    return PooledConvolution(
      name: name, outChannels: outChannels, kernelSize: kernelSize, padding: padding,
      normalisation: normalisation, blockCount: blocks.count - rest.count, spectral: spectral)
  }

  /// Appends the forward pass of some blocks.
  mutating func chain(_ blocks: [Architecture.Block], from start: Values) throws -> (
    records: [Record], end: Values
  ) {
    var (records, values) = ([Record](), start)
    var rest = blocks[...]
    while let block = rest.first {
      let isLast = rest.count == 1
      if let convolution = pooledConvolution(rest, shape: values.shape, isInput: values.isInput) {
        rest.removeFirst(convolution.blockCount)
        records.append(try pooled(convolution, &values))
        continue
      }
      rest.removeFirst()
      var hasRelu = false
      if case .relu? = rest.first { hasRelu = true }
      switch block {
      case .convolution(let name, let outChannels, let kernelSize, let padding):
        if hasRelu { rest.removeFirst() }
        records.append(
          .convolution(
            try directConvolution(
              name, &values, outChannels: outChannels, kernelSize: kernelSize, padding: padding,
              relu: hasRelu)))
      case .fullyConnected(let name, let outFeatures):
        if hasRelu { rest.removeFirst() }
        let record = try fullyConnected(
          name, source: values.buffer, shape: &values.shape, outFeatures: outFeatures,
          relu: hasRelu, isLast: isLast)
        values = Values(buffer: record.result, shape: values.shape)
        records.append(.fullyConnected(record))
      case .batchNormalisation(let name):
        records.append(.batchNormalisation(try batchNormalisation(name, &values)))
      case .groupNormalisation(let name, let groups):
        records.append(.groupNormalisation(try groupNormalisation(name, groups, &values)))
      case .relu: records.append(try relu(&values))
      case .maximumPooling(let size):
        records.append(.pooling(try pooling(.maximum, size, &values)))
      case .averagePooling(let size):
        records.append(.pooling(try pooling(.average, size ?? values.shape[2], &values)))
      case .dropout(let rate): try dropout(rate, &values).map { records.append($0) }
      case .residual(let branch): records.append(try residual(branch, &values))
      }
    }
    return (records, values)
  }

  /// Appends the gradients of some blocks, the last first.
  /// - Returns: the buffer of the gradient by what the first one was given, if wanted.
  mutating func chainGradient(_ records: [Record], _ gradient: Int, wantsSource: Bool) throws
    -> Int?
  {
    var gradient = gradient
    for (position, record) in records.enumerated().reversed() {
      let wanted = wantsSource || position > 0
      let next: Int?
      switch record {
      case .pooledConvolution(let record, let border):
        var found = try convolutionGradient(record, gradient, wantsSource: wanted)
        if let border, let padded = found { found = try crop(border, padded) }
        next = found
      case .convolution(let record):
        next = try directGradient(record, gradient, wantsSource: wanted)
      case .fullyConnected(let record):
        next = try fullyConnectedGradient(record, gradient, wantsSource: wanted)
      case .batchNormalisation(let record): next = try normalisationGradient(record, gradient)
      case .groupNormalisation(let record): next = try normalisationGradient(record, gradient)
      case .relu(let result): next = try directReluGradient(result: result, gradient)
      case .pooling(let record): next = try poolingGradient(record, gradient)
      case .dropout(let factors, let format):
        let values = try reordered(gradient, to: format, in: \.backward)
        backward.append(
          .kernel(
            LayerOperation.multiply(values: values, factors: factors, count: floatCount(factors))))
        next = values
      case .residual(let branch, let format):
        next = try residualGradient(branch, format, gradient, wantsSource: wanted)
      }
      guard let next else { return nil }
      gradient = next
    }
    return wantsSource ? gradient : nil
  }

  /// Appends a pooled convolution, with a border around its source where it has padding.
  private mutating func pooled(_ convolution: PooledConvolution, _ values: inout Values) throws
    -> Record
  {
    var border: Border?
    let isInput = values.isInput
    if convolution.padding > 0 {
      if !isInput { try toBlocks(&values) }
      border = try pad(&values, by: convolution.padding)
    }
    let record = try self.convolution(
      convolution.name, source: values.buffer, isInput: isInput, shape: &values.shape,
      outChannels: convolution.outChannels, kernelSize: convolution.kernelSize,
      normalisation: convolution.normalisation)
    values = Values(buffer: record.pooled, shape: values.shape)
    return .pooledConvolution(record, border)
  }

  // MARK: Residual blocks

  private mutating func residual(_ branch: [Architecture.Block], _ values: inout Values) throws
    -> Record
  {
    try toBlocks(&values)
    var start = values
    (start.isShared, start.isInput) = (true, false)
    var (records, end) = try chain(branch, from: start)
    try toBlocks(&end)
    let count = floatCount(values.buffer)
    // Blocks of the branch may need their results again.
    let sum = add(buffers[values.buffer].descriptor)
    forward.append(.kernel(LayerOperation.copy(source: values.buffer, target: sum, count: count)))
    forward.append(.kernel(LayerOperation.add(values: sum, others: end.buffer, count: count)))
    values = Values(buffer: sum, shape: values.shape)
    return .residual(records, buffers[sum].descriptor)
  }

  private mutating func residualGradient(
    _ branch: [Record], _ format: MemoryDescriptor, _ gradient: Int, wantsSource: Bool
  ) throws -> Int? {
    let gradient = try reordered(gradient, to: format, in: \.backward)
    let count = floatCount(gradient)
    // Blocks change the gradient that they are given.
    let shortcut = add(format)
    backward.append(.kernel(LayerOperation.copy(source: gradient, target: shortcut, count: count)))
    guard let next = try chainGradient(branch, gradient, wantsSource: wantsSource) else {
      return nil
    }
    let sum = try reordered(next, to: format, in: \.backward)
    backward.append(.kernel(LayerOperation.add(values: sum, others: shortcut, count: count)))
    return sum
  }

  /// Numbers of a buffer, those that fill it up included.
  func floatCount(_ buffer: Int) -> Int {
    buffers[buffer].descriptor.byteCount / MemoryLayout<Float>.size
  }
}
