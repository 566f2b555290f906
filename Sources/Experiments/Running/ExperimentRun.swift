import FederatedLearning
import Foundation
import NeuralNetworks

/// Runs a prepared specification from its first or a later round to the end, or until told to stop.
public struct ExperimentRun {
  /// How a run ended.
  public enum Outcome: Sendable, Equatable {
    /// All rounds are done and the result file is written.
    case complete
    /// Stopped as asked: a checkpoint holds the state after that round.
    case interrupted(afterRound: Int)
    /// A value was not finite: the result file holds the rounds up to that one.
    case diverged(Divergence)
  }

  /// What is reported when a run is resumed from a checkpoint.
  public struct Resumption: Sendable {
    /// Rounds already done.
    public let rounds: Int
    /// The checkpoint's file.
    public let checkpoint: String
    /// Why the last checkpoint gave way to the one before it, in one line; nil if it did not.
    public let damage: String?
  }

  /// What is reported after every round.
  public struct Progress: Sendable {
    /// Rounds done.
    public let round: Int
    /// Rounds planned.
    public let roundCount: Int
    /// Rounds done by this process.
    public let roundsHere: Int
    /// Seconds since this process began with the first of them.
    public let seconds: Double
    /// Mean accuracies over clients at the last evaluation; nil before the first.
    public let accuracyReceived: Double?
    /// The same for the trained models.
    public let accuracyTrained: Double?
  }

  private let preparation: RunPreparation
  private let output: String
  private let overwrite: Bool
  private let workerCount: Int
  private let isAudited: Bool
  private let recordsDivergence: Bool

  /// - Parameters:
  ///   - preparation: what to run, with its data.
  ///   - output: the result file; its checkpoint and sidecar are beside it.
  ///   - overwrite: whether an existing result is replaced.
  ///   - workerCount: threads; changes no number of the result.
  ///   - isAudited: whether the result also holds all that a replay needs. Audited runs are small:
  ///     they are kept in memory and have no checkpoints.
  ///   - recordsDivergence: whether a run that stops because it diverged leaves a result file that says
  ///     so, as a sweep wants it, or throws.
  public init(
    _ preparation: RunPreparation, output: String, overwrite: Bool, workerCount: Int,
    isAudited: Bool = false, recordsDivergence: Bool = false
  ) {
    self.preparation = preparation
    self.output = output
    self.overwrite = overwrite
    self.workerCount = workerCount
    self.isAudited = isAudited
    self.recordsDivergence = recordsDivergence
  }

  /// Runs. Resumes from the checkpoint beside the output if there is one of the same specification.
  /// - Parameters:
  ///   - shouldStop: asked after every round.
  ///   - resumed: called once if the run is resumed from a checkpoint.
  ///   - report: called after every round.
  /// - Throws: whatever of the specification does not fit the data; `HDF5Error` for files;
  ///   `CheckpointError` if a checkpoint belongs to another specification, data or version of the
  ///   numerics, or is damaged; `DivergenceError` if the run diverges.
  public func run(
    shouldStop: () -> Bool, resumed: (Resumption) -> Void = { _ in },
    report: (Progress) -> Void
  ) throws -> Outcome {
    guard let type = MethodRegistry.method(named: preparation.specification.method) else {
      throw SpecificationError("method: \(preparation.specification.method) is not registered")
    }
    return try run(type, shouldStop: shouldStop, resumed: resumed, report: report)
  }

  private func run<Method: FederatedMethod>(
    _ type: Method.Type, shouldStop: () -> Bool, resumed: (Resumption) -> Void,
    report: (Progress) -> Void
  ) throws -> Outcome {
    let specification = preparation.specification
    let engine = try ProcessorTrainingEngine(
      architecture: preparation.architecture, batchSize: specification.batchSize,
      workerCount: workerCount)
    let setting = preparation.setting
    var federation = try Federation(
      method: try Method(options: specification.methodOptions, setting: setting),
      data: preparation.data,
      engine: engine)
    var record = RunRecord(
      roundCount: specification.rounds, clientCount: preparation.data.clientCount,
      layerCount: preparation.layout.layers.count, classCount: preparation.dataset.classNames.count)
    let checkpoint = CheckpointFile(besides: output)
    let origin = CheckpointFile.Origin(
      settings: preparation.resolved, datasetSHA256: preparation.dataset.sha256)
    var lastSaved: (path: String, round: Int)?
    if !isAudited, let found = try checkpoint.load(origin, empty: record) {
      let saved = found.checkpoint
      do {
        try federation.restore(round: saved.round, bank: saved.bank, server: saved.server)
      } catch let error as FederationError {
        throw checkpoint.misfit("\(error)")
      }
      record = saved.record
      lastSaved = (found.path, saved.round)
      resumed(Resumption(rounds: saved.round, checkpoint: found.path, damage: found.damage))
    }
    func save() throws {
      try checkpoint.write(
        Checkpoint(
          round: federation.state.round, bank: federation.state.bank,
          server: federation.method.tensors(of: federation.state.server), record: record),
        origin)
      lastSaved = (checkpoint.path, federation.state.round)
    }

    var audit =
      isAudited
      ? AuditRecord(of: federation, initialParameters: setting.initialParameters) : nil

    let recordWeightsEvery = specification.recordWeightsEvery(clientCount: record.clientCount)
    let start = ContinuousClock.now
    let firstRound = federation.state.round
    var divergence: Divergence?
    while federation.state.round < specification.rounds, divergence == nil {
      try audit?.enter(before: federation)
      let done = try federation.runRound()
      audit?.enter(after: federation)
      record.enter(
        round: done.round, participants: done.participants, trainLosses: done.trainLosses,
        traffic: done.traffic, work: done.work)
      let isLast = done.round == specification.rounds
      var findings = federation.divergences(after: done)
      if isLast || done.round.isMultiple(of: specification.evaluateEvery) {
        let test = try federation.evaluate()
        record.enter(test, round: done.round)
        record.enterClassCounts(
          test, round: done.round, every: specification.recordClassCountsEvery)
        findings += federation.divergences(in: test)
      }
      record.enter(findings, participants: done.participants)
      record.enterWeights(of: federation, every: recordWeightsEvery)
      report(
        progress(record, round: done.round, since: firstRound, (ContinuousClock.now - start)))
      if specification.onDivergence == .stop {
        divergence = try findings.first.map(federation.located)
      }
      guard !isLast, divergence == nil else { break }
      if shouldStop() {
        guard !isAudited else {
          throw SpecificationError("stopped: an audited run keeps no checkpoint; start it again")
        }
        try save()
        return .interrupted(afterRound: done.round)
      }
      if !isAudited, specification.checkpointEvery > 0,
        done.round.isMultiple(of: specification.checkpointEvery)
      {
        try save()
      }
    }

    if let divergence, !recordsDivergence {
      throw DivergenceError(
        divergence, specification, Method.information, checkpoint: lastSaved)
    }
    audit?.enter(afterLast: federation)
    // Before the result, so that no result is without one.
    let sidecar = RunSidecar(
      workerCount: workerCount, rounds: federation.state.round - firstRound,
      seconds: (ContinuousClock.now - start).seconds)
    try sidecar.write(besides: output)
    do {
      try ResultFile.write(
        to: output, overwrite: overwrite, preparation: preparation, record: record,
        information: Method.information,
        models: specification.savedModels == .none || divergence != nil
          ? nil
          : { clients in
            try federation.models(
              specification.savedModels == .trained ? .trained : .received, of: clients)
          },
        audit: audit)
    } catch {
      RunSidecar.remove(besides: output)
      throw error
    }
    checkpoint.remove()
    return divergence.map { .diverged($0) } ?? .complete
  }

  private func progress(
    _ record: RunRecord, round: Int, since first: Int, _ elapsed: Duration
  ) -> Progress {
    let evaluated = record.lastEvaluatedRound
    return Progress(
      round: round, roundCount: record.roundCount, roundsHere: round - first,
      seconds: elapsed.seconds,
      accuracyReceived: evaluated.map { record.meanOverClients(\.testAccuracyReceived, round: $0) },
      accuracyTrained: evaluated.map { record.meanOverClients(\.testAccuracyTrained, round: $0) })
  }
}

extension Duration {
  /// The duration in seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
