import Experiments
import Support

/// How accuracies differ between the clients of one cell's runs, of the reported models after the last evaluation:
/// each number is the mean over runs, in percent, and NaN without a run that has it.
struct CellSpread {
  /// Seeds of the runs, ascending.
  let seeds: [UInt64]
  /// Of the clients' accuracies: see `AccuracySpread`.
  let mean: Double
  let standardDeviation: Double
  let worst: Double
  let worstTenth: Double
  let bestTenth: Double
  let weightedMean: Double
  /// The share of clients with a higher accuracy than under Local, over runs of the same partition and seed.
  let betterThanLocal: Double
  /// The same for FedAvg.
  let betterThanFedAvg: Double

  /// - Parameters:
  ///   - runs: the cell's runs that went through.
  ///   - local: runs of Local, of which each run is compared with the one of its partition and seed.
  ///   - fedAvg: the same of FedAvg.
  init(_ runs: [RunResult], local: [RunResult], fedAvg: [RunResult]) {
    seeds = runs.map(\.seed).sorted()
    let spreads = runs.map(\.spread)
    func percent(_ value: KeyPath<AccuracySpread, Double>) -> Double {
      spreads.map { 100 * $0[keyPath: value] }.mean
    }
    mean = percent(\.mean)
    standardDeviation = percent(\.standardDeviation)
    worst = percent(\.worst)
    worstTenth = percent(\.worstTenth)
    bestTenth = percent(\.bestTenth)
    weightedMean = percent(\.weightedMean)
    betterThanLocal = Self.betterShare(runs, local)
    betterThanFedAvg = Self.betterShare(runs, fedAvg)
  }

  /// The share of clients that are better in a run than in its counterpart, among those evaluated in both; mean over
  /// pairs. Equal accuracies are not better. NaN without a pair, and for a method and itself.
  private static func betterShare(_ runs: [RunResult], _ others: [RunResult]) -> Double {
    let pairs = PairedRuns(runs, others).pairs.filter { $0.first.method != $0.second.method }
    return 100
      * pairs.map { run, other in
        let both = zip(run.reportedAccuracies, other.reportedAccuracies).filter {
          !$0.isNaN && !$1.isNaN
        }
        return both.isEmpty
          ? .nan : Double(both.count { $0 > $1 }) / Double(both.count)
      }.filter { !$0.isNaN }.mean
  }
}

extension RunResult {
  /// Accuracy in [0, 1] of the reported model after the last evaluation, axis (client); NaN where a client was not
  /// evaluated.
  fileprivate var reportedAccuracies: [Double] {
    guard let round = record.lastEvaluatedRound else { return [] }
    return (0..<record.clientCount).map {
      accuracy(reported, of: $0, round: round).map(Double.init) ?? .nan
    }
  }

  fileprivate var spread: AccuracySpread {
    AccuracySpread(reportedAccuracies, testCounts: testCounts.map(Double.init))
  }
}
