import Reports
import Support
import Testing

/// Golden values, computed once with scipy 1.17.1 of the differences d: scipy.stats.ttest_1samp(d, 0)
/// with its confidence_interval, d.std(ddof=1), scipy.stats.wilcoxon(d, method='exact'), and
/// mean / sd * exp(gammaln(ν/2) - gammaln((ν - 1)/2)) / sqrt(ν/2) for the effect size.
@Suite("Contrasts over seeds")
struct SeedContrastTests {
  private func isClose(_ value: Double?, _ expected: Double) -> Bool {
    value.map { abs($0 - expected) <= 1e-11 * max(1, abs(expected)) } ?? false
  }

  private static let seven = [2.1, 1.4, 3.2, -0.4, 1.9, 2.8, 0.7]

  @Test("three seeds")
  func three() {
    let contrast = SeedContrast([2.1, 1.4, 3.2], smallestDifference: 0.5)
    #expect(contrast.count == 3)
    #expect(isClose(contrast.mean, 2.2333333333333334))
    #expect(isClose(contrast.standardDeviation, 0.9073771725877467))
    #expect(isClose(contrast.probability, 0.05086200477722066))
    #expect(isClose(contrast.interval()?.lowerBound, -0.020716519873276162))
    #expect(isClose(contrast.interval()?.upperBound, 4.487383186539943))
    let corrected = contrast.interval(confidence: 1 - 0.05 / 16)
    #expect(isClose(corrected?.lowerBound, -7.116039388984247))
    #expect(isClose(corrected?.upperBound, 11.582706055650913))
    #expect(isClose(contrast.effectSize, 1.3886434895239852))
    #expect(contrast.signedRank == nil)
  }

  @Test("seven seeds, with Wilcoxon's test")
  func seven() {
    let contrast = SeedContrast(Self.seven, smallestDifference: 0.5)
    #expect(isClose(contrast.mean, 1.6714285714285713))
    #expect(isClose(contrast.standardDeviation, 1.2351980754981307))
    #expect(isClose(contrast.probability, 0.011641111981683636))
    #expect(isClose(contrast.interval()?.lowerBound, 0.5290608829734942))
    #expect(isClose(contrast.interval()?.upperBound, 2.8137962598836483))
    #expect(isClose(contrast.effectSize, 1.1753964750589525))
    #expect(contrast.signedRank?.probability == 0.03125)
  }

  @Test("Darwin's fifteen pairs of maize: p = 0.0497 (Fisher, The Design of Experiments, 1935)")
  func darwin() {
    let contrast = SeedContrast(
      [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75], smallestDifference: 0)
    #expect(isClose(contrast.probability, 0.049702944021800866))
    #expect(isClose(contrast.interval()?.lowerBound, 0.03119331839297601))
    #expect(isClose(contrast.interval()?.upperBound, 41.835473348273695))
    #expect(isClose(contrast.effectSize, 0.5242641159016376))
  }

  @Test("against a reference, scipy.stats.ttest_1samp([-0.9, -1.6, -0.2], -2.2)")
  func reference() {
    let contrast = SeedContrast([-0.9, -1.6, -0.2], reference: -2.2, smallestDifference: 0)
    #expect(isClose(contrast.probability, 0.08456757271461053))
    // Mean, interval and effect size are those of the differences themselves.
    #expect(isClose(contrast.mean, -0.9))
    #expect(isClose(contrast.interval()?.lowerBound, -2.638896398225231))
    #expect(isClose(contrast.interval()?.upperBound, 0.838896398225231))
    #expect(contrast.effectSize < 0)
    let six = SeedContrast([-1, -1, -1, -1, -1, -1], reference: -2, smallestDifference: 0)
    #expect(six.signedRank?.positiveRankSum == 21)
  }

  @Test("the other way round, everything changes its sign and nothing its size")
  func signs() {
    let contrast = SeedContrast(Self.seven, smallestDifference: 0.5)
    let mirrored = SeedContrast(Self.seven.map { -$0 }, smallestDifference: 0.5)
    #expect(mirrored.mean == -contrast.mean)
    #expect(mirrored.standardDeviation == contrast.standardDeviation)
    #expect(mirrored.probability == contrast.probability)
    #expect(mirrored.effectSize == -contrast.effectSize)
    #expect(mirrored.interval()?.lowerBound == contrast.interval().map { -$0.upperBound })
    #expect(mirrored.signedRank?.probability == contrast.signedRank?.probability)
    #expect(mirrored.signedRank?.positiveRankSum == contrast.signedRank?.negativeRankSum)
  }

  @Test("the seeds' order does not matter")
  func permutation() {
    // Eighths, so that no sum is rounded.
    let differences = [1.125, 0.5, -0.25, 2, 1.75, 0.375, 3]
    let contrast = SeedContrast(differences, smallestDifference: 0.5)
    for shift in 1..<7 {
      let moved = SeedContrast(
        Array(differences[shift...] + differences[..<shift]), smallestDifference: 0.5)
      #expect(moved.mean == contrast.mean)
      #expect(abs(moved.probability - contrast.probability) < 1e-12)
      #expect(moved.signedRank == contrast.signedRank)
    }
  }

  @Test("Wilcoxon's test needs six seeds")
  func sixSeeds() {
    #expect(SeedContrast([1, 2, 3, 4, 5], smallestDifference: 0).signedRank == nil)
    #expect(
      SeedContrast([1, 2, 3, 4, 5, 6], smallestDifference: 0).signedRank?.probability == 0.03125)
  }

  @Test("runs that agree exactly, and differences without deviation")
  func noDeviation() {
    let equal = SeedContrast([0, 0, 0], smallestDifference: 0.5)
    #expect(equal.standardDeviation == 0)
    #expect(equal.probability == 1)
    #expect(equal.interval() == 0...0)
    #expect(equal.effectSize.isNaN)
    let apart = SeedContrast([2, 2, 2], smallestDifference: 0.5)
    #expect(apart.probability == 0)
    #expect(apart.interval() == 2...2)
  }

  @Test("too few seeds have no deviation, interval or effect")
  func fewSeeds() {
    let none = SeedContrast([], smallestDifference: 0.5)
    #expect(none.count == 0 && none.mean.isNaN && none.probability.isNaN)
    #expect(none.interval() == nil)
    let one = SeedContrast([3], smallestDifference: 0.5)
    #expect(one.mean == 3 && one.standardDeviation.isNaN && one.probability.isNaN)
    #expect(one.interval() == nil && one.effectSize.isNaN)
    let two = SeedContrast([3, 4], smallestDifference: 0.5)
    #expect(two.interval() != nil && two.effectSize.isNaN)
    let broken = SeedContrast([3, .nan, 4], smallestDifference: 0.5)
    #expect(broken.interval() == nil)
  }
}
