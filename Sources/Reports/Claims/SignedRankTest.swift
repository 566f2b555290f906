import Foundation

/// Wilcoxon's signed-rank test of paired differences (Wilcoxon, Individual comparisons by ranking
/// methods, Biometrics Bulletin 1945): are they as often and as much above zero as below?
///
/// The sizes of the differences are ranked, equal ones with their mean rank; W+ is the sum of the
/// ranks of positive differences, W− of negative ones. Zeros are left out, as Wilcoxon has it. Up to
/// 25 differences the probability is exact, given the ties: every rank has either sign with
/// probability one half. Above that it is the normal approximation with variance
/// n(n + 1)(2n + 1)/24 − Σ (t³ − t)/48 over groups of t ties, without continuity correction.
public struct SignedRankTest: Sendable, Equatable {
  /// Above this the probability is approximated.
  public static let largestExactCount = 25

  /// Differences that are not zero.
  public let count: Int
  /// W+, the rank sum of the positive differences.
  public let positiveRankSum: Double
  /// W−, the rank sum of the negative differences.
  public let negativeRankSum: Double
  /// The two-sided probability of rank sums as far apart or farther if signs are random; 1 without
  /// differences.
  public let probability: Double

  /// Tests differences.
  /// - Parameters:
  ///   - differences: one difference for each seed.
  ///   - tolerance: differences up to it are zero, and sizes closer than it are equal, so
  ///     that rounding errors rank nothing.
  public init(_ differences: [Double], tolerance: Double = 0) {
    let ordered = differences.filter { abs($0) > tolerance }.sorted { abs($0) < abs($1) }
    // Twice the ranks, which are whole numbers even for ties.
    var doubledRanks: [Int] = []
    var ties: [Int] = []
    while doubledRanks.count < ordered.count {
      let start = doubledRanks.count
      var end = start + 1
      while end < ordered.count, abs(ordered[end]) - abs(ordered[end - 1]) <= tolerance {
        end += 1
      }
      doubledRanks += Array(repeating: start + 1 + end, count: end - start)
      ties.append(end - start)
    }
    count = ordered.count
    let positive = zip(ordered, doubledRanks).reduce(0) { $0 + ($1.0 > 0 ? $1.1 : 0) }
    let total = doubledRanks.reduce(0, +)
    positiveRankSum = Double(positive) / 2
    negativeRankSum = Double(total - positive) / 2
    guard count > 0 else {
      probability = 1
      return
    }
    probability =
      count <= Self.largestExactCount
      ? Self.exact(smaller: min(positive, total - positive), doubledRanks)
      : Self.approximate(min(positiveRankSum, negativeRankSum), count: count, ties: ties)
  }

  /// Twice the share of all signs whose positive rank sum is at most the smaller one.
  private static func exact(smaller: Int, _ doubledRanks: [Int]) -> Double {
    // ways[s]: how many choices of signs have the doubled rank sum s.
    var ways = [Double](repeating: 0, count: doubledRanks.reduce(0, +) + 1)
    ways[0] = 1
    var reached = 0
    for rank in doubledRanks {
      reached += rank
      for sum in stride(from: reached, through: rank, by: -1) { ways[sum] += ways[sum - rank] }
    }
    let share = ways[...smaller].reduce(0, +) / pow(2, Double(doubledRanks.count))
    return min(1, 2 * share)
  }

  private static func approximate(_ smaller: Double, count: Int, ties: [Int]) -> Double {
    let n = Double(count)
    let mean = n * (n + 1) / 4
    let correction = ties.reduce(0.0) { $0 + (pow(Double($1), 3) - Double($1)) / 48 }
    let deviation = (n * (n + 1) * (2 * n + 1) / 24 - correction).squareRoot()
    return erfc((mean - smaller) / deviation / 2.0.squareRoot())
  }
}
