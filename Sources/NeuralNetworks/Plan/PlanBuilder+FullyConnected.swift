import CKernels

// Fully connected layers: by our kernels where the processor has the registers for them, otherwise by oneDNN.
// Ours take a convolution's pooled result as it lies in memory, need no copies between formats, and ask
// for no memory when they run.
extension PlanBuilder {
  /// What the backward pass of a fully connected layer needs to know about its forward pass.
  struct FullyConnectedRecord {
    let name: String
    let kind: Kind
    let source: Int
    let result: Int
    let hasRelu: Bool

    enum Kind {
      case kernels(connected_shape)
      /// oneDNN; the shape that the source had before it was made two-dimensional, if it was.
      case library(Primitive, spatialShape: [Int]?)
    }
  }

  /// - Parameters:
  ///   - shape: axes (sample, channel, y, x) or (sample, input); axes (sample, output) on return.
  ///   - isLast: the result is the class scores, which are stored without gaps.
  mutating func fullyConnected(
    _ name: String, source: Int, shape: inout [Int], outFeatures: Int, relu: Bool, isLast: Bool
  ) throws -> FullyConnectedRecord {
    let sourceShape = shape
    shape = [batchSize, outFeatures]
    guard vectorWidth > 0 else {
      return try libraryFullyConnected(
        name, source: source, sourceShape: sourceShape, outFeatures: outFeatures, relu: relu)
    }
    let inFeatures = sourceShape[1...].reduce(1, *)
    var (source, sourceStride) = (source, inFeatures)
    var weightFormat = try MemoryDescriptor([outFeatures, inFeatures], .matrixBy16)
    if sourceShape.count == 2 {
      sourceStride = buffers[source].descriptor.dimensions[1]
    } else if sourceShape[1].isMultiple(of: 16),
      try buffers[source].descriptor == MemoryDescriptor(sourceShape, .channelsBy16)
    {
      // Inputs in the order of blocked channels; so are the weights.
      weightFormat = try MemoryDescriptor([outFeatures] + sourceShape[1...], .channelPairsBy16)
    } else {
      source = try reordered(source, to: .plain(sourceShape), in: \.forward)
    }
    let resultStride = isLast ? outFeatures : (outFeatures + 15) / 16 * 16
    let connected = connected_shape(
      samples: Int32(batchSize), inputs: Int32(inFeatures), outputs: Int32(outFeatures),
      source_stride: Int32(sourceStride), result_stride: Int32(resultStride),
      vector_width: vectorWidth)
    let result = try add(.plain([batchSize, resultStride]))
    try forward.append(
      .kernel(
        ConnectedOperation.forward(
          shape: connected, source: source,
          weight: weight(of: name, as: weightFormat, in: \.forward, chooses: true),
          bias: parameter("\(name).bias"), relu: relu, result: result)))
    return FullyConnectedRecord(
      name: name, kind: .kernels(connected), source: source, result: result, hasRelu: relu)
  }

  /// - Returns: the buffer of the gradient by the source, if wanted.
  mutating func fullyConnectedGradient(
    _ record: FullyConnectedRecord, _ gradient: Int, wantsSource: Bool
  ) throws -> Int? {
    switch record.kind {
    case .library(let primitive, let spatialShape):
      guard
        let sourceGradient = try libraryGradient(
          record, primitive, gradient, wantsSource: wantsSource)
      else { return nil }
      return try spatialShape.map { try addAlias(of: sourceGradient, .plain($0)) }
        ?? sourceGradient
    case .kernels(var shape):
      let sourceGradient = wantsSource ? add(buffers[record.source].descriptor) : nil
      try backward.append(
        .kernel(
          ConnectedOperation.backward(
            ConnectedOperation.Backward(
              shape: shape, source: record.source, weight: parameter("\(record.name).weight"),
              result: record.hasRelu ? record.result : nil, resultGradient: gradient,
              scratch: add(.floats(connected_scratch_count(&shape))),
              weightGradient: gradientBuffer("\(record.name).weight"),
              biasGradient: gradientBuffer("\(record.name).bias"), sourceGradient: sourceGradient)
          )))
      return sourceGradient
    }
  }

  // MARK: oneDNN

  private mutating func libraryFullyConnected(
    _ name: String, source: Int, sourceShape: [Int], outFeatures: Int, relu: Bool
  ) throws -> FullyConnectedRecord {
    let inFeatures = sourceShape[1...].reduce(1, *)
    var source = source
    if sourceShape.count > 2 {
      let rowMajor = try reordered(source, to: .plain(sourceShape), in: \.forward)
      source = try addAlias(of: rowMajor, .plain([batchSize, inFeatures]))
    }
    let primitive = try Operation.fullyConnectedForward(
      source: .plain([batchSize, inFeatures]), weight: .any([outFeatures, inFeatures]),
      bias: .plain([outFeatures]), result: .plain([batchSize, outFeatures]), relu: relu,
      training: training)
    let result = try add(primitive.format(.result))
    let weight = try weight(of: name, for: primitive, in: \.forward, chooses: true)
    try forward.append(
      step(
        primitive,
        [
          (.source, source), (.weights, weight),
          (.bias, parameter("\(name).bias")), (.result, result),
        ]))
    return FullyConnectedRecord(
      name: name,
      kind: .library(primitive, spatialShape: sourceShape.count > 2 ? sourceShape : nil),
      source: source, result: result, hasRelu: relu)
  }

  private mutating func libraryGradient(
    _ record: FullyConnectedRecord, _ forward: Primitive, _ gradient: Int, wantsSource: Bool
  ) throws -> Int? {
    let resultFormat = buffers[gradient].descriptor
    let sourceFormat = buffers[record.source].descriptor
    if record.hasRelu { try reluGradient(result: record.result, gradient) }
    let weightShape = try weightShape(of: record.name)
    let weightPrimitive = try Operation.fullyConnectedBackwardWeight(
      source: sourceFormat, weightGradient: .any(weightShape),
      biasGradient: .plain([weightShape[0]]), resultGradient: resultFormat, forward: forward)
    try weightGradient(
      of: record.name, weightPrimitive, source: record.source, resultGradient: gradient)
    guard wantsSource else { return nil }
    let primitive = try Operation.fullyConnectedBackwardData(
      sourceGradient: sourceFormat, weight: .any(weightShape), resultGradient: resultFormat,
      forward: forward)
    return try dataGradient(
      of: record.name, primitive, resultGradient: gradient, sourceFormat: sourceFormat)
  }
}
