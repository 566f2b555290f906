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
        guard let next = try convolutionGradient(record, gradient, wantsSource: !isFirst) else {
          continue
        }
        gradient = next
      }
    }
    return Plan(self, input: input, logits: current, logitsGradient: logitsGradient)
  }

  // MARK: Forward

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
    let weightShape = try weightShape(of: record.name)
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

  /// Replaces the gradient by a ReLU's result with the gradient by its input, in place.
  mutating func reluGradient(result: Int, _ gradient: Int) throws {
    let primitive = try Operation.reluBackward(data: buffers[gradient].descriptor)
    try backward.append(
      step(
        primitive,
        [(DNNL_ARG_DST, result), (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_SRC, gradient)]))
  }

  /// Appends the computation of a layer's weight and bias gradients.
  mutating func weightGradient(
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
