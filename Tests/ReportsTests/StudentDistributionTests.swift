import Reports
import Support
import Testing

/// Golden values: scipy 1.17.1, computed once.
@Suite("Student's t distribution")
struct StudentDistributionTests {
  private func isClose(_ value: Double, _ expected: Double, relative: Double = 1e-11) -> Bool {
    abs(value - expected) <= relative * abs(expected)
  }

  @Test("the incomplete beta function, scipy.special.betainc(a, b, x)")
  func beta() {
    for (x, a, b, expected) in [
      (0.1, 0.5, 0.5, 0.20483276469913345), (0.5, 2, 3, 0.6875),
      (0.9, 1, 0.5, 0.6837722339831621), (0.25, 7.5, 0.5, 7.006558301664907e-06),
      (1e-8, 1, 0.5, 5.0000000125e-09), (0.999, 20, 0.5, 0.8424161860163615),
      (0.3, 50, 80, 0.02070028791137334),
    ] {
      #expect(
        isClose(regularisedIncompleteBeta(x, complement: 1 - x, a, b), expected),
        "\(x) \(a) \(b)")
    }
    #expect(regularisedIncompleteBeta(0, complement: 1, 2, 3) == 0)
    #expect(regularisedIncompleteBeta(1, complement: 0, 2, 3) == 1)
  }

  @Test("two-sided p-values, 2 * scipy.stats.t.sf(t, df)")
  func probabilities() {
    for (t, freedom, expected) in [
      (1.0, 1, 0.5), (4.302652729911275, 2, 0.04999999999651663),
      (2.5, 4, 0.06676654481198814), (0.001, 9, 0.9992239303259733),
      (40, 2, 0.0006244146721847406), (8.610301581379275, 4, 0.001),
      (3.1, 29, 0.00427818237355557), (60, 9, 5.001190471672901e-13),
      (1.96, 1000, 0.050273184955748736),
    ] {
      let distribution = StudentDistribution(degreesOfFreedom: freedom)
      #expect(isClose(distribution.twoSidedProbability(of: t), expected), "\(t) \(freedom)")
      #expect(
        distribution.twoSidedProbability(of: -t) == distribution.twoSidedProbability(of: t))
    }
    let distribution = StudentDistribution(degreesOfFreedom: 2)
    #expect(distribution.twoSidedProbability(of: 0) == 1)
    #expect(distribution.twoSidedProbability(of: .infinity) == 0)
    #expect(distribution.twoSidedProbability(of: .nan).isNaN)
  }

  @Test("the 97.5 % quantiles as tables print them")
  func published() {
    for (freedom, expected) in [
      (1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042),
      (120, 1.980),
    ] {
      let quantile = StudentDistribution(degreesOfFreedom: freedom).quantile(twoSided: 0.05)
      #expect(abs(quantile - expected) <= 0.0005, "\(freedom)")
    }
  }

  @Test("quantiles, scipy.stats.t.isf(alpha / 2, df)")
  func quantiles() {
    for (confidence, freedom, expected) in [
      (0.95, 1, 12.706204736174694), (0.95, 2, 4.302652729749462),
      (0.95, 4, 2.7764451051977934), (0.99, 2, 9.924843200918287),
      (0.99, 9, 3.249835541592126), (0.999, 4, 8.610301581379273),
      (0.95, 29, 2.045229642132703), (1 - 0.05 / 16, 2, 17.84659021977613),
      (1 - 0.05 / 14, 4, 6.138039862471111), (0.95, 120, 1.9799304050824402),
      (0.5, 3, 0.7648923284043444),
    ] {
      let quantile = StudentDistribution(degreesOfFreedom: freedom)
        .quantile(twoSided: 1 - confidence)
      #expect(isClose(quantile, expected), "\(confidence) \(freedom)")
    }
    #expect(StudentDistribution(degreesOfFreedom: 3).quantile(twoSided: 1) < 1e-12)
  }

  @Test("a quantile has its probability, from 1 to 500 degrees of freedom")
  func inverse() {
    for freedom in [1, 2, 3, 7, 40, 500] {
      for alpha in [0.9, 0.05, 0.05 / 16, 1e-6] {
        let distribution = StudentDistribution(degreesOfFreedom: freedom)
        #expect(
          isClose(
            distribution.twoSidedProbability(of: distribution.quantile(twoSided: alpha)), alpha),
          "\(freedom) \(alpha)")
      }
    }
  }
}
