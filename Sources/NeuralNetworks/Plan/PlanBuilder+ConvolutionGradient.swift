import CKernels

// The backward pass of a convolution with its normalisation, ReLU and pooling.
extension PlanBuilder {
  /// - Returns: the buffer of the gradient by the source, if wanted.
  mutating func convolutionGradient(
    _ record: ConvolutionRecord, _ gradient: Int, wantsSource: Bool
  ) throws -> Int? {
    let pooledGradient = try reordered(
      gradient, to: buffers[record.pooled].descriptor, in: \.backward)
    switch record.convolver {
    case .spectral(let spectral):
      return try spectralGradient(record, spectral, pooledGradient, wantsSource: wantsSource)
    case .library(let primitive, _):
      let convolvedGradient = add(buffers[record.convolved].descriptor)
      try activationGradient(record, pooledGradient, convolvedGradient)
      return try libraryGradient(record, primitive, convolvedGradient, wantsSource: wantsSource)
    }
  }

  // MARK: Activation

  /// Appends the gradients by a batch normalisation's scale and shift, and what the gradient by its
  /// input needs; nil without our kernels or without normalisation.
  mutating func normalisationCoefficients(
    _ record: ConvolutionRecord, _ pooledGradient: Int
  ) throws -> Int? {
    guard case .fused(let activation) = record.activation, let choice = activation.choice,
      let normalisation = activation.normalisation
    else { return nil }
    let coefficients = try add(.plain([3, Int(activation.shape.channels)]))
    try backward.append(
      .kernel(
        FusedOperation.normalisationGradients(
          FusedOperation.NormalisationGradients(
            batch: activation.shape, mean: normalisation.mean, variance: normalisation.variance,
            scale: parameter("\(normalisation.name).weight"), pooledGradient: pooledGradient,
            choice: choice, chosen: normalisation.chosen, coefficients: coefficients,
            scaleGradient: gradientBuffer("\(normalisation.name).weight"),
            shiftGradient: gradientBuffer("\(normalisation.name).bias")))))
    return coefficients
  }

  /// Appends the computation of the gradient by a convolution's result from that by the pooled one, of
  /// the whole batch.
  private mutating func activationGradient(
    _ record: ConvolutionRecord, _ pooledGradient: Int, _ convolvedGradient: Int
  ) throws {
    switch record.activation {
    case .separate(let activation):
      try separateGradient(
        activation, convolved: record.convolved, pooled: record.pooled, pooledGradient,
        convolvedGradient)
    case .fused(let activation):
      guard let choice = activation.choice else { return }
      if let coefficients = try normalisationCoefficients(record, pooledGradient) {
        backward.append(
          .kernel(
            FusedOperation.spread(
              shape: activation.shape, source: record.convolved, coefficients: coefficients,
              pooledGradient: pooledGradient, choice: choice, sourceGradient: convolvedGradient)))
      } else {
        backward.append(
          .kernel(
            FusedOperation.poolGradient(
              shape: activation.shape, pooledGradient: pooledGradient, choice: choice,
              sourceGradient: convolvedGradient)))
      }
    }
  }

  // MARK: oneDNN's convolution

  private mutating func libraryGradient(
    _ record: ConvolutionRecord, _ primitive: Primitive, _ convolvedGradient: Int, wantsSource: Bool
  ) throws -> Int? {
    let shape = try weightShape(of: record.name)
    let sourceFormat = buffers[record.source].descriptor
    let resultFormat = buffers[convolvedGradient].descriptor
    let weightPrimitive = try Operation.convolutionBackwardWeight(
      source: sourceFormat, weightGradient: .any(shape), biasGradient: .plain([shape[0]]),
      resultGradient: resultFormat, forward: primitive)
    try weightGradient(
      of: record.name, weightPrimitive, source: record.source, resultGradient: convolvedGradient)
    guard wantsSource else { return nil }
    let dataPrimitive = try Operation.convolutionBackwardData(
      sourceGradient: sourceFormat, weight: .any(shape), resultGradient: resultFormat,
      forward: primitive)
    return try dataGradient(
      of: record.name, dataPrimitive, resultGradient: convolvedGradient, sourceFormat: sourceFormat)
  }
}
