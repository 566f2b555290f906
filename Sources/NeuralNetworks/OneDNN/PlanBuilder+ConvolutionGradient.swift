import CFusedKernels
import COneDNN

// The backward pass of a convolution with its normalisation, ReLU and pooling, in the parts of the
// batch that the forward pass worked on.
extension PlanBuilder {
  /// - Returns: the buffer of the gradient by the source, if wanted.
  mutating func convolutionGradient(
    _ record: ConvolutionRecord, _ gradient: Int, wantsSource: Bool
  ) throws -> Int? {
    let pooledGradient = try reordered(
      gradient, to: buffers[record.pooled].descriptor, in: \.backward)
    if let sparse = try sparseGradient(of: record, pooledGradient) {
      return try sparseConvolutionGradient(record, sparse, wantsSource: wantsSource)
    }
    let coefficients = try normalisationCoefficients(record, pooledGradient)
    let convolvedGradient = add(record.parts[0].resultFormat)
    let sourceGradient = wantsSource ? add(buffers[record.source].descriptor) : nil
    var gradients = WeightGradientParts()
    var weights = WeightParts()
    for part in record.parts {
      let convolvedGradient = try alias(of: convolvedGradient, part.resultFormat)
      try activationGradient(record, part, pooledGradient, convolvedGradient, coefficients)
      try weightGradient(record, part, convolvedGradient, &gradients)
      if let sourceGradient {
        try dataGradient(
          record, part, convolvedGradient,
          sourceGradient: self.part(of: sourceGradient, from: part.start, part.sourceFormat),
          &weights)
      }
    }
    try sum(gradients, into: record.name)
    return sourceGradient
  }

  // MARK: Activation

  /// Appends the gradients by a batch normalisation's scale and shift, and what the gradient by its
  /// input needs; nil without our kernels or without normalisation.
  private mutating func normalisationCoefficients(
    _ record: ConvolutionRecord, _ pooledGradient: Int
  ) throws -> Int? {
    guard case .fused(let activation) = record.activation, let choice = activation.choice,
      let normalisation = activation.normalisation
    else { return nil }
    let coefficients = try add(.plain([3, Int(activation.shape.channels)]))
    try backward.append(
      .fused(
        .normalisationGradients(
          FusedOperation.NormalisationGradients(
            batch: activation.shape, mean: normalisation.mean, variance: normalisation.variance,
            scale: parameter("\(normalisation.name).weight"), pooledGradient: pooledGradient,
            choice: choice, chosen: normalisation.chosen, coefficients: coefficients,
            scaleGradient: gradientBuffer("\(normalisation.name).weight"),
            shiftGradient: gradientBuffer("\(normalisation.name).bias")))))
    return coefficients
  }

  /// Appends the computation of the gradient by a convolution's result from that by the pooled one.
  private mutating func activationGradient(
    _ record: ConvolutionRecord, _ part: BatchPart, _ pooledGradient: Int, _ convolvedGradient: Int,
    _ coefficients: Int?
  ) throws {
    switch record.activation {
    case .separate(let activation):
      try separateGradient(
        activation, convolved: record.convolved, pooled: record.pooled, pooledGradient,
        convolvedGradient)
    case .fused(let activation):
      guard let choice = activation.choice else { return }
      let shape = activation.shape(of: part.count)
      let pooledGradient = try pooledPart(of: pooledGradient, from: part)
      let partChoice = pooledBytes(of: choice, activation, from: part)
      if let coefficients {
        try backward.append(
          .fused(
            .spread(
              shape: shape,
              source: self.part(of: record.convolved, from: part.start, part.resultFormat),
              coefficients: coefficients, pooledGradient: pooledGradient, choice: partChoice,
              sourceGradient: convolvedGradient)))
      } else {
        backward.append(
          .fused(
            .poolGradient(
              shape: shape, pooledGradient: pooledGradient, choice: partChoice,
              sourceGradient: convolvedGradient)))
      }
    }
  }

  // MARK: Convolution

  /// The gradients of one layer's weight and bias, from each part of the batch.
  private struct WeightGradientParts {
    var format: MemoryDescriptor?
    var weights: [Int] = []
    var biases: [Int] = []
    var primitives: [Int: Primitive] = [:]
  }

  /// One layer's weight as the gradients by the source of all parts want it.
  private struct WeightParts {
    var format: MemoryDescriptor?
    var weight: Int?
    var primitives: [Int: Primitive] = [:]
  }

  private mutating func weightGradient(
    _ record: ConvolutionRecord, _ part: BatchPart, _ convolvedGradient: Int,
    _ parts: inout WeightGradientParts
  ) throws {
    let shape = try weightShape(of: record.name)
    let primitive =
      try parts.primitives[part.count]
      ?? Operation.convolutionBackwardWeight(
        source: part.sourceFormat, weightGradient: parts.format ?? .any(shape),
        biasGradient: .plain([shape[0]]), resultGradient: part.resultFormat,
        forward: part.convolution)
    parts.primitives[part.count] = primitive
    let format = try primitive.format(dnnl_query_diff_weights_md)
    parts.format = format
    let (weight, bias): (Int, Int)
    if record.parts.count == 1 {
      let stored = try gradientBuffer("\(record.name).weight")
      weight = format == buffers[stored].descriptor ? stored : add(format)
      bias = try gradientBuffer("\(record.name).bias")
    } else if let first = parts.weights.first, let firstBias = parts.biases.first {
      let position = parts.weights.count
      let biasFormat = try MemoryDescriptor.plain([shape[0]])
      weight = add(format, .part(of: first, offset: position * format.byteCount))
      bias = add(biasFormat, .part(of: firstBias, offset: position * biasFormat.byteCount))
    } else {
      // The first part's gradient has room for the others' behind it.
      let count = record.parts.count
      weight = try addAlias(of: add(.bytes(count * format.byteCount)), format)
      bias = try addAlias(of: add(.plain([count, shape[0]])), .plain([shape[0]]))
    }
    parts.weights.append(weight)
    parts.biases.append(bias)
    let source = try self.part(of: record.source, from: part.start, part.sourceFormat)
    try backward.append(
      step(
        primitive,
        [
          (DNNL_ARG_SRC, source), (DNNL_ARG_DIFF_DST, convolvedGradient),
          (DNNL_ARG_DIFF_WEIGHTS, weight), (DNNL_ARG_DIFF_BIAS, bias),
        ]))
  }

  /// Appends the sums over the parts, in their order.
  private mutating func sum(_ parts: WeightGradientParts, into name: String) throws {
    guard let format = parts.format, let weight = parts.weights.first,
      let bias = parts.biases.first
    else { return }
    let stored = try gradientBuffer("\(name).weight")
    var total = weight
    let count = parts.weights.count
    if count > 1 {
      total = format == buffers[stored].descriptor ? stored : add(format)
      let storedBias = try gradientBuffer("\(name).bias")
      let width = MemoryLayout<Float>.stride
      for (part, sum) in [(weight, total), (bias, storedBias)] {
        let size = buffers[part].descriptor.byteCount / width
        backward.append(.fused(.sum(part, parts: count, size: size, into: sum)))
      }
    }
    if buffers[total].descriptor != buffers[stored].descriptor {
      try backward.append(copy(total, stored))
    }
  }

  private mutating func dataGradient(
    _ record: ConvolutionRecord, _ part: BatchPart, _ convolvedGradient: Int, sourceGradient: Int,
    _ weights: inout WeightParts
  ) throws {
    let shape = try weightShape(of: record.name)
    let primitive =
      try weights.primitives[part.count]
      ?? Operation.convolutionBackwardData(
        sourceGradient: part.sourceFormat, weight: weights.format ?? .any(shape),
        resultGradient: part.resultFormat, forward: part.convolution)
    weights.primitives[part.count] = primitive
    let weight =
      try weights.weight
      ?? self.weight(of: record.name, for: primitive, in: \.backward, chooses: false)
    weights.weight = weight
    weights.format = buffers[weight].descriptor
    try backward.append(
      step(
        primitive,
        [
          (DNNL_ARG_DIFF_DST, convolvedGradient), (DNNL_ARG_WEIGHTS, weight),
          (DNNL_ARG_DIFF_SRC, sourceGradient),
        ]))
  }

  // MARK: Sparse

  /// What the gradients are computed from without the one by the convolution's result, most of which
  /// is zero; nil where there are no kernels for it.
  private func sparseGradient(of record: ConvolutionRecord, _ pooledGradient: Int) throws
    -> FusedOperation.SparseGradient?
  {
    let weightShape = try weightShape(of: record.name)
    guard case .fused(let activation) = record.activation, activation.normalisation == nil,
      let choice = activation.choice,
      let shape = try FusedOperation.sparseShape(
        source: buffers[record.source].descriptor, weightShape: weightShape,
        result: activation.shape)
    else { return nil }
    return FusedOperation.SparseGradient(
      shape: shape, pooledGradient: pooledGradient, choice: choice)
  }

  private mutating func sparseConvolutionGradient(
    _ record: ConvolutionRecord, _ gradient: FusedOperation.SparseGradient, wantsSource: Bool
  ) throws -> Int? {
    let stored = try gradientBuffer("\(record.name).weight")
    let shape = try weightShape(of: record.name)
    let format = try MemoryDescriptor(shape, dnnl_ABcd16a16b)
    let target = add(format)
    try backward.append(
      .fused(
        .sparseWeightGradient(
          gradient, source: record.source, weightGradient: target,
          biasGradient: gradientBuffer("\(record.name).bias"))))
    try backward.append(copy(target, stored))
    guard wantsSource else { return nil }
    let weight = try reordered(parameter("\(record.name).weight"), to: format, in: \.backward)
    let sourceGradient = add(buffers[record.source].descriptor)
    backward.append(
      .fused(.sparseDataGradient(gradient, weight: weight, sourceGradient: sourceGradient)))
    return sourceGradient
  }
}
