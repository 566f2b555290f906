// Batch normalisation, ReLU and pooling by oneDNN, one operation after another: for results in formats
// that our kernels do not take.
extension PlanBuilder {
  struct SeparateActivation {
    let normalisation: NormalisationRecord?
    let activated: Int
    let pooling: Primitive
    let poolingWorkspace: Int?
  }

  struct NormalisationRecord {
    let name: String
    let primitive: Primitive
    let mean: Int
    let variance: Int
    let workspace: Int?
  }

  mutating func separateActivation(
    of convolved: Int, shape: [Int], pooledShape: [Int], normalisation: String?
  ) throws -> (SeparateActivation, pooled: Int) {
    var activated = convolved
    var normalisationRecord: NormalisationRecord?
    if let normalisation {
      (activated, normalisationRecord) = try batchNormalisation(
        normalisation, source: convolved, shape: shape)
    }
    let pooling = try Operation.maxPoolingForward(
      source: buffers[activated].descriptor, result: .any(pooledShape), training: training)
    let pooled = try add(pooling.format(.result))
    var arguments: [(OperationArgument, Int)] = [(.source, activated), (.result, pooled)]
    let workspace = training ? try add(pooling.format(.workspace)) : nil
    if let workspace { arguments.append((.workspace, workspace)) }
    try forward.append(step(pooling, arguments))
    let activation = SeparateActivation(
      normalisation: normalisationRecord, activated: activated, pooling: pooling,
      poolingWorkspace: workspace)
    return (activation, pooled)
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
    return try batchStatistics(of: name, shape: shape)
  }

  private mutating func batchNormalisation(_ name: String, source: Int, shape: [Int]) throws -> (
    activated: Int, record: NormalisationRecord
  ) {
    let format = buffers[source].descriptor
    let primitive = try Operation.batchNormalisationForward(data: format, training: training)
    let activated = add(format)
    let (mean, variance) = try statistics(of: name, shape: shape)
    let workspace = training ? try add(primitive.format(.workspace)) : nil
    var arguments: [(OperationArgument, Int)] = try [
      (.source, source), (.result, activated), (.mean, mean),
      (.variance, variance), (.scale, parameter("\(name).weight")),
      (.shift, parameter("\(name).bias")),
    ]
    if let workspace { arguments.append((.workspace, workspace)) }
    try forward.append(step(primitive, arguments))
    return (
      activated,
      NormalisationRecord(
        name: name, primitive: primitive, mean: mean, variance: variance, workspace: workspace)
    )
  }

  /// Appends the computation of the gradient by a convolution's result from that by the pooled one.
  mutating func separateGradient(
    _ activation: SeparateActivation, convolved: Int, pooled: Int, _ pooledGradient: Int,
    _ convolvedGradient: Int
  ) throws {
    let pooling = try Operation.maxPoolingBackward(
      sourceGradient: buffers[activation.activated].descriptor,
      resultGradient: buffers[pooled].descriptor, forward: activation.pooling)
    var arguments: [(OperationArgument, Int)] = [
      (.resultGradient, pooledGradient), (.sourceGradient, convolvedGradient),
    ]
    if let workspace = activation.poolingWorkspace {
      arguments.append((.workspace, workspace))
    }
    try backward.append(step(pooling, arguments))
    if let normalisation = activation.normalisation {
      try normalisationGradient(normalisation, source: convolved, convolvedGradient)
    } else {
      try reluGradient(result: convolved, convolvedGradient)
    }
  }

  /// Replaces the gradient by batch normalisation's result with that by its input, in place.
  private mutating func normalisationGradient(
    _ record: NormalisationRecord, source: Int, _ gradient: Int
  ) throws {
    let primitive = try Operation.batchNormalisationBackward(
      data: buffers[source].descriptor, forward: record.primitive)
    var arguments: [(OperationArgument, Int)] = try [
      (.source, source), (.mean, record.mean), (.variance, record.variance),
      (.resultGradient, gradient), (.scale, parameter("\(record.name).weight")),
      // Version 2.6 requires the shift although the gradient does not depend on it.
      (.shift, parameter("\(record.name).bias")), (.sourceGradient, gradient),
      (.scaleGradient, gradientBuffer("\(record.name).weight")),
      (.shiftGradient, gradientBuffer("\(record.name).bias")),
    ]
    if let workspace = record.workspace { arguments.append((.workspace, workspace)) }
    try backward.append(step(primitive, arguments))
  }
}
