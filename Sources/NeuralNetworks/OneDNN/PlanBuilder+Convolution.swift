import CFusedKernels
import COneDNN

// A convolution, its normalisation, ReLU and pooling. Where our kernels do what follows the
// convolution, the batch is worked on in parts, so that a part's result is still in the second cache
// when the next operation reads it.
extension PlanBuilder {
  /// What the backward pass of a convolution needs to know of its forward pass.
  struct ConvolutionRecord {
    let name: String
    let parts: [BatchPart]
    let source: Int
    /// The result; of one part at a time where nothing reads it later.
    let convolved: Int
    let pooled: Int
    let activation: Activation
  }

  /// Some consecutive samples of the batch.
  struct BatchPart {
    let start: Int
    let count: Int
    let convolution: Primitive
    let sourceFormat: MemoryDescriptor
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

  /// Bytes of a part's result at most: about half of what second caches hold.
  private static let partSize = 420 << 10

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
    let whole = try Operation.convolutionForward(
      source: isInput ? .plain(sourceShape) : .any(sourceShape), weight: .any(weightShape),
      bias: .plain([outChannels]), result: .any(convolvedShape), relu: normalisation == nil)
    let source = try reordered(source, to: whole.format(dnnl_query_src_md), in: \.forward)
    let weight = try weight(of: name, for: whole, in: \.forward, chooses: true)
    let bias = try parameter("\(name).bias")
    let resultFormat = try whole.format(dnnl_query_dst_md)

    func convolve(_ part: BatchPart, into result: Int) throws {
      let source = try self.part(of: source, from: part.start, part.sourceFormat)
      try forward.append(
        step(
          part.convolution,
          [
            (DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weight), (DNNL_ARG_BIAS, bias),
            (DNNL_ARG_DST, result),
          ]))
    }

    guard let fusedShape = try FusedOperation.shape(resultFormat, convolvedShape),
      let tag = blockedFormats.first(where: { $0.block == Int(fusedShape.block) })?.tag
    else {
      let part = try BatchPart(
        start: 0, count: batchSize, convolution: whole,
        sourceFormat: whole.format(dnnl_query_src_md), resultFormat: resultFormat)
      let convolved = add(resultFormat)
      try convolve(part, into: convolved)
      let (activation, pooled) = try separateActivation(
        of: convolved, shape: convolvedShape, pooledShape: shape, normalisation: normalisation)
      return ConvolutionRecord(
        name: name, parts: [part], source: source, convolved: convolved, pooled: pooled,
        activation: .separate(activation))
    }

    let parts = try parts(
      of: whole, sourceShape: sourceShape, resultShape: convolvedShape, relu: normalisation == nil)
    let pooled = try add(MemoryDescriptor(shape, tag))
    let choice = training ? try add(.bytes(shape.reduce(1, *))) : nil
    var activation = FusedActivation(shape: fusedShape, choice: choice, normalisation: nil)
    let convolved: Int
    if let normalisation, training {
      convolved = add(resultFormat)
      let statistics = try batchStatistics(of: normalisation, shape: convolvedShape)
      let moments = try FusedOperation.Moments(
        base: add(.plain([outChannels])), sums: add(.doubles(outChannels)),
        squares: add(.doubles(outChannels)))
      for part in parts {
        let result = try self.part(of: convolved, from: part.start, part.resultFormat)
        try convolve(part, into: result)
        forward.append(
          .fused(
            .addMoments(
              shape: activation.shape(of: part.count), source: result, isFirst: part.start == 0,
              moments)))
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
        try convolve(part, into: result)
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
      name: name, parts: parts, source: source, convolved: convolved, pooled: pooled,
      activation: .fused(activation))
  }

  /// The batch in parts, in the formats of the whole.
  private func parts(
    of whole: Primitive, sourceShape: [Int], resultShape: [Int], relu: Bool
  ) throws -> [BatchPart] {
    let sourceFormat = try whole.format(dnnl_query_src_md)
    let resultFormat = try whole.format(dnnl_query_dst_md)
    let tags = [dnnl_abcd] + blockedFormats.map(\.tag)
    func tag(_ format: MemoryDescriptor, _ shape: [Int]) throws -> dnnl_format_tag_t? {
      try tags.first { try MemoryDescriptor(shape, $0) == format }
    }
    // Parts of nearly the same size.
    let count = (resultFormat.byteCount + Self.partSize - 1) / Self.partSize
    let most = (batchSize + count - 1) / max(1, count)
    guard most < batchSize, let sourceTag = try tag(sourceFormat, sourceShape),
      let resultTag = try tag(resultFormat, resultShape)
    else {
      return [
        BatchPart(
          start: 0, count: batchSize, convolution: whole, sourceFormat: sourceFormat,
          resultFormat: resultFormat)
      ]
    }
    var primitives: [Int: Primitive] = [:]
    return try stride(from: 0, to: batchSize, by: most).map { start in
      let count = min(most, batchSize - start)
      let source = try MemoryDescriptor([count] + sourceShape[1...], sourceTag)
      let result = try MemoryDescriptor([count] + resultShape[1...], resultTag)
      let primitive =
        try primitives[count]
        ?? Operation.convolutionForward(
          source: source, weight: whole.format(dnnl_query_weights_md),
          bias: .plain([resultShape[1]]), result: result, relu: relu)
      primitives[count] = primitive
      return BatchPart(
        start: start, count: count, convolution: primitive, sourceFormat: source,
        resultFormat: result)
    }
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
