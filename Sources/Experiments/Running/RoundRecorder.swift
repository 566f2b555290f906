import FederatedLearning

/// Enters rounds into the record of a run: what a round reports, its evaluation, what is not finite and, where the
/// keys ask for them, aggregation weights and counts of classes.
struct RoundRecorder {
  /// The record so far.
  var record: RunRecord
  private let schedule: RunRecord.Schedule
  private let evaluatedClients: [Int]
  private let commonTest: [Int32]
  private let onDivergence: RunSpecification.OnDivergence

  init(_ preparation: RunPreparation) {
    let specification = preparation.specification
    record = RunRecord(
      roundCount: specification.rounds, clientCount: preparation.data.clientCount,
      layerCount: preparation.layout.layers.count, classCount: preparation.dataset.classNames.count)
    schedule = RunRecord.Schedule(specification, clientCount: preparation.data.clientCount)
    evaluatedClients = preparation.evaluatedClients
    commonTest = preparation.commonTest
    onDivergence = specification.onDivergence
    if schedule.recordsClassConfusion {
      record.confusion = ClassConfusion(
        clientCount: record.clientCount, classCount: record.classCount)
    }
  }

  /// Enters the round that a federation has just done.
  /// - Returns: what ends the run as diverged; nil if nothing does.
  /// - Throws: `WorkStopped` if the evaluation is ended early. `finish` makes up for it.
  mutating func enter<Method>(
    _ done: Federation<Method>.RoundRecord, _ federation: inout Federation<Method>
  ) throws -> Divergence? {
    record.enter(
      round: done.round, participants: done.participants, droppedOut: done.droppedOut,
      trainLosses: done.trainLosses, traffic: done.traffic, work: done.work)
    let findings = federation.divergences(after: done)
    record.enter(findings, participants: done.participants)
    // A run that ends here is evaluated whatever happens, so that no checkpoint has a divergence to remember.
    if onDivergence == .stop, !findings.isEmpty { federation.watch = nil }
    let later = try evaluated(federation, participants: done.participants)
    record.enterWeights(of: federation, schedule)
    return try end(findings.first ?? later, &federation)
  }

  /// Enters what is missing of the last round: its evaluation, if an earlier process was stopped in it or the run
  /// now ends there, and records.
  /// - Returns: what ends the run as diverged; nil if nothing does.
  mutating func finish<Method>(_ federation: inout Federation<Method>) throws -> Divergence? {
    let participants = federation.participants(round: federation.state.round)
    let finding = try evaluated(federation, participants: participants)
    record.enterWeights(of: federation, schedule)
    return try end(finding, &federation)
  }

  /// What ends the run as diverged, which nothing interrupts any more.
  private func end<Method>(_ finding: Divergence?, _ federation: inout Federation<Method>) throws
    -> Divergence?
  {
    guard onDivergence == .stop, let finding else { return nil }
    federation.watch = nil
    return try federation.located(finding)
  }

  /// Evaluates the last round if it is due and not done.
  private mutating func evaluated<Method>(
    _ federation: Federation<Method>, participants: [Int]
  ) throws -> Divergence? {
    let round = federation.state.round
    let countsClasses = record.lacksClassCounts(round, schedule)
    guard schedule.evaluates(round), !record.isEvaluated(round) || countsClasses else { return nil }
    // First, so that nothing is entered of an evaluation that is ended early.
    let common = try federation.evaluateGlobalModel(on: commonTest)
    let test = try federation.evaluate(
      evaluatedClients, predicting: countsClasses && schedule.recordsClassConfusion)
    if let common { record.enter(common, round: round) }
    record.enter(test, of: evaluatedClients, round: round)
    record.enterClassCounts(
      test, of: evaluatedClients, federation.data, round: round, schedule)
    let findings = federation.divergences(in: test, of: evaluatedClients)
    record.enter(findings, participants: participants)
    return findings.first
  }
}
