import Reports
import Testing

@Suite("Verdicts")
struct VerdictTests {
  private func contrast(_ differences: [Double], reference: Double = 0, margin: Double = 0.5)
    -> SeedContrast
  {
    SeedContrast(differences, reference: reference, smallestDifference: margin)
  }

  /// The verdict on a contrast alone in its family.
  private func verdict(_ differences: [Double], reference: Double = 0, margin: Double = 0.5)
    -> Verdict?
  {
    JudgedContrast.family([contrast(differences, reference: reference, margin: margin)])
      .first?.verdict
  }

  // MARK: Holm

  @Test("Holm's correction, statsmodels 0.15.0 multipletests(p, method='holm')")
  func holm() {
    for (probabilities, expected) in [
      ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
      ([0.001, 0.9, 0.012, 0.012, 0.05], [0.005, 0.9, 0.048, 0.048, 0.1]),
      ([0.02], [0.02]), ([0.6, 0.7], [1, 1]), ([], []),
    ] {
      let adjusted = HolmCorrection.adjusted(probabilities)
      #expect(adjusted.count == expected.count)
      for (value, expected) in zip(adjusted, expected) { #expect(abs(value - expected) < 1e-15) }
    }
  }

  @Test("a corrected p-value is never smaller and keeps the order")
  func holmOrder() {
    let probabilities = (0..<20).map { Double(($0 * 37) % 101) / 2000 }
    let adjusted = HolmCorrection.adjusted(probabilities)
    for (p, q) in zip(probabilities, adjusted) { #expect(q >= p && q <= min(1, 20 * p)) }
    let ordered = probabilities.indices.sorted { probabilities[$0] < probabilities[$1] }
    for (one, next) in zip(ordered, ordered.dropFirst()) {
      #expect(adjusted[one] <= adjusted[next])
    }
    let reversed = HolmCorrection.adjusted(probabilities.reversed())
    #expect(Array(reversed.reversed()) == adjusted)
  }

  @Test("a test that could not be made counts in the family")
  func holmMissing() {
    let adjusted = HolmCorrection.adjusted([.nan, 0.01, .nan, 0.02])
    #expect(adjusted[0].isNaN && adjusted[2].isNaN)
    #expect(adjusted[1] == 0.04 && adjusted[3] == 0.06)
  }

  // MARK: The words

  @Test("the words as they are written")
  func words() {
    #expect(
      Verdict.allCases.map(\.rawValue) == [
        "supported", "refuted", "too close to matter", "inconclusive",
      ])
  }

  @Test("each word is reached, and the other side mirrors it")
  func eachWord() {
    for (differences, expected, mirrored) in [
      ([2.0, 2.1, 1.9], Verdict.supported, Verdict.refuted),
      ([0.1, 0.0, -0.1], .tooCloseToMatter, .tooCloseToMatter),
      ([3.0, -2.0, 1.0], .inconclusive, .inconclusive),
    ] {
      #expect(verdict(differences) == expected)
      #expect(verdict(differences.map { -$0 }) == mirrored)
    }
  }

  @Test("with fewer than three seeds nothing is concluded")
  func fewSeeds() {
    for differences in [[], [5.0], [5.0, 5.0], [0.0, 0.0], [-5.0, -5.1]] {
      #expect(verdict(differences) == .inconclusive)
    }
    #expect(verdict([5, 5, 5]) == .supported)
    #expect(verdict([0, 0, 0]) == .tooCloseToMatter)
  }

  @Test("a significant difference that is small is too close if its interval says so")
  func significantButSmall() throws {
    // Interval 0.175 to 0.225.
    #expect(verdict([0.2, 0.21, 0.19]) == .tooCloseToMatter)
    // p = 0.02, interval 0.15 to 0.65: there, but whether it matters is open.
    let open = try #require(JudgedContrast.family([contrast([0.4, 0.5, 0.3])]).first)
    #expect(open.holmProbability < 0.05)
    #expect(open.verdict == .inconclusive)
    // Not significant, and within the margin.
    #expect(verdict([0.1, 0.05, -0.05]) == .tooCloseToMatter)
    // At the margin it matters.
    #expect(verdict([0.5, 0.5, 0.5]) == .supported)
    #expect(verdict([-0.5, -0.5, -0.5]) == .refuted)
  }

  @Test("in a family more is asked of each: of p-values and of intervals")
  func families() {
    // p = 0.029 alone.
    let clear = contrast([2, 2.6, 1.4])
    #expect(JudgedContrast.family([clear]).map(\.verdict) == [.supported])
    let weak = contrast([3, -2, 1])
    let pair = JudgedContrast.family([clear, weak])
    #expect(pair.map(\.verdict) == [.inconclusive, .inconclusive])
    #expect(pair[0].holmProbability == 2 * clear.probability)
    #expect(pair[1].holmProbability == weak.probability)
    // A contrast that was not run is one of the family.
    let missing = JudgedContrast.family([contrast([]), clear])
    #expect(missing.map(\.verdict) == [.inconclusive, .inconclusive])
    #expect(missing[1].holmProbability == 2 * clear.probability)
    // Half the width of the interval: 0.25 alone, 1.03 of sixteen.
    let close = contrast([0.1, 0, -0.1])
    #expect(JudgedContrast.family([close]).map(\.verdict) == [.tooCloseToMatter])
    let sixteen = JudgedContrast.family(Array(repeating: close, count: 16))
    #expect(sixteen.allSatisfy { $0.verdict == .inconclusive })
    #expect(sixteen[0].correctedInterval == close.interval(confidence: 1 - 0.05 / 16))
  }

  @Test("a loss up to the reference is no loss")
  func nonInferiority() {
    func loss(_ differences: [Double]) -> Verdict? {
      verdict(differences, reference: -2.25, margin: 0)
    }
    #expect(loss([-1.9, -2.0, -1.8]) == .supported)
    #expect(loss([-2.5, -2.6, -2.4]) == .refuted)
    #expect(loss([-2.25, -2, -2.5]) == .inconclusive)
    #expect(loss([-2.25, -2.25, -2.25]) == .inconclusive)
  }

  @Test("the whole of several parts")
  func parts() {
    #expect(Verdict(ofAll: []) == .inconclusive)
    #expect(Verdict(ofAll: [.supported, .supported]) == .supported)
    #expect(Verdict(ofAll: [.supported, .tooCloseToMatter]) == .tooCloseToMatter)
    #expect(Verdict(ofAll: [.tooCloseToMatter, .inconclusive]) == .inconclusive)
    #expect(Verdict(ofAll: [.supported, .inconclusive, .refuted]) == .refuted)
  }
}
