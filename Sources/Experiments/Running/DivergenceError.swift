import FederatedLearning

/// A run that stopped because a value was not finite.
public struct DivergenceError: Error, CustomStringConvertible, Equatable, Sendable {
  /// Where it was found first.
  public let divergence: Divergence
  /// One line: where, and what to change.
  public let description: String

  /// - Parameters:
  ///   - specification: the run's, whose step sizes are named.
  ///   - information: of its method.
  ///   - checkpoint: the file of the last good state and its round; nil if none was written.
  init(
    _ divergence: Divergence, _ specification: RunSpecification, _ information: MethodInformation,
    checkpoint: (path: String, round: Int)?
  ) {
    self.divergence = divergence
    let options = specification.methodOptions
    var keys = information.stepSizes(options).map {
      "methods.\(information.name).\($0.key) (now \($0.value))"
    }
    if information.usesLearningRate(options) {
      keys.insert("learning_rate (now \(specification.optimiser.learningRate))", at: 0)
    }
    let list =
      keys.count > 1
      ? keys.dropLast().joined(separator: ", ") + " or " + (keys.last ?? "") : keys.joined()
    description =
      "diverged: \(divergence.sentence). Try a smaller \(list), or record the divergence and continue with "
      + "--set on_divergence=continue"
      + (checkpoint.map { "; the state after round \($0.round) is in \($0.path)" } ?? "")
  }
}
