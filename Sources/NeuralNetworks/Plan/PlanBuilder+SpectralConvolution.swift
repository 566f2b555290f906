import CKernels

// Convolutions as products of spectra: four times as fast as oneDNN's where kernels are 5×5 and
// channels fill vectors.
extension PlanBuilder {
  /// Where the spectra of a convolution are.
  struct SpectralConvolution {
    /// The size for the whole batch.
    let shape: spectral_shape
    /// In training all samples', in evaluation one part's at a time.
    let sourceSpectra: Int
    let weightSpectra: Int
    let scratch: Int

    func shape(of samples: Int) -> spectral_shape {
      var part = shape
      part.samples = Int32(samples)
      return part
    }
  }

  private static let group = Int(SPECTRAL_GROUP)

  /// What the kernels need to know about a convolution; nil if they do not support it or the processor.
  /// - Parameters:
  ///   - sourceShape: axes (sample, channel, y, x).
  ///   - weightShape: axes (out channel, in channel, kernel y, kernel x).
  ///   - isInput: the source is the images, by which there is no gradient.
  func spectralShape(sourceShape: [Int], weightShape: [Int], isInput: Bool) -> spectral_shape? {
    let (outChannels, inChannels) = (weightShape[0], weightShape[1])
    guard vectorWidth > 0, Array(weightShape[2...]) == [5, 5],
      outChannels.isMultiple(of: 16), outChannels <= Int(FUSED_MAXIMUM_CHANNELS),
      inChannels.isMultiple(of: 16) || (inChannels < 16 && isInput),
      (sourceShape + [outChannels]).reduce(1, *) <= Int32.max
    else { return nil }
    return spectral_shape(
      samples: Int32(sourceShape[0]), in_channels: Int32(inChannels),
      out_channels: Int32(outChannels), out_height: Int32(sourceShape[2] - 4),
      out_width: Int32(sourceShape[3] - 4), vector_width: vectorWidth)
  }

  /// The formats that the kernels want: channels, or samples where channels are few, in blocks of 16.
  /// - Parameter sourceShape: axes (sample, channel, y, x).
  func spectralSourceFormat(_ shape: spectral_shape, _ sourceShape: [Int]) throws
    -> MemoryDescriptor
  {
    try MemoryDescriptor(sourceShape, shape.in_channels < 16 ? .firstBy16 : .channelsBy16)
  }

  /// - Parameter weightShape: axes (out channel, in channel, kernel y, kernel x).
  func spectralWeightFormat(_ weightShape: [Int]) throws -> MemoryDescriptor {
    try MemoryDescriptor(weightShape, weightShape[1] < 16 ? .firstBy16 : .channelPairsBy16)
  }

  /// Appends the transform of the weights, which are in the format that the kernels need.
  mutating func spectralConvolution(
    _ shape: spectral_shape, weight: Int, samplesAtOnce: Int
  ) throws -> SpectralConvolution {
    var (whole, kept) = (shape, shape)
    if !training { kept.samples = Int32(samplesAtOnce) }
    let spectral = try SpectralConvolution(
      shape: shape, sourceSpectra: add(.floats(spectral_source_count(&kept))),
      weightSpectra: add(.floats(spectral_weight_count(&whole))),
      scratch: sharedScratch(spectral_scratch_count(&whole)))
    forward.append(
      .kernel(
        SpectralOperation.transformWeights(
          shape: shape, weight: weight, spectra: spectral.weightSpectra)))
    return spectral
  }

  /// Room to work in for all convolutions: they run one after another.
  mutating func sharedScratch(_ count: Int) throws -> Int {
    guard let scratch = convolutionScratch else {
      let scratch = try add(.floats(count))
      convolutionScratch = scratch
      return scratch
    }
    if try MemoryDescriptor.floats(count).byteCount > buffers[scratch].descriptor.byteCount {
      buffers[scratch] = try Plan.Buffer(descriptor: .floats(count), storage: .workspace)
    }
    return scratch
  }

  /// The batch in parts of whole groups of samples, as the kernels want them.
  func spectralParts(resultShape: [Int]) throws -> [BatchPart] {
    let resultSize = resultShape[1...].reduce(MemoryLayout<Float>.size, *)
    let most = max(1, Self.partSize / (Self.group * resultSize)) * Self.group
    return try stride(from: 0, to: batchSize, by: most).map { start in
      let count = min(most, batchSize - start)
      return try BatchPart(
        start: start, count: count,
        resultFormat: MemoryDescriptor([count] + resultShape[1...], .channelsBy16))
    }
  }

  /// Appends the forward pass of one part.
  mutating func convolve(
    _ spectral: SpectralConvolution, _ part: BatchPart, source: Int, bias: Int, relu: Bool,
    moments: FusedOperation.Moments?, into result: Int
  ) throws {
    try forward.append(
      .kernel(
        SpectralOperation.forward(
          SpectralOperation.Forward(
            shape: spectral.shape(of: part.count),
            source: sourcePart(of: source, spectral, part),
            weightSpectra: spectral.weightSpectra, bias: bias, relu: relu,
            moments: moments, isFirst: part.start == 0,
            sourceSpectra: sourceSpectra(spectral, part), scratch: spectral.scratch, result: result)
        )))
  }

  /// A part of the source, or of the gradient by it. (Blocks of samples may be padded: sizes come from
  /// the shape.)
  private mutating func sourcePart(
    of buffer: Int, _ spectral: SpectralConvolution, _ part: BatchPart
  ) throws -> Int {
    guard part.start > 0 else { return buffer }
    let shape = spectral.shape
    let size = Int(shape.in_channels) * Int(shape.out_height + 4) * Int(shape.out_width + 4)
    return try add(
      .floats(part.count * size),
      .part(of: buffer, offset: part.start * size * MemoryLayout<Float>.size))
  }

  private mutating func sourceSpectra(_ spectral: SpectralConvolution, _ part: BatchPart) -> Int {
    guard training, part.start > 0 else { return spectral.sourceSpectra }
    var before = spectral.shape(of: part.start)
    let offset = spectral_source_count(&before) * MemoryLayout<Float>.size
    return add(
      buffers[spectral.sourceSpectra].descriptor, .part(of: spectral.sourceSpectra, offset: offset))
  }

  /// Appends the gradients of a convolution.
  /// - Returns: the buffer of the gradient by the source, if wanted.
  mutating func spectralGradient(
    _ record: ConvolutionRecord, _ spectral: SpectralConvolution, _ pooledGradient: Int,
    wantsSource: Bool
  ) throws -> Int? {
    guard case .fused(let activation) = record.activation, let choice = activation.choice else {
      throw OneDNNError(operation: "planning the gradient of \(record.name)", status: 0)
    }
    let weightShape = try weightShape(of: record.name)
    let coefficients = try normalisationCoefficients(record, pooledGradient)
    let gradientSpectra = add(buffers[spectral.weightSpectra].descriptor)
    let biasGradient = try gradientBuffer("\(record.name).bias")
    var sourceGradient: Int?
    if wantsSource {
      let weight = try weight(
        of: record.name, as: spectralWeightFormat(weightShape), in: \.backward, chooses: false)
      // Replaces the spectra of the forward pass, which has ended.
      backward.append(
        .kernel(
          SpectralOperation.transformTransposedWeights(
            shape: spectral.shape, weight: weight, spectra: spectral.weightSpectra)))
      sourceGradient = add(buffers[record.source].descriptor)
    }
    for part in record.parts {
      let partGradient = try sourceGradient.map { try sourcePart(of: $0, spectral, part) }
      let upstream = try SpectralOperation.Upstream(
        pooledGradient: pooledPart(of: pooledGradient, from: part),
        choice: pooledBytes(of: choice, activation, from: part),
        normalisation: coefficients.map {
          (
            result: try self.part(of: record.convolved, from: part.start, part.resultFormat),
            coefficients: $0
          )
        })
      backward.append(
        .kernel(
          SpectralOperation.backward(
            SpectralOperation.Backward(
              shape: spectral.shape(of: part.count), upstream: upstream,
              sourceSpectra: sourceSpectra(spectral, part),
              transposedSpectra: wantsSource ? spectral.weightSpectra : nil,
              isFirst: part.start == 0, gradientSpectra: gradientSpectra,
              biasGradient: biasGradient, scratch: spectral.scratch, sourceGradient: partGradient))
        ))
    }
    let stored = try gradientBuffer("\(record.name).weight")
    let format = try spectralWeightFormat(weightShape)
    let target = format == buffers[stored].descriptor ? stored : add(format)
    backward.append(
      .kernel(
        SpectralOperation.weightGradient(
          shape: spectral.shape, spectra: gradientSpectra, weightGradient: target)))
    if target != stored { try backward.append(copy(target, stored)) }
    return sourceGradient
  }
}
