import Experiments
import FederatedLearning

/// Runs side by side, paired by seed; a pair has the same partition and so the same clients.
struct PairedRuns {
  let pairs: [(first: RunResult, second: RunResult)]

  init(_ first: [RunResult], _ second: [RunResult]) {
    pairs = first.compactMap { run in
      second.first {
        $0.seed == run.seed && $0.partitionSHA256 == run.partitionSHA256
          && $0.record.clientCount == run.record.clientCount
      }.map { (run, $0) }
    }
  }

  /// Each seed's mean accuracy over clients, first minus second, at the last evaluation of the reported
  /// models, in points of percent, axis (pair); without pairs that were never evaluated.
  var accuracyDifferences: [Double] {
    pairs.map { first, second in
      first.accuracyPercent(first.reported) - second.accuracyPercent(second.reported)
    }.filter { !$0.isNaN }
  }

  /// The contrast of the two sides' accuracy.
  func contrast(
    reference: Double = 0, smallestDifference: Double = Self.smallestAccuracyDifference
  ) -> SeedContrast {
    SeedContrast(
      accuracyDifferences, reference: reference, smallestDifference: smallestDifference,
      tolerance: Self.accuracyTolerance)
  }

  /// The smallest difference of accuracies that matters, in points of percent.
  static let smallestAccuracyDifference = 0.5

  /// Differences of float accuracies that are rounding only, in points of percent.
  static let accuracyTolerance = 1e-4
}
