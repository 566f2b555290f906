extension RunRecord {
  /// The record of the first rounds alone, as if the run had ended there.
  /// - Parameter count: rounds to keep, up to `roundCount`.
  func first(_ count: Int) -> RunRecord {
    var record = RunRecord(
      roundCount: count, clientCount: clientCount, layerCount: layerCount, classCount: classCount)
    let places = 0..<count * clientCount
    for (_, key) in Self.matrices { record[keyPath: key] = Array(self[keyPath: key][places]) }
    for (_, key) in Self.countMatrices { record[keyPath: key] = Array(self[keyPath: key][places]) }
    record.participated = Array(participated[places])
    record.uplinkBytes = Array(uplinkBytes[..<count])
    record.downlinkBytes = Array(downlinkBytes[..<count])
    record.recordedRounds = recordedRounds.filter { $0 <= count }
    let rows = record.recordedRounds.count * clientCount * layerCount
    record.weights = Array(weights.prefix(rows * clientCount))
    record.retained = Array(retained.prefix(rows))
    record.classCountRounds = classCountRounds.filter { $0 <= count }
    let counts = record.classCountRounds.count * clientCount * classCount
    record.correctReceived = Array(correctReceived.prefix(counts))
    record.correctTrained = Array(correctTrained.prefix(counts))
    record.divergedRounds = divergedRounds.map { $0 <= count ? $0 : 0 }
    return record
  }
}

extension RunResult {
  /// The result as it stood after a round. Throws `SpecificationError` if the run has no evaluation there.
  func atRound(_ round: Int) throws -> RunResult {
    guard round <= record.roundCount else {
      throw SpecificationError(
        "\(path): has \(record.roundCount) rounds, expected at least the \(round) of --at-round")
    }
    var result = self
    result.record = record.first(round)
    guard result.record.hasDiverged || result.record.lastEvaluatedRound == round else {
      throw SpecificationError(
        "\(path): has no evaluation after round \(round), the last one before is after round "
          + "\(result.record.lastEvaluatedRound ?? 0); give that as --at-round")
    }
    result.resolvedSpecification = resolvedSpecification.map { key, value in
      (key, key == "rounds" ? "\(round)" : value)
    }
    return result
  }
}
