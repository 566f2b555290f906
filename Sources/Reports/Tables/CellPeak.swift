import Experiments
import Support

/// The highest and the last accuracies of one cell's runs: mean over clients, of the reported model, in percent. Numbers
/// of no run are NaN.
struct CellPeak {
  /// Seeds of the runs that were evaluated, ascending.
  let seeds: [UInt64]
  /// The round of each seed's highest accuracy, the first of several equal ones, axis (seed).
  let rounds: [Int]
  /// Each seed's highest accuracy, mean over seeds.
  let highest: Double
  /// The last evaluation, mean over seeds.
  let last: Double
  /// The last tenth of the evaluations, at least five, mean over them and over seeds; NaN if a run has fewer than five.
  let lastTenth: Double
  /// The standard deviation over those evaluations, mean over seeds.
  let lastTenthDeviation: Double

  /// - Parameter runs: the cell's runs that went through.
  init(_ runs: [RunResult]) {
    let curves = runs.sorted { $0.seed < $1.seed }.compactMap(Curve.init)
    seeds = curves.map(\.seed)
    rounds = curves.map(\.highest.round)
    highest = curves.map(\.highest.accuracy).mean
    last = curves.compactMap(\.accuracies.last).mean
    lastTenth = curves.map(\.lastTenth.mean).mean
    lastTenthDeviation = curves.map(\.lastTenth.standardDeviation).mean
  }

  /// A run's accuracy over its evaluations.
  private struct Curve {
    let seed: UInt64
    let accuracies: [Double]
    let highest: (round: Int, accuracy: Double)

    /// Nil for a run without an evaluation.
    init?(_ run: RunResult) {
      let rounds = run.evaluatedRounds
      accuracies = rounds.map { run.accuracyPercent(run.reported, round: $0) }
      guard let accuracy = accuracies.max(), let place = accuracies.firstIndex(of: accuracy) else {
        return nil
      }
      seed = run.seed
      highest = (rounds[place], accuracy)
    }

    /// The last tenth of the evaluations, at least five; none of fewer.
    var lastTenth: [Double] {
      let count = max(5, accuracies.count / 10)
      return accuracies.count < count ? [] : accuracies.suffix(count)
    }
  }
}
