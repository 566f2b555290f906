/// Passes over samples that a network has made: the cost of methods, independent of the machine.
public struct NetworkWork: Sendable, Hashable {
  /// Gradients of mini-batches, each a forward and a backward pass.
  public var gradients: Int
  /// Samples of forward passes in evaluation mode.
  public var evaluatedSamples: Int

  /// An amount of work; default: none.
  public init(gradients: Int = 0, evaluatedSamples: Int = 0) {
    self.gradients = gradients
    self.evaluatedSamples = evaluatedSamples
  }

  /// What was added since `start`.
  public static func - (end: NetworkWork, start: NetworkWork) -> NetworkWork {
    NetworkWork(
      gradients: end.gradients - start.gradients,
      evaluatedSamples: end.evaluatedSamples - start.evaluatedSamples)
  }
}
