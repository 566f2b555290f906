import CKernels

/// Turns an architecture and a batch size into a `Plan`.
struct PlanBuilder {
  let architecture: Architecture
  let layout: ParameterLayout
  let batchSize: Int
  let training: Bool
  /// Bits of the vectors of our kernels for convolutions and fully connected layers; 0 for none.
  let vectorWidth: Int32

  var buffers: [Plan.Buffer] = []
  var forward: [Plan.Step] = []
  var backward: [Plan.Step] = []
  var batchStatistics: [Plan.BatchStatistics] = []
  var dropouts: [DropoutFactors] = []
  var formats: ParameterFormats
  /// Whether oneDNN still chooses the formats of the parameters.
  let choosesFormats: Bool
  var tensorIndex: [String: Int] = [:]
  /// Where our convolutions work.
  var convolutionScratch: Int?

  /// - Parameter formats: the formats in which the network holds its parameters; nil lets this plan
  ///   choose them.
  init(
    architecture: Architecture, layout: ParameterLayout, batchSize: Int, training: Bool,
    kernels: KernelChoice, formats: ParameterFormats?
  ) throws {
    self.architecture = architecture
    self.layout = layout
    self.batchSize = batchSize
    self.training = training
    vectorWidth =
      switch kernels {
      case .fastest: widest_vectors()
      case .narrow: min(256, widest_vectors())
      case .library: 0
      }
    choosesFormats = formats == nil
    self.formats =
      try formats
      ?? ParameterFormats(tensors: layout.tensors.map { try MemoryDescriptor.plain($0.shape) })
    var index = 0
    for layer in layout.layers {
      for tensor in layer.tensors {
        tensorIndex["\(layer.name).\(tensor.name)"] = index
        index += 1
      }
    }
  }

  /// Builds the plan. Throws `OneDNNError` if the library cannot do an operation, and `ArchitectureError` if the processor
  /// has no vectors for a block.
  mutating func build() throws -> Plan {
    let shape = [
      batchSize, architecture.inputChannels, architecture.inputHeight, architecture.inputWidth,
    ]
    let input = try add(inputFormat(shape))
    let (records, end) = try chain(
      architecture.blocks, from: Values(buffer: input, shape: shape, isInput: true))
    guard training else { return Plan(self, input: input, logits: end.buffer, logitsGradient: nil) }
    let logitsGradient = try add(.plain(end.shape))
    _ = try chainGradient(records, logitsGradient, wantsSource: false)
    return Plan(self, input: input, logits: end.buffer, logitsGradient: logitsGradient)
  }

  /// The format of the images: in blocks of samples if the first convolution wants them so.
  private func inputFormat(_ shape: [Int]) throws -> MemoryDescriptor {
    guard let first = pooledConvolution(architecture.blocks[...], shape: shape, isInput: true),
      let spectral = first.spectral
    else { return try .plain(shape) }
    let format = try spectralSourceFormat(spectral, shape)
    return try format == MemoryDescriptor(shape, .firstBy16) ? format : .plain(shape)
  }

  /// Whether a buffer of images is stored in blocks of 16 samples.
  func hasSampleBlocks(_ buffer: Int) -> Bool {
    let format = buffers[buffer].descriptor
    return (try? format == MemoryDescriptor(format.dimensions, .firstBy16)) ?? false
  }

  // MARK: oneDNN's gradients

  /// Replaces the gradient by a ReLU's result with the gradient by its input, in place.
  mutating func reluGradient(result: Int, _ gradient: Int) throws {
    let primitive = try Operation.reluBackward(data: buffers[gradient].descriptor)
    try backward.append(
      step(
        primitive,
        [(.result, result), (.resultGradient, gradient), (.sourceGradient, gradient)]))
  }

  /// Appends the computation of a layer's weight and bias gradients.
  mutating func weightGradient(
    of name: String, _ primitive: Primitive, source: Int, resultGradient: Int
  ) throws {
    let stored = try gradientBuffer("\(name).weight")
    let format = try primitive.format(.weightsGradient)
    let target = format == buffers[stored].descriptor ? stored : add(format)
    try backward.append(
      step(
        primitive,
        [
          (.source, source), (.resultGradient, resultGradient),
          (.weightsGradient, target),
          (.biasGradient, gradientBuffer("\(name).bias")),
        ]))
    if target != stored { try backward.append(copy(target, stored)) }
  }

  /// Appends the computation of the gradient by a layer's source.
  /// - Returns: its buffer.
  mutating func dataGradient(
    of name: String, _ primitive: Primitive, resultGradient: Int, sourceFormat: MemoryDescriptor
  ) throws -> Int {
    let weight = try weight(of: name, for: primitive, in: \.backward, chooses: false)
    let sourceGradient = add(sourceFormat)
    try backward.append(
      step(
        primitive,
        [
          (.resultGradient, resultGradient), (.weights, weight),
          (.sourceGradient, sourceGradient),
        ]))
    return sourceGradient
  }
}
