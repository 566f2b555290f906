import NeuralNetworks
import RandomStreams
import Support

/// An engine that notes which samples its networks see, and can fail on request.
final class RecordingEngine: TrainingEngine {
  /// What the network of one client, or of one group of clients, saw.
  struct Visit: Sendable {
    var trained: [Int32] = []
    var tested: [Int32] = []
  }

  struct Failure: Error, Equatable {}

  private let engine: any TrainingEngine
  private let visits = Guarded<[Int: Visit]>([:])
  private let failing = Guarded<Int?>(nil)

  init(_ engine: any TrainingEngine) { self.engine = engine }

  var layout: ParameterLayout { engine.layout }
  var inputSize: Int { engine.inputSize }
  var workerCount: Int { engine.workerCount }

  func inParallel(_ count: Int, _ body: @escaping @Sendable (_ piece: Int) throws -> Void) throws {
    try engine.inParallel(count, body)
  }

  /// Makes every run fail once that client's work is done.
  func failAfter(client: Int?) { failing.withLock { $0 = client } }

  /// The visits since the last call, in the order of clients or groups.
  func takeVisits() -> [Visit] {
    visits.withLock { visits in
      defer { visits = [:] }
      return visits.sorted { $0.key < $1.key }.map(\.value)
    }
  }

  func forEachClient(
    _ count: Int, unless shouldStop: StopCondition?,
    _ body: @escaping @Sendable (_ client: Int, _ network: any LocalNetwork) throws -> Void
  ) throws {
    try engine.forEachClient(count, unless: shouldStop) { [self] client, network in
      let recording = RecordingNetwork(network)
      try body(client, recording)
      let visit = recording.visit
      visits.withLock { $0[client] = visit }
      if failing.withLock({ $0 }) == client { throw Failure() }
    }
  }
}

private final class RecordingNetwork: LocalNetwork {
  private let network: any LocalNetwork
  var visit = RecordingEngine.Visit()

  init(_ network: any LocalNetwork) { self.network = network }

  var layout: ParameterLayout { network.layout }

  var work: NetworkWork { network.work }

  func load(_ parameters: UnsafeBufferPointer<Float>) throws { try network.load(parameters) }

  func store(into parameters: UnsafeMutableBufferPointer<Float>) throws {
    try network.store(into: parameters)
  }

  func storeGradient(into gradient: UnsafeMutableBufferPointer<Float>) throws {
    try network.storeGradient(into: gradient)
  }

  func computeGradient(_ samples: ArraySlice<Int32>, of images: LabelledImages) throws -> Double {
    visit.trained += samples
    return try network.computeGradient(samples, of: images)
  }

  func drawDropout(from stream: RandomStream) { network.drawDropout(from: stream) }

  func setAnchor(_ anchor: UnsafeBufferPointer<Float>) throws { try network.setAnchor(anchor) }

  func setCorrection(_ correction: UnsafeBufferPointer<Float>) throws {
    try network.setCorrection(correction)
  }

  func descend(_ optimiser: StochasticGradientDescent, _ step: DescentStep) throws {
    try network.descend(optimiser, step)
  }

  func combine(
    _ target: NetworkVector, _ a: Float, _ x: NetworkVector, _ b: Float, _ y: NetworkVector
  ) {
    network.combine(target, a, x, b, y)
  }

  func divide(_ vector: NetworkVector, by divisor: Float) {
    network.divide(vector, by: divisor)
  }

  func copy(_ source: NetworkVector, to target: NetworkVector, _ part: NetworkVector.Part) {
    network.copy(source, to: target, part)
  }

  func store(_ vector: NetworkVector, into values: UnsafeMutableBufferPointer<Float>) throws {
    try network.store(vector, into: values)
  }

  func evaluate(_ samples: ArraySlice<Int32>, of images: LabelledImages, predicting: Bool) throws
    -> Evaluation
  {
    visit.tested += samples
    return try network.evaluate(samples, of: images, predicting: predicting)
  }
}
