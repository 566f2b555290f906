import Foundation

/// The regularised incomplete beta function
/// I_x(a, b) = 1/B(a, b) · ∫₀ˣ s^(a − 1) (1 − s)^(b − 1) ds, to about 13 digits.
///
/// By its continued fraction (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.5.8)
/// with Lentz's recurrence; where that converges slowly, by I_x(a, b) = 1 − I_{1 − x}(b, a).
/// - Parameters:
///   - x: the upper limit, in [0, 1].
///   - complement: 1 − x, given apart so that nothing is lost where x is close to 1.
///   - a: above 0.
///   - b: above 0.
public func regularisedIncompleteBeta(
  _ x: Double, complement: Double, _ a: Double, _ b: Double
) -> Double {
  guard x > 0 else { return 0 }
  guard complement > 0 else { return 1 }
  let logOfBeta = lgamma(a).0 + lgamma(b).0 - lgamma(a + b).0
  let factor = exp(a * log(x) + b * log(complement) - logOfBeta)
  return x < (a + 1) / (a + b + 2)
    ? factor / a * betaContinuedFraction(x, a, b)
    : 1 - factor / b * betaContinuedFraction(complement, b, a)
}

/// The continued fraction 1/(1 + d₁/(1 + d₂/(1 + …))) of the incomplete beta function.
private func betaContinuedFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
  // Lentz: never divide by zero.
  func nonzero(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
  var numerator = 1.0
  var denominator = 1 / nonzero(1 - (a + b) * x / (a + 1))
  var result = denominator
  for step in 1...10_000 {
    let m = Double(step)
    let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    var change = 1.0
    for coefficient in [even, odd] {
      denominator = 1 / nonzero(1 + coefficient * denominator)
      numerator = nonzero(1 + coefficient / numerator)
      change = numerator * denominator
      result *= change
    }
    if abs(change - 1) < 1e-16 { break }
  }
  return result
}
