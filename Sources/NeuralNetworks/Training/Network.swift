import CKernels
import RandomStreams

/// A network on the processor, run by oneDNN.
///
/// Parameters lie in one aligned stretch of memory in the formats that the training step prefers,
/// the gradients in another of the same shape, so that a step of descent is one loop. Conversion
/// from and to the flat vector happens once per client and round.
public final class Network: LocalNetwork {
  /// What the network has computed since it was made.
  public private(set) var work = NetworkWork()
  /// Ends the work between two mini-batches when it holds.
  var shouldStop: StopCondition?
  private let plans: NetworkPlans
  /// Samples per forward pass in evaluation.
  private static let evaluationBatchSize = 64

  /// Trained tensors first, in layer order; then the running statistics.
  let parameterMemory: AlignedBuffer
  let gradientMemory: AlignedBuffer
  /// The velocity of every model that steps with momentum, by its number.
  var velocities: [Int: Velocity] = [:]
  /// Models and gradients that are kept, in the same places.
  var keptMemories: [NetworkVector: AlignedBuffer] = [:]
  private var correctionMemory: AlignedBuffer?
  let placement: Placement
  private let stream: StreamHandle
  /// One for each tensor; nil if the format is the flat vector's.
  private var conversions: [FormatConversion?] = []
  private var workspaces: [PassWorkspace] = []
  private var dropoutStream: RandomStream?

  /// A model's momentum.
  struct Velocity {
    let memory: AlignedBuffer
    var isFirstStep = true
  }

  /// Where each tensor and layer stands in the memories above, in floats.
  struct Placement {
    var tensorRanges: [Range<Int>] = []
    /// The layer of each tensor.
    var layerOfTensor: [Int] = []
    /// Per layer, the trained tensors with their padding.
    var layerRanges: [Range<Int>] = []
    var count = 0
  }

  /// A network with zero parameters. Throws `OneDNNError` if memory objects cannot be made.
  public init(plans: NetworkPlans) throws {
    self.plans = plans
    stream = try StreamHandle()
    let formats = plans.parameterFormats.tensors
    let tensors = plans.layout.tensors
    placement = Self.place(plans.layout, formats)
    parameterMemory = AlignedBuffer(byteCount: placement.count * MemoryLayout<Float>.stride)
    gradientMemory = AlignedBuffer(byteCount: placement.count * MemoryLayout<Float>.stride)
    for index in tensors.indices {
      // A weight may be stored as a tensor of more axes over the same values.
      let plain = try MemoryDescriptor.plain(formats[index].dimensions)
      guard formats[index] != plain else {
        conversions.append(nil)
        continue
      }
      conversions.append(
        try FormatConversion(
          plain: plain, stored: formats[index], memory: parameterMemory.start))
    }
  }

  /// The layout of parameters in the flat vectors.
  public var layout: ParameterLayout { plans.layout }

  /// Takes over parameters, axis (parameter), and forgets momentum.
  public func load(_ parameters: UnsafeBufferPointer<Float>) throws {
    for number in velocities.keys { velocities[number]?.isFirstStep = true }
    try convert(parameters, into: parameterMemory)
  }

  /// Brings a flat vector into the network's formats.
  private func convert(_ vector: UnsafeBufferPointer<Float>, into memory: AlignedBuffer) throws {
    try requireLength(vector.count)
    guard let values = vector.baseAddress else { return }
    for (index, tensor) in layout.tensors.enumerated() {
      let source = values + tensor.range.lowerBound
      let target = address(memory, index)
      if let conversion = conversions[index] {
        // The library takes mutable pointers even to memory that it only reads.
        try conversion.load(
          UnsafeMutableRawPointer(mutating: source), into: target, on: stream)
      } else {
        target.copyMemory(
          from: source, byteCount: tensor.range.count * MemoryLayout<Float>.stride)
      }
    }
  }

  /// Writes the current parameters, axis (parameter).
  public func store(into parameters: UnsafeMutableBufferPointer<Float>) throws {
    try flatten(parameterMemory, into: parameters)
  }

  /// Writes the gradient of the last `computeGradient`, axis (parameter); 0 for statistics.
  public func storeGradient(into gradient: UnsafeMutableBufferPointer<Float>) throws {
    try flatten(gradientMemory, into: gradient)
  }

  /// Forward and backward pass in training mode over one batch; updates running statistics.
  public func computeGradient(_ samples: ArraySlice<Int32>, of images: LabelledImages) throws
    -> Double
  {
    try passes(samples, of: images).lossSum
  }

  /// The same bits as `computeGradient` and `descend`. In plain descent, fully connected weights take their step within
  /// the backward pass, which saves passes over memory.
  public func train(
    _ samples: ArraySlice<Int32>, of images: LabelledImages,
    _ optimiser: StochasticGradientDescent, _ step: DescentStep
  ) throws -> Double {
    let isPlain =
      optimiser.momentum == 0 && optimiser.clipping == 0 && step.pull == 0 && !step.corrects
      && step.target == .parameters
    let (lossSum, workspace) = try passes(
      samples, of: images,
      stepping: isPlain
        ? PassWorkspace.BackwardStep(
          step: connected_step(rate: optimiser.learningRate, decay: optimiser.weightDecay),
          trains: step.trains, layers: placement.layerOfTensor) : nil)
    descend(optimiser, step, without: isPlain ? workspace.steppingTensors : [])
    return lossSum
  }

  /// Forward and backward pass over one batch.
  private func passes(
    _ samples: ArraySlice<Int32>, of images: LabelledImages,
    stepping step: PassWorkspace.BackwardStep? = nil
  ) throws -> (lossSum: Double, workspace: PassWorkspace) {
    try checkStop()
    work.gradients += 1
    let workspace = try forward(samples, of: images, training: true)
    let plan = workspace.plan
    guard let gradientBuffer = plan.logitsGradient else { return (0, workspace) }
    let count = samples.count * plans.architecture.classCount
    var uncounted: [Int32] = []
    var unpredicted: [Int32]?
    let lossSum = SoftmaxCrossEntropy.evaluate(
      logits: workspace.values(plan.logits, count: count),
      classCount: plans.architecture.classCount, labels: images.labels, samples: samples,
      gradient: workspace.values(gradientBuffer, count: count), correct: &uncounted,
      predicted: &unpredicted)
    try workspace.runBackward(stepping: step)
    for statistics in plan.batchStatistics { update(statistics, workspace) }
    return (lossSum, workspace)
  }

  /// Draws what dropout sets to 0 from this stream from now on.
  public func drawDropout(from stream: RandomStream) { dropoutStream = stream }

  /// Sets the model that steps are pulled towards, axis (parameter).
  public func setAnchor(_ anchor: UnsafeBufferPointer<Float>) throws {
    try convert(anchor, into: memory(.anchor))
  }

  /// Writes a vector, axis (parameter).
  public func store(_ vector: NetworkVector, into values: UnsafeMutableBufferPointer<Float>) throws
  {
    try flatten(memory(vector), into: values)
  }

  /// Sets the vector that corrects gradients, axis (parameter).
  public func setCorrection(_ correction: UnsafeBufferPointer<Float>) throws {
    let memory = correctionMemory ?? AlignedBuffer(byteCount: parameterMemory.byteCount)
    try convert(correction, into: memory)
    correctionMemory = memory
  }

  /// One step along the last gradient and what `step` adds to it.
  public func descend(_ optimiser: StochasticGradientDescent, _ step: DescentStep) throws {
    descend(optimiser, step, without: [])
  }

  /// The same without some tensors, ascending, which have taken their step.
  private func descend(
    _ optimiser: StochasticGradientDescent, _ step: DescentStep, without stepped: [Int]
  ) {
    var velocity: Velocity?
    if optimiser.momentum != 0 {
      velocity =
        velocities[step.momentum]
        ?? Velocity(memory: AlignedBuffer(byteCount: parameterMemory.byteCount))
    }
    let anchor = step.pull == 0 ? nil : keptMemories[.anchor]
    let correction = step.corrects ? correctionMemory : nil
    let target = memory(step.target).pointer
    let factor = clippingFactor(optimiser, step.trains)
    for (index, range) in placement.layerRanges.enumerated() where step.trains?[index] ?? true {
      var offset = range.lowerBound
      func descend(until end: Int) {
        guard offset < end else { return }
        optimiser.step(
          parameters: target + offset, gradients: gradientMemory.pointer + offset,
          velocity: velocity.map { $0.memory.pointer + offset },
          isFirstStep: velocity?.isFirstStep ?? true, count: end - offset,
          factor: factor, pull: (step.pull, anchor.map { UnsafePointer($0.pointer + offset) }),
          correction: correction.map { UnsafePointer($0.pointer + offset) })
      }
      for tensor in stepped where placement.layerOfTensor[tensor] == index {
        descend(until: placement.tensorRanges[tensor].lowerBound)
        offset = placement.tensorRanges[tensor].upperBound
      }
      descend(until: range.upperBound)
    }
    velocity?.isFirstStep = false
    velocities[step.momentum] = velocity
  }

  /// What shortens the last gradient; its norm is summed layer by layer.
  private func clippingFactor(_ optimiser: StochasticGradientDescent, _ trains: [Bool]?) -> Float {
    guard optimiser.clipping > 0 else { return 1 }
    var sum = 0.0
    for (index, range) in placement.layerRanges.enumerated() where trains?[index] ?? true {
      let row = UnsafePointer(gradientMemory.pointer + range.lowerBound)
      var product = 0.0
      withUnsafePointer(to: Optional(row)) {
        bank_inner_products($0, 1, row, 1, 0, range.count, &product)
      }
      sum += product
    }
    return optimiser.factor(squaredNorm: sum)
  }

  /// Forward pass in evaluation mode, in batches; changes nothing.
  public func evaluate(
    _ samples: ArraySlice<Int32>, of images: LabelledImages, predicting: Bool
  ) throws -> Evaluation {
    work.evaluatedSamples += samples.count
    var evaluation = Evaluation(classCount: plans.architecture.classCount)
    if predicting { evaluation.predicted = [] }
    var rest = samples
    while !rest.isEmpty {
      try checkStop()
      let batch = rest.prefix(Self.evaluationBatchSize)
      rest = rest.dropFirst(batch.count)
      let logits = try scores(batch, of: images)
      evaluation.lossSum += SoftmaxCrossEntropy.evaluate(
        logits: logits, classCount: plans.architecture.classCount, labels: images.labels,
        samples: batch, gradient: nil, correct: &evaluation.correctByClass,
        predicted: &evaluation.predicted)
      evaluation.count += batch.count
    }
    return evaluation
  }

  /// The class scores of one batch in evaluation mode (or, for tests, in training mode without a
  /// change of the running statistics), axes (sample, class). Valid until the next pass.
  package func scores(
    _ samples: ArraySlice<Int32>, of images: LabelledImages, training: Bool = false
  ) throws -> UnsafeMutableBufferPointer<Float> {
    let workspace = try forward(samples, of: images, training: training)
    return workspace.values(
      workspace.plan.logits, count: samples.count * plans.architecture.classCount)
  }

  // MARK: Parts

  /// Throws `WorkStopped` if the work is to end.
  func checkStop() throws {
    if let shouldStop, shouldStop() { throw WorkStopped() }
  }

  private static func place(_ layout: ParameterLayout, _ formats: [MemoryDescriptor]) -> Placement {
    var placement = Placement()
    let tensors = layout.tensors
    placement.tensorRanges = [Range<Int>](repeating: 0..<0, count: tensors.count)
    placement.layerOfTensor = layout.layers.enumerated().flatMap { index, layer in
      layer.tensors.map { _ in index }
    }
    func put(_ index: Int) {
      let start = placement.count
      placement.count +=
        AlignedBuffer.roundedUp(formats[index].byteCount) / MemoryLayout<Float>.stride
      placement.tensorRanges[index] = start..<placement.count
    }
    var index = 0
    for layer in layout.layers {
      let start = placement.count
      for tensor in layer.tensors {
        if tensor.role == .trained { put(index) }
        index += 1
      }
      placement.layerRanges.append(start..<placement.count)
    }
    for index in tensors.indices where tensors[index].role == .statistic { put(index) }
    return placement
  }

  private func address(_ memory: AlignedBuffer, _ tensor: Int) -> UnsafeMutableRawPointer {
    memory.start + placement.tensorRanges[tensor].lowerBound * MemoryLayout<Float>.stride
  }

  private func gather(
    _ samples: ArraySlice<Int32>, of images: LabelledImages, _ workspace: PassWorkspace
  ) {
    let plan = workspace.plan
    guard let input = workspace.values(plan.input, count: 1).baseAddress else { return }
    if plan.hasSampleBlocks {
      images.gatherBlocks(samples, into: input)
    } else {
      images.gather(samples, into: input)
    }
  }

  /// The forward pass of one batch.
  private func forward(_ samples: ArraySlice<Int32>, of images: LabelledImages, training: Bool)
    throws -> PassWorkspace
  {
    let workspace = try workspace(batchSize: samples.count, training: training)
    gather(samples, of: images, workspace)
    try drawDropout(workspace)
    try workspace.runForward()
    return workspace
  }

  /// Draws the factors of every dropout block: 0, or 1 / (1 − rate).
  private func drawDropout(_ workspace: PassWorkspace) throws {
    guard !workspace.plan.dropouts.isEmpty else { return }
    guard var stream = dropoutStream else {
      throw ArchitectureError(reason: "dropout: no random stream was given to draw from")
    }
    for dropout in workspace.plan.dropouts {
      dropout.draw(
        from: &stream,
        into: workspace.values(dropout.factors, count: workspace.plan.batchSize * dropout.stride))
    }
    dropoutStream = stream
  }

  private func workspace(batchSize: Int, training: Bool) throws -> PassWorkspace {
    if let workspace = workspaces.first(where: {
      $0.plan.batchSize == batchSize && $0.plan.training == training
    }) {
      return workspace
    }
    let plan = try plans.plan(batchSize: batchSize, training: training)
    let indices = layout.tensors.indices
    let workspace = try PassWorkspace(
      plan: plan, stream: stream, parameters: indices.map { address(parameterMemory, $0) },
      gradients: indices.map { address(gradientMemory, $0) })
    workspaces.append(workspace)
    return workspace
  }

  /// Converts what is in the network's formats to a flat vector.
  private func flatten(_ memory: AlignedBuffer, into vector: UnsafeMutableBufferPointer<Float>)
    throws
  {
    try requireLength(vector.count)
    guard let values = vector.baseAddress else { return }
    for (index, tensor) in layout.tensors.enumerated() {
      let source = address(memory, index)
      let target = UnsafeMutableRawPointer(values + tensor.range.lowerBound)
      if let conversion = conversions[index] {
        try conversion.store(source, into: target, on: stream)
      } else {
        target.copyMemory(
          from: source, byteCount: tensor.range.count * MemoryLayout<Float>.stride)
      }
    }
  }

  /// PyTorch's rule: running ← 0.9 · running + 0.1 · batch, with the unbiased variance.
  private func update(_ statistics: Plan.BatchStatistics, _ workspace: PassWorkspace) {
    let mean = workspace.values(statistics.mean, count: statistics.channels)
    let variance = workspace.values(statistics.variance, count: statistics.channels)
    let runningMean = address(parameterMemory, statistics.runningMean)
      .assumingMemoryBound(to: Float.self)
    let runningVariance = address(parameterMemory, statistics.runningVariance)
      .assumingMemoryBound(to: Float.self)
    let count = Float(statistics.valuesPerChannel)
    let unbiased = count > 1 ? count / (count - 1) : 1
    for channel in 0..<statistics.channels {
      runningMean[channel] = 0.9 * runningMean[channel] + 0.1 * mean[channel]
      runningVariance[channel] =
        0.9 * runningVariance[channel] + 0.1 * (variance[channel] * unbiased)
    }
  }

  private func requireLength(_ count: Int) throws {
    guard count == layout.count else {
      throw ArchitectureError(
        reason: "\(count) parameters given, the architecture has \(layout.count)")
    }
  }
}
