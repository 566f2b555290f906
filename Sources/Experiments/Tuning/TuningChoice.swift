import FederatedLearning
import Foundation
import Support

/// The trial chosen among those of one method at one place of a tuning sweep.
///
/// A trial's score is the mean over seeds and clients of the accuracy of the model that the method's own
/// paper reports, on the held-out samples, averaged over the last five evaluations (all, if there are
/// fewer). Its standard error is that of sampling the held-out samples: √(Σ_i p_i (1 − p_i) / n_i) / C for
/// the C clients of a run, with n_i held-out samples and score p_i, combined over seeds.
///
/// Rule: of the trials whose score is within one standard error of the best score (the standard error of
/// the best), the first in the grid's order is chosen. A trial with a diverged run is never chosen.
public struct TuningChoice: Sendable {
  /// One trial.
  public struct Trial: Sendable {
    /// Its number, from 1.
    public let number: Int
    /// The keys that the grid varies for its method, with the values in force, by name.
    public let settings: [(key: String, value: String)]
    /// Its runs that are finished and did not diverge.
    public let runs: [RunResult]
    /// The number of its runs that are planned.
    public let plannedCount: Int
    /// The number of its runs that diverged.
    public let divergedCount: Int
    /// In percent; NaN without a run.
    public let score: Double
    /// In percentage points; NaN without a run.
    public let standardError: Double

    /// Whether no run is missing.
    public var isFinished: Bool { runs.count + divergedCount == plannedCount }

    package init(
      number: Int, settings: [(key: String, value: String)], runs: [RunResult],
      plannedCount: Int, divergedCount: Int
    ) {
      self.number = number
      self.settings = settings
      self.runs = runs
      self.plannedCount = plannedCount
      self.divergedCount = divergedCount
      let scores = runs.map(HeldOutScore.init)
      score = scores.map(\.percent).mean
      standardError =
        scores.isEmpty
        ? .nan
        : scores.map { $0.standardError * $0.standardError }.reduce(0, +).squareRoot()
          / Double(scores.count)
    }
  }

  /// The trials in the grid's order.
  public let trials: [Trial]

  package init(trials: [Trial]) { self.trials = trials }

  /// The trial with the highest score; nil unless all trials are finished and one did not diverge.
  public var best: Trial? {
    guard trials.allSatisfy(\.isFinished) else { return nil }
    // The first of equal ones.
    return candidates.reduce(nil) { best, trial in
      trial.score > (best?.score ?? -.infinity) ? trial : best
    }
  }

  /// The trial that the rule chooses; nil if there is no best one.
  public var chosen: Trial? {
    guard let best else { return nil }
    return candidates.first { $0.score >= best.score - best.standardError }
  }

  private var candidates: [Trial] {
    trials.filter { $0.divergedCount == 0 && !$0.score.isNaN }
  }
}

/// A run's accuracy on its held-out samples.
struct HeldOutScore {
  private static let evaluationCount = 5

  /// Mean over clients, in percent; NaN without an evaluation.
  let percent: Double
  /// The standard error of sampling the held-out samples, in percentage points.
  let standardError: Double

  init(_ run: RunResult) {
    let rounds = run.evaluatedRounds.suffix(Self.evaluationCount)
    guard !rounds.isEmpty else {
      percent = .nan
      standardError = .nan
      return
    }
    let evaluated = run.record.evaluatedClients(round: rounds.last ?? 1)
    let clients = evaluated.map { client in
      rounds.compactMap { run.accuracy(run.reported, of: client, round: $0).map(Double.init) }.mean
    }
    percent = 100 * clients.mean
    let variances = zip(clients, evaluated.map { run.testCounts[$0] }).map {
      $0 * (1 - $0) / Double(max($1, 1))
    }
    standardError = 100 * variances.reduce(0, +).squareRoot() / Double(max(clients.count, 1))
  }
}
