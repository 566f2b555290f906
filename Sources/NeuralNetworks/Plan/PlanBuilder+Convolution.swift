import CKernels

// A convolution, its normalisation, ReLU and pooling. If the convolution is ours too, the batch is
// worked on in parts, so that a part's result is still in a near cache when the next operation reads it.
extension PlanBuilder {
  /// What the backward pass of a convolution needs to know about its forward pass.
  struct ConvolutionRecord {
    let name: String
    let convolver: Convolver
    let parts: [BatchPart]
    let source: Int
    /// The result; of one part at a time if nothing reads it later.
    let convolved: Int
    let pooled: Int
    let activation: Activation
  }

  /// Who convolves.
  enum Convolver {
    /// Our kernels, by products of spectra.
    case spectral(SpectralConvolution)
    /// oneDNN, the whole batch as one part.
    case library(Primitive, weight: Int)
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

  /// The largest size of a part's result in bytes, if possible: about half of an L2 cache.
  static let partSize = 420 << 10

  /// A convolution of a network, in shapes.
  struct ConvolutionLayer {
    let name: String
    /// Axes (sample, channel, y, x).
    let source: [Int]
    /// Axes (out channel, in channel, y, x).
    let weight: [Int]
    /// Axes (sample, channel, y, x).
    let convolved: [Int]
    /// The same after 2×2 pooling.
    let pooled: [Int]
    /// The layer that normalises the result, if any.
    let normalisation: String?
    /// The bias's buffer.
    let bias: Int
  }

  /// Who convolves, from which buffer, in which parts.
  struct PlannedConvolution {
    let convolver: Convolver
    let source: Int
    let parts: [BatchPart]
  }

  mutating func convolution(
    _ name: String, source: Int, isInput: Bool, shape: inout [Int], outChannels: Int,
    kernelSize: Int, normalisation: String?
  ) throws -> ConvolutionRecord {
    let (height, width) = (shape[2] - kernelSize + 1, shape[3] - kernelSize + 1)
    let layer = ConvolutionLayer(
      name: name, source: shape, weight: [outChannels, shape[1], kernelSize, kernelSize],
      convolved: [batchSize, outChannels, height, width],
      pooled: [batchSize, outChannels, height / 2, width / 2], normalisation: normalisation,
      bias: try parameter("\(name).bias"))
    shape = layer.pooled
    let planned = try planned(layer, source: source, isInput: isInput)
    let parts = planned.parts
    // Parts have the format of the whole.
    let wholeFormat =
      parts.count == 1
      ? parts[0].resultFormat : try MemoryDescriptor(layer.convolved, .channelsBy16)
    func record(_ convolved: Int, _ pooled: Int, _ activation: Activation) -> ConvolutionRecord {
      ConvolutionRecord(
        name: name, convolver: planned.convolver, parts: parts, source: planned.source,
        convolved: convolved, pooled: pooled, activation: activation)
    }
    guard let fusedShape = try FusedOperation.shape(wholeFormat, layer.convolved),
      let format = blockedFormats.first(where: { $0.block == Int(fusedShape.block) })?.format
    else {
      let convolved = add(wholeFormat)
      try convolve(layer, planned, parts[0], into: convolved)
      let (activation, pooled) = try separateActivation(
        of: convolved, shape: layer.convolved, pooledShape: shape, normalisation: normalisation)
      return record(convolved, pooled, .separate(activation))
    }
    let pooled = try add(MemoryDescriptor(shape, format))
    let choice = training ? try add(.bytes(shape.reduce(1, *))) : nil
    if let normalisation, training {
      let convolved = add(wholeFormat)
      let activation = try normalisedInTraining(
        layer, planned, by: normalisation, fusedShape, convolved: convolved, pooled: pooled,
        choice: choice)
      return record(convolved, pooled, .fused(activation))
    }
    let activation = FusedActivation(shape: fusedShape, choice: choice, normalisation: nil)
    let convolved = add(parts[0].resultFormat)
    try activated(layer, planned, activation, convolved: convolved, pooled: pooled)
    return record(convolved, pooled, .fused(activation))
  }

  /// Our kernels where they can, else oneDNN.
  private mutating func planned(_ layer: ConvolutionLayer, source: Int, isInput: Bool) throws
    -> PlannedConvolution
  {
    if let spectralShape = spectralShape(
      sourceShape: layer.source, weightShape: layer.weight, isInput: isInput)
    {
      let parts = try spectralParts(resultShape: layer.convolved)
      let source = try reordered(
        source, to: spectralSourceFormat(spectralShape, layer.source), in: \.forward)
      let weight = try weight(
        of: layer.name, as: spectralWeightFormat(layer.weight), in: \.forward, chooses: true)
      let spectral = try spectralConvolution(
        spectralShape, weight: weight, samplesAtOnce: parts[0].count)
      return PlannedConvolution(convolver: .spectral(spectral), source: source, parts: parts)
    }
    let primitive = try Operation.convolutionForward(
      source: isInput ? .plain(layer.source) : .any(layer.source), weight: .any(layer.weight),
      bias: .plain([layer.convolved[1]]), result: .any(layer.convolved),
      relu: layer.normalisation == nil)
    let source = try reordered(source, to: primitive.format(.source), in: \.forward)
    let weight = try weight(of: layer.name, for: primitive, in: \.forward, chooses: true)
    let whole = try BatchPart(
      start: 0, count: batchSize, resultFormat: primitive.format(.result))
    return PlannedConvolution(
      convolver: .library(primitive, weight: weight), source: source, parts: [whole])
  }

  /// Convolves a part of the batch, with a ReLU unless the result is normalised.
  /// - Parameter moments: where our kernels leave the sums that the batch's statistics are made of.
  private mutating func convolve(
    _ layer: ConvolutionLayer, _ planned: PlannedConvolution, _ part: BatchPart,
    moments: FusedOperation.Moments? = nil, into result: Int
  ) throws {
    switch planned.convolver {
    case .spectral(let spectral):
      try convolve(
        spectral, part, source: planned.source, bias: layer.bias, relu: layer.normalisation == nil,
        moments: moments, into: result)
    case .library(let primitive, let weight):
      try forward.append(
        step(
          primitive,
          [
            (.source, planned.source), (.weights, weight), (.bias, layer.bias), (.result, result),
          ]))
    }
  }

  /// Batch normalisation by the batch's own statistics, which take all parts before the first is normalised.
  private mutating func normalisedInTraining(
    _ layer: ConvolutionLayer, _ planned: PlannedConvolution, by normalisation: String,
    _ shape: fused_shape, convolved: Int, pooled: Int, choice: Int?
  ) throws -> FusedActivation {
    let statistics = try batchStatistics(of: normalisation, shape: layer.convolved)
    let channels = layer.convolved[1]
    let moments = try FusedOperation.Moments(
      base: add(.plain([channels])), sums: add(.doubles(channels)),
      squares: add(.doubles(channels)))
    for part in planned.parts {
      let result = try self.part(of: convolved, from: part.start, part.resultFormat)
      try convolve(layer, planned, part, moments: moments, into: result)
    }
    if case .library = planned.convolver {
      forward.append(.kernel(FusedOperation.moments(batch: shape, source: convolved, moments)))
    }
    forward.append(
      .kernel(
        FusedOperation.statistics(
          batch: shape, moments, mean: statistics.mean, variance: statistics.variance)))
    let chosen = add(buffers[pooled].descriptor)
    try forward.append(
      .kernel(
        FusedOperation.normaliseAndPool(
          FusedOperation.Normalisation(
            shape: shape, source: convolved, mean: statistics.mean,
            variance: statistics.variance, scale: parameter("\(normalisation).weight"),
            shift: parameter("\(normalisation).bias"), pooled: pooled, choice: choice,
            chosen: chosen))))
    return FusedActivation(
      shape: shape, choice: choice,
      normalisation: FusedActivation.Normalisation(
        name: normalisation, mean: statistics.mean, variance: statistics.variance, chosen: chosen))
  }

  /// Part by part: convolution, then pooling, with normalisation by the running statistics if there is any.
  private mutating func activated(
    _ layer: ConvolutionLayer, _ planned: PlannedConvolution, _ activation: FusedActivation,
    convolved: Int, pooled: Int
  ) throws {
    for part in planned.parts {
      let result = try alias(of: convolved, part.resultFormat)
      try convolve(layer, planned, part, into: result)
      let shape = activation.shape(of: part.count)
      let pooled = try pooledPart(of: pooled, from: part)
      let choice = activation.choice.map { pooledBytes(of: $0, activation, from: part) }
      guard let normalisation = layer.normalisation else {
        forward.append(
          .kernel(FusedOperation.pool(shape: shape, source: result, pooled: pooled, choice: choice))
        )
        continue
      }
      try forward.append(
        .kernel(
          FusedOperation.normaliseAndPool(
            FusedOperation.Normalisation(
              shape: shape, source: result, mean: parameter("\(normalisation).running_mean"),
              variance: parameter("\(normalisation).running_var"),
              scale: parameter("\(normalisation).weight"),
              shift: parameter("\(normalisation).bias"), pooled: pooled, choice: nil, chosen: nil)
          )))
    }
  }

  /// The buffers of a batch's mean and variance, which the running statistics follow.
  /// - Parameter room: numbers in each, where kernels want more than one for each channel.
  mutating func batchStatistics(of name: String, shape: [Int], room: Int? = nil) throws -> (
    mean: Int, variance: Int
  ) {
    let mean = try add(.plain([room ?? shape[1]]))
    let variance = try add(.plain([room ?? shape[1]]))
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
