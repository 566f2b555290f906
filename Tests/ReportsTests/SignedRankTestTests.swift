import Reports
import Testing

// Golden values: scipy 1.17.1, scipy.stats.wilcoxon(differences, …) with the method named.
@Suite("Wilcoxon's signed-rank test")
struct SignedRankTestTests {
  @Test("Darwin's fifteen pairs of maize, method='exact'")
  func exact() {
    let test = SignedRankTest([6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75])
    #expect(test.count == 15)
    #expect(test.negativeRankSum == 24)
    #expect(test.positiveRankSum == 96)
    #expect(abs(test.probability - 0.041259765625) < 1e-15)
  }

  @Test("all signs alike: 2/2^n by hand")
  func oneSided() {
    #expect(SignedRankTest([1, 2, 3, 4, 5, 6]).probability == 2.0 / 64)
    #expect(SignedRankTest([-1, -2, -3, -4, -5, -6]).probability == 2.0 / 64)
    #expect(SignedRankTest([1, 1, 1]).probability == 2.0 / 8)
  }

  @Test("ties and a zero, method=PermutationMethod(n_resamples=inf)")
  func ties() {
    let test = SignedRankTest([1, 1, -1, 2, 2, 3, -3, 4, 0, 5])
    #expect(test.count == 9)
    #expect(test.negativeRankSum == 8.5)
    #expect(abs(test.probability - 0.12109375) < 1e-15)
  }

  @Test("25 pairs are exact, method='exact'")
  func largestExact() {
    let differences = (0..<25).map { Double($0.isMultiple(of: 4) ? -$0 - 1 : $0 + 1) }
    let test = SignedRankTest(differences)
    #expect(test.negativeRankSum == 91)
    #expect(abs(test.probability - 0.055070459842681885) < 1e-12)
  }

  @Test("more with ties and a zero, method='asymptotic', correction=False")
  func approximate() {
    let differences = (0..<30).map { Double(($0 * 37) % 29 - 11) }
    let test = SignedRankTest(differences)
    #expect(test.count == 29)
    #expect(min(test.positiveRankSum, test.negativeRankSum) == 149)
    #expect(abs(test.probability - 0.13839468155452633) < 1e-12)
  }

  @Test("rounding ranks nothing")
  func tolerance() {
    let noisy = [1 + 1e-9, 1, -1 + 1e-9, 2, 2 - 1e-9, 3, -3, 4 + 1e-9, 1e-9, 5]
    let test = SignedRankTest(noisy, tolerance: 1e-6)
    #expect(test == SignedRankTest([1, 1, -1, 2, 2, 3, -3, 4, 0, 5]))
    #expect(SignedRankTest(noisy) != test)
  }

  @Test("no difference says nothing")
  func nothing() {
    #expect(SignedRankTest([]).probability == 1)
    #expect(SignedRankTest([0, 0, 0]).probability == 1)
    #expect(SignedRankTest([1, -1, 2, -2]).probability == 1)
  }
}
