import Support
import Testing

@Suite struct StatisticsTests {
  @Test func meanAndStandardDeviationByHand() {
    #expect([2, 4, 9].mean == 5)
    #expect([2.0, 4, 9].standardDeviation == 13.0.squareRoot())
    #expect([Double]().mean.isNaN)
    #expect([1.0].standardDeviation.isNaN)
    #expect([3.0, 3, 3].standardDeviation == 0)
    #expect([1, .nan].mean.isNaN)
  }

  @Test func quantilesInterpolateBetweenSortedValues() {
    let values = [4.0, 1, 3, 2]
    #expect(values.quantile(0) == 1)
    #expect(values.quantile(0.25) == 1.75)
    #expect(values.quantile(0.5) == 2.5)
    #expect(values.quantile(1) == 4)
    #expect([7.0].quantile(0.9) == 7)
    #expect([Double]().quantile(0.5).isNaN)
  }
}
