import CFusedKernels
import COneDNN

/// Turns an architecture and a batch size into a `Plan`.
struct PlanBuilder {
  let architecture: Architecture
  let layout: ParameterLayout
  let batchSize: Int
  let training: Bool

  var buffers: [Plan.Buffer] = []
  var forward: [Plan.Step] = []
  var backward: [Plan.Step] = []
  var batchStatistics: [Plan.BatchStatistics] = []
  var formats: ParameterFormats
  /// Whether oneDNN still chooses the formats of the parameters.
  let choosesFormats: Bool
  var tensorIndex: [String: Int] = [:]

  /// What the backward pass of a block needs to know of its forward pass.
  private enum Record {
    case convolution(ConvolutionRecord)
    case fullyConnected(FullyConnectedRecord)
  }

  private struct ConvolutionRecord {
    let name: String
    let convolution: Primitive
    let source: Int
    let convolved: Int
    let pooled: Int
    let activation: Activation
  }

  /// How a convolution's result is normalised, passed through a ReLU and pooled.
  private enum Activation {
    /// In one pass of ours, with batch normalisation.
    case fusedNormalisation(name: String, FusedOperation.Normalisation)
    /// In one pass of ours, the ReLU being the convolution's.
    case fusedPooling(fused_shape, choice: Int?)
    /// By oneDNN, one operation after another.
    case separate(SeparateActivation)
  }

  private struct SeparateActivation {
    let normalisation: NormalisationRecord?
    let activated: Int
    let pooling: Primitive
    let poolingWorkspace: Int?
  }

  private struct NormalisationRecord {
    let name: String
    let primitive: Primitive
    let mean: Int
    let variance: Int
    let workspace: Int?
  }

  private struct FullyConnectedRecord {
    let name: String
    let primitive: Primitive
    let source: Int
    let result: Int
    let relu: Bool
  }

  /// - Parameter formats: the formats in which the network holds its parameters; nil lets this plan
  ///   choose them.
  init(
    architecture: Architecture, layout: ParameterLayout, batchSize: Int, training: Bool,
    formats: ParameterFormats?
  ) throws {
    self.architecture = architecture
    self.layout = layout
    self.batchSize = batchSize
    self.training = training
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

  /// Builds the plan. Throws `OneDNNError` if the library cannot do an operation.
  mutating func build() throws -> Plan {
    let inputFormat = try MemoryDescriptor.plain([
      batchSize, architecture.inputChannels, architecture.inputHeight, architecture.inputWidth,
    ])
    let input = add(inputFormat)
    var records: [Record] = []
    var shape = [
      batchSize, architecture.inputChannels, architecture.inputHeight, architecture.inputWidth,
    ]
    var current = input
    /// The last spatial buffer and its row-major twin, where the chain becomes two-dimensional.
    var flattening: (pooled: Int, shape: [Int])?
    for block in architecture.blocks {
      switch block {
      case .convolution(let name, let outChannels, let kernelSize, let normalisation):
        let record = try convolution(
          name, source: current, isInput: current == input, shape: &shape,
          outChannels: outChannels, kernelSize: kernelSize, normalisation: normalisation)
        current = record.pooled
        records.append(.convolution(record))
      case .fullyConnected(let name, let outFeatures, let relu):
        if shape.count > 2 {
          flattening = (current, shape)
          let rowMajor = try reordered(current, to: .plain(shape), in: \.forward)
          shape = [batchSize, shape.dropFirst().reduce(1, *)]
          current = try addAlias(of: rowMajor, .plain(shape))
        }
        let record = try fullyConnected(
          name, source: current, inFeatures: shape[1], outFeatures: outFeatures, relu: relu)
        shape = [batchSize, outFeatures]
        current = record.result
        records.append(.fullyConnected(record))
      }
    }
    guard training else { return Plan(self, input: input, logits: current, logitsGradient: nil) }

    let logitsGradient = try add(.plain(shape))
    var gradient = logitsGradient
    for (position, record) in records.enumerated().reversed() {
      let isFirst = position == 0
      switch record {
      case .fullyConnected(let record):
        guard let next = try fullyConnectedGradient(record, gradient, wantsSource: !isFirst) else {
          continue
        }
        gradient = next
        if position > 0, case .convolution = records[position - 1], let flattening {
          gradient = try addAlias(of: gradient, .plain(flattening.shape))
        }
      case .convolution(let record):
        gradient = try convolutionGradient(record, gradient, wantsSource: !isFirst)
      }
    }
    return Plan(self, input: input, logits: current, logitsGradient: logitsGradient)
  }

  // MARK: Forward

  private mutating func convolution(
    _ name: String, source: Int, isInput: Bool, shape: inout [Int], outChannels: Int,
    kernelSize: Int, normalisation: String?
  ) throws -> ConvolutionRecord {
    let weightShape = [outChannels, shape[1], kernelSize, kernelSize]
    let convolvedShape = [
      batchSize, outChannels, shape[2] - kernelSize + 1, shape[3] - kernelSize + 1,
    ]
    let primitive = try Operation.convolutionForward(
      source: isInput ? .plain(shape) : .any(shape), weight: .any(weightShape),
      bias: .plain([outChannels]), result: .any(convolvedShape), relu: normalisation == nil)
    let source = try reordered(source, to: primitive.format(dnnl_query_src_md), in: \.forward)
    let convolved = try add(primitive.format(dnnl_query_dst_md))
    let weight = try weight(of: name, for: primitive, in: \.forward, chooses: true)
    try forward.append(
      step(
        primitive,
        [
          (DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weight),
          (DNNL_ARG_BIAS, parameter("\(name).bias")), (DNNL_ARG_DST, convolved),
        ]))

    shape = [batchSize, outChannels, convolvedShape[2] / 2, convolvedShape[3] / 2]
    let (activation, pooled) = try activation(
      of: convolved, shape: convolvedShape, pooledShape: shape, normalisation: normalisation)
    return ConvolutionRecord(
      name: name, convolution: primitive, source: source, convolved: convolved, pooled: pooled,
      activation: activation)
  }

  private mutating func activation(
    of convolved: Int, shape: [Int], pooledShape: [Int], normalisation: String?
  ) throws -> (Activation, pooled: Int) {
    let format = buffers[convolved].descriptor
    guard let fused = try FusedOperation.shape(format, shape),
      let tag = blockedFormats.first(where: { $0.block == Int(fused.block) })?.tag
    else {
      return try separateActivation(
        of: convolved, shape: shape, pooledShape: pooledShape, normalisation: normalisation)
    }
    let pooled = try add(MemoryDescriptor(pooledShape, tag))
    let choice = training ? try add(.bytes(pooledShape.reduce(1, *))) : nil
    guard let normalisation else {
      forward.append(.fused(.pool(shape: fused, source: convolved, pooled: pooled, choice: choice)))
      return (.fusedPooling(fused, choice: choice), pooled)
    }
    let (mean, variance) = try statistics(of: normalisation, shape: shape)
    let operation = try FusedOperation.Normalisation(
      shape: fused, source: convolved, mean: mean, variance: variance,
      scale: parameter("\(normalisation).weight"), shift: parameter("\(normalisation).bias"),
      pooled: pooled, choice: choice)
    forward.append(.fused(.normaliseAndPool(operation)))
    return (.fusedNormalisation(name: normalisation, operation), pooled)
  }

  private mutating func separateActivation(
    of convolved: Int, shape: [Int], pooledShape: [Int], normalisation: String?
  ) throws -> (Activation, pooled: Int) {
    var activated = convolved
    var normalisationRecord: NormalisationRecord?
    if let normalisation {
      (activated, normalisationRecord) = try batchNormalisation(
        normalisation, source: convolved, shape: shape)
    }
    let pooling = try Operation.maxPoolingForward(
      source: buffers[activated].descriptor, result: .any(pooledShape), training: training)
    let pooled = try add(pooling.format(dnnl_query_dst_md))
    var arguments = [(DNNL_ARG_SRC, activated), (DNNL_ARG_DST, pooled)]
    let workspace = training ? try add(pooling.format(dnnl_query_workspace_md)) : nil
    if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
    try forward.append(step(pooling, arguments))
    let activation = SeparateActivation(
      normalisation: normalisationRecord, activated: activated, pooling: pooling,
      poolingWorkspace: workspace)
    return (.separate(activation), pooled)
  }

  /// The buffers of the mean and variance that a layer normalises by: the batch's in training, the
  /// running ones in evaluation.
  private mutating func statistics(of name: String, shape: [Int]) throws -> (
    mean: Int, variance: Int
  ) {
    guard training else {
      return (
        try parameter("\(name).running_mean"), try parameter("\(name).running_var")
      )
    }
    let mean = try add(.plain([shape[1]]))
    let variance = try add(.plain([shape[1]]))
    batchStatistics.append(
      Plan.BatchStatistics(
        mean: mean, variance: variance, runningMean: try tensor("\(name).running_mean"),
        runningVariance: try tensor("\(name).running_var"), channels: shape[1],
        valuesPerChannel: shape[0] * shape[2] * shape[3]))
    return (mean, variance)
  }

  private mutating func batchNormalisation(_ name: String, source: Int, shape: [Int]) throws -> (
    activated: Int, record: NormalisationRecord
  ) {
    let format = buffers[source].descriptor
    let primitive = try Operation.batchNormalisationForward(data: format, training: training)
    let activated = add(format)
    let (mean, variance) = try statistics(of: name, shape: shape)
    let workspace = training ? try add(primitive.format(dnnl_query_workspace_md)) : nil
    var arguments = try [
      (DNNL_ARG_SRC, source), (DNNL_ARG_DST, activated), (DNNL_ARG_MEAN, mean),
      (DNNL_ARG_VARIANCE, variance), (DNNL_ARG_SCALE, parameter("\(name).weight")),
      (DNNL_ARG_SHIFT, parameter("\(name).bias")),
    ]
    if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
    try forward.append(step(primitive, arguments))
    return (
      activated,
      NormalisationRecord(
        name: name, primitive: primitive, mean: mean, variance: variance, workspace: workspace)
    )
  }

  private mutating func fullyConnected(
    _ name: String, source: Int, inFeatures: Int, outFeatures: Int, relu: Bool
  ) throws -> FullyConnectedRecord {
    let primitive = try Operation.fullyConnectedForward(
      source: .plain([batchSize, inFeatures]), weight: .any([outFeatures, inFeatures]),
      bias: .plain([outFeatures]), result: .plain([batchSize, outFeatures]), relu: relu,
      training: training)
    let result = try add(primitive.format(dnnl_query_dst_md))
    let weight = try weight(of: name, for: primitive, in: \.forward, chooses: true)
    try forward.append(
      step(
        primitive,
        [
          (DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weight),
          (DNNL_ARG_BIAS, parameter("\(name).bias")), (DNNL_ARG_DST, result),
        ]))
    return FullyConnectedRecord(
      name: name, primitive: primitive, source: source, result: result, relu: relu)
  }

  // MARK: Backward

  /// - Returns: the buffer of the gradient by the source, if wanted.
  private mutating func fullyConnectedGradient(
    _ record: FullyConnectedRecord, _ gradient: Int, wantsSource: Bool
  ) throws -> Int? {
    let resultFormat = buffers[gradient].descriptor
    let sourceFormat = buffers[record.source].descriptor
    if record.relu { try reluGradient(result: record.result, gradient) }
    let weightShape = layout.tensors[try tensor("\(record.name).weight")].shape
    let weightPrimitive = try Operation.fullyConnectedBackwardWeight(
      source: sourceFormat, weightGradient: .any(weightShape),
      biasGradient: .plain([weightShape[0]]), resultGradient: resultFormat,
      forward: record.primitive)
    try weightGradient(
      of: record.name, weightPrimitive, source: record.source, resultGradient: gradient)
    guard wantsSource else { return nil }
    let primitive = try Operation.fullyConnectedBackwardData(
      sourceGradient: sourceFormat, weight: .any(weightShape), resultGradient: resultFormat,
      forward: record.primitive)
    let weight = try weight(of: record.name, for: primitive, in: \.backward, chooses: false)
    let sourceGradient = add(sourceFormat)
    try backward.append(
      step(
        primitive,
        [
          (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_WEIGHTS, weight),
          (DNNL_ARG_DIFF_SRC, sourceGradient),
        ]))
    return sourceGradient
  }

  /// - Returns: the buffer of the gradient by the source; if not wanted, by the convolution's result.
  private mutating func convolutionGradient(
    _ record: ConvolutionRecord, _ gradient: Int, wantsSource: Bool
  ) throws -> Int {
    let convolvedFormat = buffers[record.convolved].descriptor
    let pooledGradient = try reordered(
      gradient, to: buffers[record.pooled].descriptor, in: \.backward)
    if let sourceGradient = try sparseGradient(record, pooledGradient, wantsSource: wantsSource) {
      return sourceGradient
    }
    var convolvedGradient = add(convolvedFormat)
    try activationGradient(record, pooledGradient, convolvedGradient)

    let weightShape = layout.tensors[try tensor("\(record.name).weight")].shape
    let sourceFormat = buffers[record.source].descriptor
    let weightPrimitive = try Operation.convolutionBackwardWeight(
      source: sourceFormat, weightGradient: .any(weightShape),
      biasGradient: .plain([weightShape[0]]), resultGradient: convolvedFormat,
      forward: record.convolution)
    try weightGradient(
      of: record.name, weightPrimitive, source: record.source, resultGradient: convolvedGradient)
    guard wantsSource else { return convolvedGradient }
    let primitive = try Operation.convolutionBackwardData(
      sourceGradient: sourceFormat, weight: .any(weightShape), resultGradient: convolvedFormat,
      forward: record.convolution)
    convolvedGradient = try reordered(
      convolvedGradient, to: primitive.format(dnnl_query_diff_dst_md), in: \.backward)
    let weight = try weight(of: record.name, for: primitive, in: \.backward, chooses: false)
    let sourceGradient = try add(primitive.format(dnnl_query_diff_src_md))
    try backward.append(
      step(
        primitive,
        [
          (DNNL_ARG_DIFF_DST, convolvedGradient), (DNNL_ARG_WEIGHTS, weight),
          (DNNL_ARG_DIFF_SRC, sourceGradient),
        ]))
    return sourceGradient
  }

  /// The same without the gradient by the convolution's result, most of which is zero.
  /// - Returns: nil where there are no kernels for it.
  private mutating func sparseGradient(
    _ record: ConvolutionRecord, _ pooledGradient: Int, wantsSource: Bool
  ) throws -> Int? {
    let weightTensor = try tensor("\(record.name).weight")
    let weightShape = layout.tensors[weightTensor].shape
    guard case .fusedPooling(let result, let choice?) = record.activation,
      let shape = try FusedOperation.sparseShape(
        source: buffers[record.source].descriptor,
        [
          batchSize, weightShape[1], Int(result.height) + weightShape[2] - 1,
          Int(result.width) + weightShape[3] - 1,
        ], weightShape: weightShape, result: result)
    else { return nil }
    let gradient = FusedOperation.SparseGradient(
      shape: shape, pooledGradient: pooledGradient, choice: choice)
    let format = try MemoryDescriptor(weightShape, dnnl_ABcd16a16b)
    let target = add(format)
    let stored = try gradientBuffer("\(record.name).weight")
    try backward.append(
      .fused(
        .sparseWeightGradient(
          gradient, source: record.source, weightGradient: target,
          biasGradient: gradientBuffer("\(record.name).bias"))))
    try backward.append(copy(target, stored))
    guard wantsSource else { return pooledGradient }
    let weight = try reordered(parameter("\(record.name).weight"), to: format, in: \.backward)
    let sourceGradient = add(buffers[record.source].descriptor)
    backward.append(
      .fused(.sparseDataGradient(gradient, weight: weight, sourceGradient: sourceGradient)))
    return sourceGradient
  }

  /// Appends the computation of the gradient by a convolution's result from that by the pooled one.
  private mutating func activationGradient(
    _ record: ConvolutionRecord, _ pooledGradient: Int, _ convolvedGradient: Int
  ) throws {
    switch record.activation {
    case .fusedNormalisation(let name, let forward):
      guard let choice = forward.choice else { return }
      backward.append(
        .fused(
          .normaliseAndPoolGradient(
            try FusedOperation.NormalisationGradient(
              forward: forward, choice: choice, pooledGradient: pooledGradient,
              sourceGradient: convolvedGradient, scaleGradient: gradientBuffer("\(name).weight"),
              shiftGradient: gradientBuffer("\(name).bias")))))
    case .fusedPooling(let shape, let choice):
      guard let choice else { return }
      backward.append(
        .fused(
          .poolGradient(
            shape: shape, pooledGradient: pooledGradient, choice: choice,
            sourceGradient: convolvedGradient)))
    case .separate(let activation):
      let pooling = try Operation.maxPoolingBackward(
        sourceGradient: buffers[activation.activated].descriptor,
        resultGradient: buffers[record.pooled].descriptor, forward: activation.pooling)
      var arguments = [
        (DNNL_ARG_DIFF_DST, pooledGradient), (DNNL_ARG_DIFF_SRC, convolvedGradient),
      ]
      if let workspace = activation.poolingWorkspace {
        arguments.append((DNNL_ARG_WORKSPACE, workspace))
      }
      try backward.append(step(pooling, arguments))
      if let normalisation = activation.normalisation {
        try normalisationGradient(normalisation, source: record.convolved, convolvedGradient)
      } else {
        try reluGradient(result: record.convolved, convolvedGradient)
      }
    }
  }

  /// Replaces the gradient by a ReLU's result with the gradient by its input, in place.
  private mutating func reluGradient(result: Int, _ gradient: Int) throws {
    let primitive = try Operation.reluBackward(data: buffers[gradient].descriptor)
    try backward.append(
      step(
        primitive,
        [(DNNL_ARG_DST, result), (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_SRC, gradient)]))
  }

  /// Replaces the gradient by batch normalisation's result with that by its input, in place.
  private mutating func normalisationGradient(
    _ record: NormalisationRecord, source: Int, _ gradient: Int
  ) throws {
    let primitive = try Operation.batchNormalisationBackward(
      data: buffers[source].descriptor, forward: record.primitive)
    var arguments = try [
      (DNNL_ARG_SRC, source), (DNNL_ARG_MEAN, record.mean), (DNNL_ARG_VARIANCE, record.variance),
      (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_SCALE, parameter("\(record.name).weight")),
      // Version 2.6 asks for the shift although the gradient does not depend on it.
      (DNNL_ARG_SHIFT, parameter("\(record.name).bias")), (DNNL_ARG_DIFF_SRC, gradient),
      (DNNL_ARG_DIFF_SCALE, gradientBuffer("\(record.name).weight")),
      (DNNL_ARG_DIFF_SHIFT, gradientBuffer("\(record.name).bias")),
    ]
    if let workspace = record.workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
    try backward.append(step(primitive, arguments))
  }

  /// Appends the computation of a layer's weight and bias gradients.
  private mutating func weightGradient(
    of name: String, _ primitive: Primitive, source: Int, resultGradient: Int
  ) throws {
    let stored = try gradientBuffer("\(name).weight")
    let format = try primitive.format(dnnl_query_diff_weights_md)
    let target = format == buffers[stored].descriptor ? stored : add(format)
    try backward.append(
      step(
        primitive,
        [
          (DNNL_ARG_SRC, source), (DNNL_ARG_DIFF_DST, resultGradient),
          (DNNL_ARG_DIFF_WEIGHTS, target),
          (DNNL_ARG_DIFF_BIAS, gradientBuffer("\(name).bias")),
        ]))
    if target != stored { try backward.append(copy(target, stored)) }
  }
}
