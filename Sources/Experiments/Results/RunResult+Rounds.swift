extension RunResult {
  /// The result as it stood after a round. Throws `SpecificationError` if the run has no evaluation there.
  package func atRound(_ round: Int) throws -> RunResult {
    guard round <= record.roundCount else {
      throw SpecificationError(
        "\(path): has \(record.roundCount) rounds, expected at least the \(round) of --at-round")
    }
    var result = self
    result.record = record.first(round)
    guard result.record.hasDiverged || result.record.lastEvaluatedRound == round else {
      throw SpecificationError(
        "\(path): has no evaluation after round \(round); the last one before it is after round "
          + "\(result.record.lastEvaluatedRound ?? 0); give that as --at-round")
    }
    result.resolvedSpecification = resolvedSpecification.map { key, value in
      (key, key == "rounds" ? "\(round)" : value)
    }
    return result
  }
}
