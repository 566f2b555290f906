import CKernels
import COneDNN

// A convolution, its normalisation, ReLU and pooling. Where the convolution is ours too, the batch is
// worked on in parts, so that a part's result is still in a near cache when the next operation reads it.
extension PlanBuilder {
  /// What the backward pass of a convolution needs to know of its forward pass.
  struct ConvolutionRecord {
    let name: String
    let convolver: Convolver
    let parts: [BatchPart]
    let source: Int
    /// The result; of one part at a time where nothing reads it later.
    let convolved: Int
    let pooled: Int
    let activation: Activation
  }

  /// Who convolves.
  enum Convolver {
    /// Our kernels, by products of spectra.
    case spectral(SpectralConvolution)
    /// oneDNN, the whole batch as one part.
    case library(Primitive)
  }

  /// Some consecutive samples of the batch.
  struct BatchPart {
    let start: Int
    let count: Int
    let resultFormat: MemoryDescriptor
  }

  /// How a convolution's result is normalised, passed through a ReLU and pooled.
  enum Activation {
    /// By our kernels.
    case fused(FusedActivation)
    /// By oneDNN, one operation after another.
    case separate(SeparateActivation)
  }

  struct FusedActivation {
    /// The shape of the whole batch's result.
    let shape: fused_shape
    /// Which place pooling chose; nil in evaluation.
    let choice: Int?
    /// Batch normalisation in training.
    let normalisation: Normalisation?

    struct Normalisation {
      let name: String
      let mean: Int
      let variance: Int
      /// The value at the chosen place.
      let chosen: Int
    }

    func shape(of samples: Int) -> fused_shape {
      var part = shape
      part.samples = Int32(samples)
      return part
    }
  }

  /// Bytes of a part's result at most, if it can be: about half of what second caches hold.
  static let partSize = 420 << 10

  mutating func convolution(
    _ name: String, source: Int, isInput: Bool, shape: inout [Int], outChannels: Int,
    kernelSize: Int, normalisation: String?
  ) throws -> ConvolutionRecord {
    let sourceShape = shape
    let weightShape = [outChannels, shape[1], kernelSize, kernelSize]
    let convolvedShape = [
      batchSize, outChannels, shape[2] - kernelSize + 1, shape[3] - kernelSize + 1,
    ]
    shape = [batchSize, outChannels, convolvedShape[2] / 2, convolvedShape[3] / 2]
    let bias = try parameter("\(name).bias")
    let hasRelu = normalisation == nil
    let convolver: Convolver
    let parts: [BatchPart]
    let convolutionSource: Int
    let convolve:
      (inout PlanBuilder, BatchPart, FusedOperation.Moments?, _ result: Int) throws -> Void
    if let spectralShape = spectralShape(
      sourceShape: sourceShape, weightShape: weightShape, isInput: isInput)
    {
      parts = try spectralParts(resultShape: convolvedShape)
      let source = try reordered(
        source, to: spectralSourceFormat(spectralShape, sourceShape), in: \.forward)
      let weight = try weight(
        of: name, as: spectralWeightFormat(weightShape), in: \.forward, chooses: true)
      let spectral = try spectralConvolution(
        spectralShape, weight: weight, samplesAtOnce: parts[0].count)
      convolver = .spectral(spectral)
      convolutionSource = source
      convolve = { builder, part, moments, result in
        try builder.convolve(
          spectral, part, source: source, bias: bias, relu: hasRelu, moments: moments,
          into: result)
      }
    } else {
      let primitive = try Operation.convolutionForward(
        source: isInput ? .plain(sourceShape) : .any(sourceShape), weight: .any(weightShape),
        bias: .plain([outChannels]), result: .any(convolvedShape), relu: hasRelu)
      let source = try reordered(
        source, to: primitive.format(dnnl_query_src_md), in: \.forward)
      let weight = try weight(of: name, for: primitive, in: \.forward, chooses: true)
      parts = try [
        BatchPart(
          start: 0, count: batchSize, resultFormat: primitive.format(dnnl_query_dst_md))
      ]
      convolver = .library(primitive)
      convolutionSource = source
      convolve = { builder, _, _, result in
        try builder.forward.append(
          builder.step(
            primitive,
            [
              (DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weight), (DNNL_ARG_BIAS, bias),
              (DNNL_ARG_DST, result),
            ]))
      }
    }

    // Parts have the format of the whole.
    let wholeFormat =
      parts.count == 1 ? parts[0].resultFormat : try MemoryDescriptor(convolvedShape, dnnl_aBcd16b)
    guard let fusedShape = try FusedOperation.shape(wholeFormat, convolvedShape),
      let tag = blockedFormats.first(where: { $0.block == Int(fusedShape.block) })?.tag
    else {
      let convolved = add(wholeFormat)
      try convolve(&self, parts[0], nil, convolved)
      let (activation, pooled) = try separateActivation(
        of: convolved, shape: convolvedShape, pooledShape: shape, normalisation: normalisation)
      return ConvolutionRecord(
        name: name, convolver: convolver, parts: parts, source: convolutionSource,
        convolved: convolved, pooled: pooled, activation: .separate(activation))
    }

    let pooled = try add(MemoryDescriptor(shape, tag))
    let choice = training ? try add(.bytes(shape.reduce(1, *))) : nil
    var activation = FusedActivation(shape: fusedShape, choice: choice, normalisation: nil)
    let convolved: Int
    if let normalisation, training {
      convolved = add(wholeFormat)
      let statistics = try batchStatistics(of: normalisation, shape: convolvedShape)
      let moments = try FusedOperation.Moments(
        base: add(.plain([outChannels])), sums: add(.doubles(outChannels)),
        squares: add(.doubles(outChannels)))
      for part in parts {
        let result = try self.part(of: convolved, from: part.start, part.resultFormat)
        try convolve(&self, part, moments, result)
      }
      if case .library = convolver {
        forward.append(
          .fused(.moments(batch: fusedShape, source: convolved, moments)))
      }
      forward.append(
        .fused(
          .statistics(
            batch: fusedShape, moments, mean: statistics.mean, variance: statistics.variance)))
      let chosen = add(buffers[pooled].descriptor)
      activation = FusedActivation(
        shape: fusedShape, choice: choice,
        normalisation: FusedActivation.Normalisation(
          name: normalisation, mean: statistics.mean, variance: statistics.variance, chosen: chosen)
      )
      try forward.append(
        .fused(
          .normaliseAndPool(
            FusedOperation.Normalisation(
              shape: fusedShape, source: convolved, mean: statistics.mean,
              variance: statistics.variance, scale: parameter("\(normalisation).weight"),
              shift: parameter("\(normalisation).bias"), pooled: pooled, choice: choice,
              chosen: chosen))))
    } else {
      convolved = add(parts[0].resultFormat)
      for part in parts {
        let result = try alias(of: convolved, part.resultFormat)
        try convolve(&self, part, nil, result)
        let shape = activation.shape(of: part.count)
        let pooled = try pooledPart(of: pooled, from: part)
        let choice = choice.map { pooledBytes(of: $0, activation, from: part) }
        guard let normalisation else {
          forward.append(
            .fused(.pool(shape: shape, source: result, pooled: pooled, choice: choice)))
          continue
        }
        try forward.append(
          .fused(
            .normaliseAndPool(
              FusedOperation.Normalisation(
                shape: shape, source: result, mean: parameter("\(normalisation).running_mean"),
                variance: parameter("\(normalisation).running_var"),
                scale: parameter("\(normalisation).weight"),
                shift: parameter("\(normalisation).bias"), pooled: pooled, choice: nil, chosen: nil)
            )))
      }
    }
    return ConvolutionRecord(
      name: name, convolver: convolver, parts: parts, source: convolutionSource,
      convolved: convolved, pooled: pooled, activation: .fused(activation))
  }

  /// The buffers of a batch's mean and variance, which the running statistics follow.
  mutating func batchStatistics(of name: String, shape: [Int]) throws -> (mean: Int, variance: Int)
  {
    let mean = try add(.plain([shape[1]]))
    let variance = try add(.plain([shape[1]]))
    batchStatistics.append(
      Plan.BatchStatistics(
        mean: mean, variance: variance, runningMean: try tensor("\(name).running_mean"),
        runningVariance: try tensor("\(name).running_var"), channels: shape[1],
        valuesPerChannel: shape[0] * shape[2] * shape[3]))
    return (mean, variance)
  }

  // MARK: Parts of buffers

  /// Some samples of a buffer whose first axis is the sample.
  mutating func part(of buffer: Int, from start: Int, _ format: MemoryDescriptor) throws -> Int {
    guard format != buffers[buffer].descriptor else { return buffer }
    let bytesPerSample = buffers[buffer].descriptor.byteCount / batchSize
    return add(format, .part(of: buffer, offset: start * bytesPerSample))
  }

  /// The part of a pooled result, or of the gradient by it.
  mutating func pooledPart(of buffer: Int, from part: BatchPart) throws -> Int {
    guard part.count < batchSize else { return buffer }
    let bytesPerSample = buffers[buffer].descriptor.byteCount / batchSize
    return try add(
      .bytes(part.count * bytesPerSample), .part(of: buffer, offset: part.start * bytesPerSample))
  }

  /// The part of a buffer with one byte for each pooled value.
  mutating func pooledBytes(of buffer: Int, _ activation: FusedActivation, from part: BatchPart)
    -> Int
  {
    guard part.count < batchSize else { return buffer }
    let shape = activation.shape
    let bytesPerSample = Int(shape.channels) * Int(shape.height / 2) * Int(shape.width / 2)
    return add(
      buffers[buffer].descriptor, .part(of: buffer, offset: part.start * bytesPerSample))
  }

  /// The memory of a buffer, seen as of another shape.
  mutating func alias(of buffer: Int, _ format: MemoryDescriptor) throws -> Int {
    format == buffers[buffer].descriptor ? buffer : try addAlias(of: buffer, format)
  }
}
