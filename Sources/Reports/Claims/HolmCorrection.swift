/// Holm's correction for many tests (Holm, A simple sequentially rejective multiple test procedure,
/// Scandinavian Journal of Statistics 1979).
public enum HolmCorrection {
  /// The corrected p-values in the order given: with p₍₁₎ ≤ … ≤ p₍ₘ₎, that of p₍ₖ₎ is the largest of
  /// (m − j + 1) p₍ⱼ₎ over j ≤ k, at most 1. Rejecting those below 5 % makes any false rejection in the
  /// family at most 5 % likely, however the tests depend on each other.
  ///
  /// A test that could not be made (NaN) stays NaN and counts in m anyway: a family is fixed
  /// before there are results.
  public static func adjusted(_ probabilities: [Double]) -> [Double] {
    var adjusted = [Double](repeating: .nan, count: probabilities.count)
    var largest = 0.0
    let ordered = probabilities.indices.filter { !probabilities[$0].isNaN }
      .sorted { (probabilities[$0], $0) < (probabilities[$1], $1) }
    for (rank, place) in ordered.enumerated() {
      largest = max(largest, Double(probabilities.count - rank) * probabilities[place])
      adjusted[place] = min(1, largest)
    }
    return adjusted
  }
}
