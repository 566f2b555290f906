import Experiments
import Foundation
import Support

/// What one participation of a client costs, as the runs counted it: mean over runs, rounds and participants.
/// NaN without a run that counted.
struct MeasuredCost {
  /// Gradients of mini-batches.
  let gradients: Double
  /// Samples of forward passes without a gradient.
  let forwardSamples: Double

  init(_ runs: [RunResult]) {
    func mean(_ matrix: KeyPath<RunRecord, [Int32]>) -> Double {
      runs.map { run in
        let participations = run.record.participated.count { $0 }
        let sum = run.record[keyPath: matrix].reduce(0) { $0 + Int($1) }
        return participations == 0 ? .nan : Double(sum) / Double(participations)
      }.mean
    }
    // Results of schema version 1 did not count; no method trains without a gradient.
    let counted = mean(\.gradientComputations)
    gradients = counted == 0 ? .nan : counted
    forwardSamples = counted == 0 ? .nan : mean(\.forwardSamples)
  }
}

/// A method at the round at which it had computed as many gradients as its column's methods do in the whole
/// run: a comparison at equal compute.
struct ComputeMatch {
  /// How many times the column's median a method's gradients must be for the match to matter.
  static let factor = 2.0

  /// The round; the last evaluated one that does not exceed the budget.
  let round: Int
  /// The accuracy there.
  let accuracy: CellAccuracy

  /// Nil unless the method computes more than twice the column's median, and was evaluated early enough.
  /// - Parameters:
  ///   - runs: the method's runs.
  ///   - median: gradients of a participation, median over the column's methods.
  init?(_ runs: [RunResult], median: Double) {
    let own = MeasuredCost(runs).gradients
    guard own > Self.factor * median, let rounds = runs.map(\.record.roundCount).min() else {
      return nil
    }
    let budget = Int(Double(rounds) * median / own)
    guard
      let round = (runs.first?.evaluatedRounds ?? []).last(where: { round in
        round <= budget && runs.allSatisfy { $0.evaluatedRounds.contains(round) }
      })
    else { return nil }
    self.round = round
    accuracy = CellAccuracy(runs.compactMap { try? $0.atRound(round) })
  }
}
