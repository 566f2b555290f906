/// Student's t distribution (Student, The probable error of a mean, Biometrika 1908), without a table
/// and without approximation: to about 12 digits.
public struct StudentDistribution: Sendable, Equatable {
  /// Its degrees of freedom, at least 1.
  public let degreesOfFreedom: Int

  /// The distribution with some degrees of freedom, at least 1.
  public init(degreesOfFreedom: Int) {
    precondition(degreesOfFreedom >= 1, "Student's distribution needs a degree of freedom")
    self.degreesOfFreedom = degreesOfFreedom
  }

  /// P(|T| ≥ |t|) = I_x(ν/2, 1/2) with x = ν/(ν + t²); NaN if t is.
  public func twoSidedProbability(of t: Double) -> Double {
    guard !t.isNaN else { return .nan }
    guard t.isFinite else { return 0 }
    let freedom = Double(degreesOfFreedom)
    let sum = freedom + t * t
    return regularisedIncompleteBeta(
      freedom / sum, complement: t * t / sum, freedom / 2, 0.5)
  }

  /// The t with P(|T| ≥ t) = α: half the width of a 1 − α interval, in standard errors.
  /// - Parameter alpha: in (0, 1].
  public func quantile(twoSided alpha: Double) -> Double {
    precondition(alpha > 0 && alpha <= 1, "a probability above 0 and at most 1")
    var (low, high) = (0.0, 1.0)
    while twoSidedProbability(of: high) > alpha { (low, high) = (high, 2 * high) }
    // The probability falls with t; halve until there is no number between the two.
    while true {
      let middle = (low + high) / 2
      guard middle > low, middle < high else { return middle }
      if twoSidedProbability(of: middle) > alpha { low = middle } else { high = middle }
    }
  }
}
