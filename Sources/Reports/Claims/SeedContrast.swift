import Foundation
import Support

/// Two sides compared over seeds: a seed is one difference, that of the two sides' means over clients.
///
/// Clients of one run train together, so they are not independent; seeds are. Numbers that need more
/// seeds than there are, or a deviation above zero, are NaN.
public struct SeedContrast: Sendable, Equatable {
  /// The confidence of the interval that is reported.
  public static let confidence = 0.95
  /// Below this number of seeds there is no Wilcoxon test: with five it cannot reach 5 %.
  public static let smallestSignedRankCount = 6

  /// The difference of each seed, axis (seed).
  public let differences: [Double]
  /// What the mean is tested against: 0, or minus the loss allowed where a loss up to it is claimed.
  public let reference: Double
  /// The smallest distance from the reference that matters, at least 0.
  public let smallestDifference: Double
  /// Mean over seeds.
  public let mean: Double
  /// Standard deviation over seeds with divisor n − 1; NaN for fewer than two.
  public let standardDeviation: Double
  /// Two-sided p-value of the paired t test with n − 1 degrees of freedom; NaN for fewer than two seeds.
  /// Without any deviation it is 1 at the reference and 0 elsewhere.
  public let probability: Double
  /// Wilcoxon's signed-rank test of the same differences; nil for fewer than six seeds.
  public let signedRank: SignedRankTest?

  /// Compares.
  /// - Parameters:
  ///   - reference: the paired runs of the other method.
  ///   - differences: one difference of means for each seed.
  ///   - smallestDifference: the smallest difference that matters.
  ///   - tolerance: see `SignedRankTest`.
  public init(
    _ differences: [Double], reference: Double = 0, smallestDifference: Double,
    tolerance: Double = 0
  ) {
    self.differences = differences
    self.reference = reference
    self.smallestDifference = smallestDifference
    mean = differences.mean
    standardDeviation = differences.standardDeviation
    let count = differences.count
    if count < 2 {
      probability = .nan
    } else if standardDeviation == 0 {
      probability = mean == reference ? 1 : 0
    } else {
      let standardError = standardDeviation / Double(count).squareRoot()
      probability = StudentDistribution(degreesOfFreedom: count - 1)
        .twoSidedProbability(of: (mean - reference) / standardError)
    }
    signedRank =
      count < Self.smallestSignedRankCount
      ? nil : SignedRankTest(differences.map { $0 - reference }, tolerance: tolerance)
  }

  /// Number of seeds.
  public var count: Int { differences.count }

  /// Hedges' g of paired differences: the mean over the standard deviation of the differences (Cohen's
  /// d_z), times Hedges' correction for few seeds J = Γ(ν/2) / (√(ν/2) Γ((ν − 1)/2)), ν = n − 1
  /// (Hedges, Distribution theory for Glass's estimator of effect size, Journal of Educational
  /// Statistics 1981). Measured from zero, whatever the reference. NaN for fewer than three seeds and
  /// without any deviation.
  public var effectSize: Double {
    guard count >= 3, standardDeviation > 0 else { return .nan }
    let half = Double(count - 1) / 2
    let correction = exp(lgamma(half).0 - lgamma(half - 0.5).0) / half.squareRoot()
    return correction * mean / standardDeviation
  }

  /// The two-sided t interval of the mean, mean ± t · sd / √n; nil for fewer than two seeds, and
  /// where a difference is not finite.
  /// - Parameter confidence: in [0, 1).
  public func interval(confidence: Double = confidence) -> ClosedRange<Double>? {
    guard count >= 2 else { return nil }
    let quantile = StudentDistribution(degreesOfFreedom: count - 1)
      .quantile(twoSided: 1 - confidence)
    let half = quantile * standardDeviation / Double(count).squareRoot()
    guard half.isFinite else { return nil }
    return (mean - half)...(mean + half)
  }
}
