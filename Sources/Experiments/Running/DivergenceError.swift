import FederatedLearning

/// A run that stopped because a value was not finite.
public struct DivergenceError: Error, CustomStringConvertible, Equatable, Sendable {
  /// Where it was found first.
  public let divergence: Divergence
  /// One line: where, and what to change.
  public let description: String

  /// - Parameters:
  ///   - learningRate: the run's.
  ///   - checkpoint: the file of the last good state; nil if none was written.
  init(_ divergence: Divergence, learningRate: Float, checkpoint: String?) {
    self.divergence = divergence
    description =
      "diverged: \(divergence) is not finite. Try a learning_rate below \(learningRate), or record the "
      + "divergence and continue with --set on_divergence=continue"
      + (checkpoint.map { "; the state before it is kept in \($0)" } ?? "")
  }
}
