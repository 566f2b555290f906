import FederatedLearning

extension RunRecord {
  /// After which rounds a run is evaluated and records more than that.
  package struct Schedule: Sendable, Equatable {
    /// Rounds planned; the last one is evaluated and recorded whatever its number.
    package let roundCount: Int
    /// Rounds between evaluations.
    let evaluateEvery: Int
    /// Rounds between records of aggregation weights; 0: never, or the method has none.
    let recordWeightsEvery: Int
    /// Rounds between records of counts of classes; 0: never.
    let recordClassCountsEvery: Int
    /// Whether such a record also says which classes the samples were taken for.
    let recordsClassConfusion: Bool

    /// The schedule that a specification asks for.
    package init(_ specification: RunSpecification, clientCount: Int) {
      roundCount = specification.rounds
      evaluateEvery = specification.evaluateEvery
      recordWeightsEvery =
        MethodRegistry.method(named: specification.method) is any AggregationWeighting.Type
        ? specification.recordWeightsEvery(clientCount: clientCount) : 0
      recordClassCountsEvery = specification.recordClassCountsEvery
      recordsClassConfusion = specification.recordClassConfusion
    }

    /// Whether a round is evaluated.
    func evaluates(_ round: Int) -> Bool {
      round == roundCount || round.isMultiple(of: evaluateEvery)
    }

    /// Whether the aggregation weights are recorded after a round.
    func recordsWeights(_ round: Int) -> Bool {
      recordWeightsEvery > 0
        && (round == roundCount || round.isMultiple(of: recordWeightsEvery))
    }

    /// Whether the evaluation after a round counts classes: the first one after every so many rounds, and the
    /// last one.
    /// - Parameter last: the last round whose evaluation did; 0 if none has.
    func countsClasses(_ round: Int, last: Int) -> Bool {
      recordClassCountsEvery > 0
        && (round == roundCount
          || round / recordClassCountsEvery > last / recordClassCountsEvery)
    }

    /// How many evaluations count classes.
    var classCountRecords: Int {
      var (count, last) = (0, 0)
      for round in stride(from: evaluateEvery, to: roundCount, by: evaluateEvery)
      where countsClasses(round, last: last) {
        (count, last) = (count + 1, round)
      }
      return recordClassCountsEvery > 0 ? count + 1 : 0
    }
  }

  /// Whether an evaluation after a round should have counted classes and has not.
  func lacksClassCounts(_ round: Int, _ schedule: Schedule) -> Bool {
    let last = classCountRounds.last.map(Int.init) ?? 0
    return last != round && schedule.countsClasses(round, last: last)
  }

  /// Why a record cannot be that of a run of another schedule.
  struct OtherSchedule: Error {
    let reason: String
    /// The key whose old value would help.
    let key: String
    /// What would help instead of it.
    var mend: String?
  }

  /// The record as a run of another schedule has it after the same rounds: with more or fewer rounds, and without
  /// what only the end of the old run asked for.
  /// - Parameters:
  ///   - schedule: the new one.
  ///   - round: the last round done; what is missing of it is entered later.
  /// - Throws: `OtherSchedule` if the new schedule asks for a record of an earlier round that was not made.
  func continued(_ schedule: Schedule, after round: Int) throws -> RunRecord {
    guard round <= schedule.roundCount else {
      throw OtherSchedule(
        reason: "\(round) rounds are done already, rounds is now \(schedule.roundCount)",
        key: "rounds", mend: "rounds=\(round) or more")
    }
    var record = RunRecord(
      roundCount: schedule.roundCount, clientCount: clientCount, layerCount: layerCount,
      classCount: classCount)
    let places = 0..<round * clientCount
    for (_, key) in Self.matrices {
      record[keyPath: key].replaceSubrange(places, with: self[keyPath: key][places])
    }
    for (_, key) in Self.countMatrices {
      record[keyPath: key].replaceSubrange(places, with: self[keyPath: key][places])
    }
    record.participated.replaceSubrange(places, with: participated[places])
    record.droppedOut.replaceSubrange(places, with: droppedOut[places])
    for (_, key) in Self.commonTest {
      record[keyPath: key].replaceSubrange(0..<round, with: self[keyPath: key][..<round])
    }
    record.uplinkBytes.replaceSubrange(0..<round, with: uplinkBytes[..<round])
    record.downlinkBytes.replaceSubrange(0..<round, with: downlinkBytes[..<round])
    record.divergedRounds = divergedRounds
    if isEvaluated(round), !schedule.evaluates(round) {
      // The evaluation after the old last round may have found it, which a longer run would not have made.
      guard !divergedRounds.contains(Int32(round)) else {
        throw OtherSchedule(
          reason: "values of a client were not finite in its last round, \(round)", key: "rounds")
      }
      record.forgetEvaluation(ofRound: round)
    }
    try record.takeWeights(from: self, schedule, after: round)
    try record.takeClassCounts(from: self, schedule, after: round)
    return record
  }

  private mutating func forgetEvaluation(ofRound round: Int) {
    let missing = [Float](repeating: .nan, count: clientCount)
    for key in [
      \RunRecord.testAccuracyReceived, \.testAccuracyTrained, \.testLossReceived, \.testLossTrained,
    ] {
      self[keyPath: key].replaceSubrange(places(ofRound: round), with: missing)
    }
    for (_, key) in Self.commonTest { self[keyPath: key][round - 1] = .nan }
  }

  private mutating func takeWeights(
    from old: RunRecord, _ schedule: Schedule, after round: Int
  ) throws {
    let (rows, values) = (clientCount * layerCount, clientCount * layerCount * clientCount)
    let places = Self.places(old.recordedRounds)
    for needed in 1...max(round, 1) where schedule.recordsWeights(needed) {
      guard let place = places[needed] else {
        if needed == round { continue }
        throw OtherSchedule(
          reason:
            "record_weights_every is now \(schedule.recordWeightsEvery), but the weights after round "
            + "\(needed) were not recorded", key: "record_weights_every")
      }
      recordedRounds.append(Int32(needed))
      weights += old.weights[place * values..<(place + 1) * values]
      if !old.retained.isEmpty { retained += old.retained[place * rows..<(place + 1) * rows] }
    }
  }

  private mutating func takeClassCounts(
    from old: RunRecord, _ schedule: Schedule, after round: Int
  ) throws {
    let values = clientCount * classCount
    let places = Self.places(old.classCountRounds)
    if schedule.recordsClassConfusion {
      confusion = ClassConfusion(clientCount: clientCount, classCount: classCount)
    }
    var last = 0
    for needed in 1...max(round, 1)
    where isEvaluated(needed) && schedule.countsClasses(needed, last: last) {
      guard let place = places[needed] else {
        if needed == round { continue }
        throw OtherSchedule(
          reason:
            "record_class_counts_every is now \(schedule.recordClassCountsEvery), but the classes of round "
            + "\(needed) were not counted", key: "record_class_counts_every")
      }
      if schedule.recordsClassConfusion, old.confusion == nil {
        if needed == round { continue }
        throw OtherSchedule(
          reason:
            "record_class_confusion is now true, but the classes of round \(needed) were counted without it",
          key: "record_class_confusion", mend: "record_class_confusion=false")
      }
      last = needed
      classCountRounds.append(Int32(needed))
      correctReceived += old.correctReceived[place * values..<(place + 1) * values]
      correctTrained += old.correctTrained[place * values..<(place + 1) * values]
      if let counts = old.confusion {
        confusion?.take(place, of: counts, as: classCountRounds.count - 1)
      }
    }
  }

  /// The place of each recorded round.
  private static func places(_ rounds: [Int32]) -> [Int: Int] {
    Dictionary(rounds.enumerated().map { (Int($1), $0) }, uniquingKeysWith: { first, _ in first })
  }
}
