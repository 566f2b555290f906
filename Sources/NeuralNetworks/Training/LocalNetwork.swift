import RandomStreams

/// A live network of one worker: the interface for a client's local training and evaluation.
/// Another engine (on a GPU, or with another library) can serve the federation by implementing this.
///
/// A network belongs to one thread at a time. The same calls give the same bits on every worker.
public protocol LocalNetwork: AnyObject {
  /// What the network has computed since it was made.
  var work: NetworkWork { get }

  /// The layout of parameters in the flat vectors below.
  var layout: ParameterLayout { get }

  /// Takes over parameters, axis (parameter), and forgets momentum.
  func load(_ parameters: UnsafeBufferPointer<Float>) throws

  /// Writes the current parameters, axis (parameter).
  func store(into parameters: UnsafeMutableBufferPointer<Float>) throws

  /// Writes the gradient of the last `computeGradient`, axis (parameter); 0 for statistics.
  func storeGradient(into gradient: UnsafeMutableBufferPointer<Float>) throws

  /// Draws what dropout sets to 0 from this stream from now on: for every gradient, block by block in the order of the
  /// forward pass, a uniform number for each sample, channel, row and column, or each sample and feature. A value stays
  /// where its number is not below the rate.
  func drawDropout(from stream: RandomStream)

  /// Forward and backward pass in training mode over one batch; updates running statistics.
  /// - Returns: the sum of the samples' cross-entropy losses before any step.
  func computeGradient(_ samples: ArraySlice<Int32>, of images: LabelledImages) throws -> Double

  /// Sets the model that steps are pulled towards, axis (parameter).
  func setAnchor(_ anchor: UnsafeBufferPointer<Float>) throws

  /// Sets the vector that corrects gradients, axis (parameter).
  func setCorrection(_ correction: UnsafeBufferPointer<Float>) throws

  /// One step along the last gradient and what `step` adds to it. The gradient stays as it is.
  func descend(_ optimiser: StochasticGradientDescent, _ step: DescentStep) throws

  /// `computeGradient` and `descend` in one, with the same bits. The gradient is undefined afterwards.
  /// - Returns: the sum of the samples' cross-entropy losses before the step.
  func train(
    _ samples: ArraySlice<Int32>, of images: LabelledImages,
    _ optimiser: StochasticGradientDescent, _ step: DescentStep
  ) throws -> Double

  /// target ← a · x + b · y over the trained parameters, element by element in single precision; b = 0
  /// leaves y out.
  func combine(
    _ target: NetworkVector, _ a: Float, _ x: NetworkVector, _ b: Float, _ y: NetworkVector)

  /// vector ← vector / divisor over the trained parameters.
  func divide(_ vector: NetworkVector, by divisor: Float)

  /// Copies a part of a vector to another one.
  func copy(_ source: NetworkVector, to target: NetworkVector, _ part: NetworkVector.Part)

  /// Writes a vector, axis (parameter).
  func store(_ vector: NetworkVector, into values: UnsafeMutableBufferPointer<Float>) throws

  /// Forward pass in evaluation mode; changes nothing.
  /// - Parameters:
  ///   - samples: the samples' places among the images.
  ///   - images: the images.
  ///   - predicting: whether the evaluation keeps the predicted class of each sample.
  func evaluate(_ samples: ArraySlice<Int32>, of images: LabelledImages, predicting: Bool) throws
    -> Evaluation
}

extension LocalNetwork {
  /// One after the other.
  public func train(
    _ samples: ArraySlice<Int32>, of images: LabelledImages,
    _ optimiser: StochasticGradientDescent, _ step: DescentStep
  ) throws -> Double {
    let lossSum = try computeGradient(samples, of: images)
    try descend(optimiser, step)
    return lossSum
  }

  /// Forward pass in evaluation mode without the samples' predicted classes; changes nothing.
  public func evaluate(_ samples: ArraySlice<Int32>, of images: LabelledImages) throws -> Evaluation
  {
    try evaluate(samples, of: images, predicting: false)
  }

  /// One step along the last gradient, on the layers for which `trains` is true (nil: all).
  public func descend(_ optimiser: StochasticGradientDescent, trains: [Bool]? = nil) throws {
    try descend(optimiser, DescentStep(trains: trains))
  }

  /// Takes over a model and keeps a copy of it.
  public func load(_ parameters: [Float], keepingIn vector: NetworkVector) throws {
    try load(parameters)
    copy(.parameters, to: vector, .all)
  }

  /// A vector, axis (parameter).
  public func values(of vector: NetworkVector) throws -> [Float] {
    try [Float](unsafeUninitializedCapacity: layout.count) { buffer, count in
      try store(vector, into: UnsafeMutableBufferPointer(rebasing: buffer[..<layout.count]))
      count = layout.count
    }
  }

  /// Writes the gradient of the last `computeGradient`, axis (parameter); 0 for statistics. In a loop
  /// over batches this saves the memory that `gradient()` would allocate in every step.
  public func storeGradient(into gradient: inout [Float]) throws {
    try gradient.withUnsafeMutableBufferPointer { try storeGradient(into: $0) }
  }

  /// Takes over parameters, axis (parameter), and forgets momentum.
  public func load(_ parameters: [Float]) throws {
    try parameters.withUnsafeBufferPointer { try load($0) }
  }

  /// Sets the model that steps are pulled towards, axis (parameter).
  public func setAnchor(_ anchor: [Float]) throws {
    try anchor.withUnsafeBufferPointer { try setAnchor($0) }
  }

  /// Sets the vector that corrects gradients, axis (parameter).
  public func setCorrection(_ correction: [Float]) throws {
    try correction.withUnsafeBufferPointer { try setCorrection($0) }
  }

  /// The gradient of the last `computeGradient`, axis (parameter); 0 for statistics.
  public func gradient() throws -> [Float] {
    var gradient = [Float](repeating: 0, count: layout.count)
    try gradient.withUnsafeMutableBufferPointer { try storeGradient(into: $0) }
    return gradient
  }

  /// The current parameters, axis (parameter).
  public func parameters() throws -> [Float] {
    var parameters = [Float](repeating: 0, count: layout.count)
    try parameters.withUnsafeMutableBufferPointer { try store(into: $0) }
    return parameters
  }
}

/// What an evaluation finds over a set of samples.
public struct Evaluation: Sendable, Hashable {
  /// Sum of the cross-entropy losses.
  public var lossSum: Double
  /// Samples of each class whose largest class score is their label's, axis (class).
  public var correctByClass: [Int32]
  /// Samples seen.
  public var count: Int
  /// The class with the largest score of each sample, the first of equals, axis (sample) in the order in which they
  /// were given; `noPrediction` for a sample with a score that is not a number. Nil unless asked for.
  public var predicted: [Int32]?

  /// The predicted class of a sample with a score that is not a number.
  public static let noPrediction: Int32 = -1

  /// Nothing seen yet.
  public init(classCount: Int) {
    lossSum = 0
    correctByClass = [Int32](repeating: 0, count: classCount)
    count = 0
  }

  /// Samples whose largest class score is their label's.
  public var correct: Int { correctByClass.reduce(0) { $0 + Int($1) } }

  /// Share of correct samples in [0, 1]; NaN if none was seen.
  public var accuracy: Float { count > 0 ? Float(Double(correct) / Double(count)) : .nan }
  /// Mean cross-entropy; NaN if no sample was seen.
  public var loss: Float { count > 0 ? Float(lossSum / Double(count)) : .nan }
}
