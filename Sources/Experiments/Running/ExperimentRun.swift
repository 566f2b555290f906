import FederatedLearning
import Foundation
import NeuralNetworks

/// Runs a prepared specification from its first or a later round to the end, or until told to stop.
public struct ExperimentRun {
  /// How a run ended.
  public enum Outcome: Sendable, Equatable {
    /// All rounds are done and the result file is written.
    case complete
    /// Stopped as asked: a checkpoint holds the state after that round, if it is not 0.
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
    /// The mean of the finite training losses of the last round; NaN without any.
    public let trainLoss: Double
    /// The round of the last evaluation; nil before the first.
    public let evaluatedRound: Int?
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
  private let ranks: RankGroup?

  /// - Parameters:
  ///   - preparation: what to run, with its data.
  ///   - output: the result file; its checkpoint and sidecar are beside it.
  ///   - overwrite: whether an existing result is replaced.
  ///   - workerCount: threads; changes no number of the result.
  ///   - isAudited: whether the result also holds all that a replay needs. Audited runs are small:
  ///     they are kept in memory and have no checkpoints.
  ///   - recordsDivergence: whether a run that stops because it diverged leaves a result file that says
  ///     so, as a sweep wants it, or throws.
  ///   - ranks: the processes that share the run, of which this is the first: the others `follow`. The caller ends
  ///     them. They change no number of the result.
  public init(
    _ preparation: RunPreparation, output: String, overwrite: Bool, workerCount: Int,
    isAudited: Bool = false, recordsDivergence: Bool = false, ranks: RankGroup? = nil
  ) {
    self.preparation = preparation
    self.output = output
    self.overwrite = overwrite
    self.workerCount = workerCount
    self.isAudited = isAudited
    self.recordsDivergence = recordsDivergence
    self.ranks = ranks
  }

  /// Runs. Resumes from the checkpoint beside the output if there is one of the same specification; it may have
  /// fewer rounds, and other records that this one's can be taken from (`RunRecord.continued`).
  /// - Parameters:
  ///   - shouldStop: asked after every round.
  ///   - watch: watches rounds and evaluations while they are worked on, and may end them early: what a round had
  ///     done is lost, and a later run resumes before it.
  ///   - resumed: called once if the run is resumed from a checkpoint.
  ///   - report: called after every round.
  /// - Throws: whatever of the specification does not fit the data or the machine's memory; `HDF5Error` for
  ///   files; `CheckpointError` if a checkpoint belongs to another specification, data or version of the
  ///   numerics, or is damaged; `DivergenceError` if the run diverges.
  public func run(
    shouldStop: () -> Bool, watch: RoundWatch? = nil, resumed: (Resumption) -> Void = { _ in },
    report: (Progress) -> Void
  ) throws -> Outcome {
    let specification = preparation.specification
    guard let type = MethodRegistry.method(named: specification.method) else {
      throw SpecificationError("method: \(specification.method) is not registered")
    }
    guard !(isAudited && specification.evaluateClients > 0) else {
      throw SpecificationError(
        "evaluate_clients: found \(specification.evaluateClients), expected 0 for an audited run: its replay evaluates "
          + "all clients")
    }
    guard !(isAudited && specification.keepState) else {
      throw SpecificationError(
        "keep_state: an audited run keeps no state; leave out one of the two")
    }
    guard ranks == nil || specification.newClients == 0 else {
      throw SpecificationError(
        "new_clients: found \(specification.newClients), expected 0 for a run of several ranks; run it without mpirun"
      )
    }
    return try run(type, shouldStop: shouldStop, watch: watch, resumed: resumed, report: report)
  }

  private func run<Method: FederatedMethod>(
    _ type: Method.Type, shouldStop: () -> Bool, watch: RoundWatch?,
    resumed: (Resumption) -> Void, report: (Progress) -> Void
  ) throws -> Outcome {
    let specification = preparation.specification
    let setting = preparation.setting
    let method = try Method(options: specification.methodOptions, setting: setting)
    try MemoryNeed(
      of: method, preparation, workerCount: workerCount, rankCount: ranks?.rankCount ?? 1
    ).requireFits()
    var federation = try federation(of: method)
    var rounds = RoundRecorder(preparation)
    let checkpoint = CheckpointFile(besides: output)
    let origin = CheckpointFile.Origin(preparation)
    var lastSaved: (path: String, round: Int)?
    if !isAudited, let found = try checkpoint.load(origin, empty: rounds.record) {
      let saved = found.checkpoint
      do {
        try federation.restore(round: saved.round, bank: saved.bank, server: saved.server)
      } catch let error as FederationError {
        throw checkpoint.misfit("\(error)")
      }
      if specification.onDivergence == .stop, let round = saved.record.firstDivergedRound {
        throw CheckpointError(
          .otherRun,
          "\(found.path): the run went on after it had diverged in round \(round), with on_divergence=continue",
          advice: "; give that to resume, or remove \(found.path) to start again")
      }
      rounds.record = saved.record
      lastSaved = (found.path, saved.round)
      resumed(Resumption(rounds: saved.round, checkpoint: found.path, damage: found.damage))
    }
    func save() throws {
      try federation.times.measure(.saving) {
        try checkpoint.write(
          Checkpoint(
            round: federation.state.round, bank: federation.state.bank,
            server: federation.method.tensors(of: federation.state.server), record: rounds.record),
          origin)
      }
      lastSaved = (checkpoint.path, federation.state.round)
    }
    func interrupted() throws -> Outcome {
      guard !isAudited else {
        throw SpecificationError("stopped: an audited run keeps no checkpoint; start it again")
      }
      // Before the first round there is nothing to keep.
      if federation.state.round > 0 { try save() }
      return .interrupted(afterRound: federation.state.round)
    }

    var audit =
      isAudited
      ? AuditRecord(of: federation, initialParameters: setting.initialParameters) : nil

    let start = ContinuousClock.now
    let firstRound = federation.state.round
    var divergence: Divergence?
    var newClients: NewClientRecord?
    do {
      federation.watch = watch
      // What an earlier process was stopped in, and what more rounds ask for.
      if federation.state.round > 0 { divergence = try rounds.finish(&federation) }
      while federation.state.round < specification.rounds, divergence == nil {
        try audit?.enter(before: federation)
        let done = try federation.runRound()
        audit?.enter(after: federation)
        divergence = try rounds.enter(done, &federation)
        report(
          progress(
            rounds.record, round: done.round, since: firstRound, (ContinuousClock.now - start)))
        guard federation.state.round < specification.rounds, divergence == nil else { break }
        if shouldStop() { return try interrupted() }
        if !isAudited, specification.checkpointEvery > 0,
          done.round.isMultiple(of: specification.checkpointEvery)
        {
          try save()
        }
      }
      if divergence == nil { newClients = try joining(federation, audit: &audit) }
    } catch is WorkStopped {
      return try interrupted()
    }
    federation.watch = nil

    if let divergence, !recordsDivergence {
      throw DivergenceError(
        divergence, specification, Method.information, checkpoint: lastSaved)
    }
    audit?.enter(afterLast: federation)
    let keepsState = specification.keepState && divergence == nil
    // A full disk may have room for the result.
    let kept = Result { if keepsState { try save() } }
    // Before the result, so that no result is without one.
    let sidecar = RunSidecar(
      workerCount: workerCount, rankCount: ranks?.rankCount,
      rounds: federation.state.round - firstRound,
      seconds: (ContinuousClock.now - start).seconds, phases: federation.times.seconds)
    try sidecar.write(besides: output)
    do {
      try ResultFile.write(
        to: output, overwrite: overwrite, preparation: preparation, record: rounds.record,
        newClients: newClients, information: Method.information,
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
    if keepsState {
      do {
        try kept.get()
      } catch {
        throw SpecificationError("keep_state: \(output) is written, but not its state: \(error)")
      }
      checkpoint.removePrevious()
    } else if !isAudited {
      checkpoint.remove()
    }
    return divergence.map { .diverged($0) } ?? .complete
  }

  /// What the clients measure that join after training; nil without any. Changes nothing.
  private func joining<Method: FederatedMethod>(
    _ federation: Federation<Method>, audit: inout AuditRecord?
  ) throws -> NewClientRecord? {
    guard let partition = preparation.newPartition else { return nil }
    let specification = preparation.specification
    var records: [Federation<Method>.JoiningRecord] = []
    for (place, samples) in zip(partition.train, partition.test).enumerated() {
      records.append(
        try federation.joining(
          (samples.0, samples.1), classCount: preparation.dataset.classNames.count,
          options: specification.methodOptions, rounds: specification.newClientRounds,
          observe: { audit?.joining.enter($0, newClient: place) }))
    }
    return NewClientRecord(preparation.newClients, records)
  }

  /// What decides the run's numbers, a line each: the numerics, the data, every key. All ranks must have the same.
  private var identity: [String] {
    ["numerics version: \(CodeVersion.numerics)", "dataset: \(preparation.dataset.sha256)"]
      + preparation.resolved.map { "\($0.key): \($0.value)" }
  }

  /// Works for the run's leader until it ends the run, on every rank but the first. Writes nothing.
  /// - Parameter leader: what `RankGroup.awaitStart` returned.
  /// - Throws: `SpecificationError` if this rank's specification, data or program differ from the leader's; what the
  ///   machine does not allow; and `FederationError`. Then all ranks must be ended.
  public func follow(_ leader: [String]) throws {
    let specification = preparation.specification
    for (own, other) in zip(identity, leader) where own != other {
      throw SpecificationError(
        "found \(own), rank 0 has \(other); give all ranks the same files and program")
    }
    guard identity.count == leader.count else {
      throw SpecificationError(
        "the specification differs from rank 0's; give all ranks the same files and program")
    }
    guard let type = MethodRegistry.method(named: specification.method) else {
      throw SpecificationError("method: \(specification.method) is not registered")
    }
    func follow<Method: FederatedMethod>(_ type: Method.Type) throws {
      let method = try Method(
        options: specification.methodOptions, setting: preparation.setting)
      try MemoryNeed(
        of: method, preparation, workerCount: workerCount, rankCount: ranks?.rankCount ?? 1
      ).requireFits()
      var federation = try federation(of: method)
      try federation.follow()
    }
    try follow(type)
  }

  /// The federation before its first round, shared among the ranks.
  private func federation<Method: FederatedMethod>(of method: Method) throws -> Federation<Method> {
    let engine = try ProcessorTrainingEngine(
      architecture: preparation.architecture, batchSize: preparation.specification.batchSize,
      workerCount: workerCount)
    var federation = try Federation(method: method, data: preparation.data, engine: engine)
    if let ranks {
      // The others prepare only what the leader has accepted.
      if ranks.isLeader { ranks.start(identity) }
      try federation.share(among: ranks)
    }
    return federation
  }

  private func progress(
    _ record: RunRecord, round: Int, since first: Int, _ elapsed: Duration
  ) -> Progress {
    // Not from the planned end backwards: that would be a walk through all rounds after each.
    let evaluated = (1...round).last { record.isEvaluated($0) }
    return Progress(
      round: round, roundCount: record.roundCount, roundsHere: round - first,
      seconds: elapsed.seconds,
      trainLoss: record.trainLoss[record.places(ofRound: round)].filter(\.isFinite).map(Double.init)
        .mean,
      evaluatedRound: evaluated,
      accuracyReceived: evaluated.map { record.meanOverClients(\.testAccuracyReceived, round: $0) },
      accuracyTrained: evaluated.map { record.meanOverClients(\.testAccuracyTrained, round: $0) })
  }
}

extension Duration {
  /// The duration in seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
