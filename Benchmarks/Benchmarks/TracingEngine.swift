import Dispatch
import NeuralNetworks
import RandomStreams
import Support

/// What a round asked the networks to do, so that its training steps can be repeated alone.
struct Trace: Sendable {
  /// One client's turn on a network.
  struct Turn: Sendable {
    /// The model that was loaded first, axis (parameter).
    var start: [Float] = []
    /// The batches of the gradients that were computed, in order.
    var batches: [[Int32]] = []
    /// Seconds in gradients and steps of descent.
    var steps = 0.0
    /// Seconds in moving parameters and gradients in and out of the network.
    var transfer = 0.0
    /// Seconds in forward passes without a gradient.
    var forward = 0.0
  }

  /// Seconds of work on no network, such as the server's, from the start of its first piece to the end
  /// of its last.
  var server = 0.0
  /// For each time that clients were dealt out to workers, the turns in the order of clients.
  var turns: [[Turn]] = []

  /// Turns that computed at least one gradient.
  private var training: [[Turn]] {
    turns.map { $0.filter { !$0.batches.isEmpty } }.filter { !$0.isEmpty }
  }

  /// Gradients that were computed.
  var stepCount: Int { turns.joined().reduce(0) { $0 + $1.batches.count } }

  /// Sum over turns.
  func total(_ key: KeyPath<Turn, Double>) -> Double {
    turns.joined().reduce(0) { $0 + $1[keyPath: key] }
  }

  /// Seconds of the training steps alone: every gradient again on the same batch, each followed by
  /// a step of descent, with the clients dealt out to the workers in the same way.
  func replay(
    on engine: any TrainingEngine, images: LabelledImages, optimiser: StochasticGradientDescent
  ) throws -> Double {
    try seconds {
      for turns in training {
        try engine.forEachClient(turns.count) { index, network in
          try network.load(turns[index].start)
          for batch in turns[index].batches {
            _ = try network.train(batch[...], of: images, optimiser, DescentStep())
          }
        }
      }
    }
  }
}

/// An engine that records what its networks are asked to do. The recording is part of the measured time: two
/// clock readings per call, and a copy of the batch's sample numbers per step.
final class TracingEngine: TrainingEngine {
  private let engine: any TrainingEngine
  private let trace = Guarded(Trace())

  init(_ engine: any TrainingEngine) { self.engine = engine }

  var layout: ParameterLayout { engine.layout }
  var inputSize: Int { engine.inputSize }
  var workerCount: Int { engine.workerCount }

  /// The notes since the last call.
  func takeTrace() -> Trace {
    trace.withLock { trace in
      defer { trace = Trace() }
      return trace
    }
  }

  func inParallel(_ count: Int, _ body: @escaping @Sendable (_ piece: Int) throws -> Void) throws {
    let time = try seconds { try engine.inParallel(count, body) }
    trace.withLock { $0.server += time }
  }

  func forEachClient(
    _ count: Int, unless shouldStop: StopCondition?,
    _ body: @escaping @Sendable (_ client: Int, _ network: any LocalNetwork) throws -> Void
  ) throws {
    let call = trace.withLock { trace in
      trace.turns.append([Trace.Turn](repeating: Trace.Turn(), count: count))
      return trace.turns.count - 1
    }
    try engine.forEachClient(count, unless: shouldStop) { [self] client, network in
      let tracing = TracingNetwork(network)
      try body(client, tracing)
      let turn = tracing.turn
      trace.withLock { $0.turns[call][client] = turn }
    }
  }
}

private final class TracingNetwork: LocalNetwork {
  private let network: any LocalNetwork
  var turn = Trace.Turn()

  init(_ network: any LocalNetwork) { self.network = network }

  private func timed<Result>(
    _ key: WritableKeyPath<Trace.Turn, Double>, _ work: () throws -> Result
  ) rethrows -> Result {
    let start = DispatchTime.now().uptimeNanoseconds
    defer {
      turn[keyPath: key] += Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    }
    return try work()
  }

  var layout: ParameterLayout { network.layout }

  var work: NetworkWork { network.work }

  func load(_ parameters: UnsafeBufferPointer<Float>) throws {
    if turn.start.isEmpty { turn.start = Array(parameters) }
    try timed(\.transfer) { try network.load(parameters) }
  }

  func store(into parameters: UnsafeMutableBufferPointer<Float>) throws {
    try timed(\.transfer) { try network.store(into: parameters) }
  }

  func storeGradient(into gradient: UnsafeMutableBufferPointer<Float>) throws {
    try timed(\.transfer) { try network.storeGradient(into: gradient) }
  }

  func computeGradient(_ samples: ArraySlice<Int32>, of images: LabelledImages) throws -> Double {
    turn.batches.append(Array(samples))
    return try timed(\.steps) { try network.computeGradient(samples, of: images) }
  }

  func train(
    _ samples: ArraySlice<Int32>, of images: LabelledImages,
    _ optimiser: StochasticGradientDescent, _ step: DescentStep
  ) throws -> Double {
    turn.batches.append(Array(samples))
    return try timed(\.steps) { try network.train(samples, of: images, optimiser, step) }
  }

  func drawDropout(from stream: RandomStream) { network.drawDropout(from: stream) }

  func setAnchor(_ anchor: UnsafeBufferPointer<Float>) throws {
    try timed(\.transfer) { try network.setAnchor(anchor) }
  }

  func setCorrection(_ correction: UnsafeBufferPointer<Float>) throws {
    try timed(\.transfer) { try network.setCorrection(correction) }
  }

  func descend(_ optimiser: StochasticGradientDescent, _ step: DescentStep) throws {
    try timed(\.steps) { try network.descend(optimiser, step) }
  }

  func combine(
    _ target: NetworkVector, _ a: Float, _ x: NetworkVector, _ b: Float, _ y: NetworkVector
  ) {
    timed(\.transfer) { network.combine(target, a, x, b, y) }
  }

  func divide(_ vector: NetworkVector, by divisor: Float) {
    timed(\.transfer) { network.divide(vector, by: divisor) }
  }

  func copy(_ source: NetworkVector, to target: NetworkVector, _ part: NetworkVector.Part) {
    timed(\.transfer) { network.copy(source, to: target, part) }
  }

  func store(_ vector: NetworkVector, into values: UnsafeMutableBufferPointer<Float>) throws {
    try timed(\.transfer) { try network.store(vector, into: values) }
  }

  func evaluate(_ samples: ArraySlice<Int32>, of images: LabelledImages, predicting: Bool) throws
    -> Evaluation
  {
    try timed(\.forward) {
      try network.evaluate(samples, of: images, predicting: predicting)
    }
  }
}
