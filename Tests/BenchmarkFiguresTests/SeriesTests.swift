import BenchmarkFigures
import Testing

@Suite struct SeriesTests {
  @Test func quartilesInterpolateBetweenSortedMeasurements() {
    let series = Series([4, 1, 3, 2])
    #expect(series.median == 2.5)
    #expect(series.lowerQuartile == 1.75)
    #expect(series.upperQuartile == 3.25)
    #expect(Series([7]).lowerQuartile == 7)
    #expect(Series([]).median.isNaN)
  }

  /// A slow moment that touches both sides of a comparison does not touch the ratio.
  @Test func ratiosPairWhatWasMeasuredSideBySide() {
    let ratio = Series([2, 20, 2]) / Series([1, 10, 1])
    #expect(ratio == Series([2, 2, 2]))
  }

  @Test func aRowHasAFieldForEveryColumn() {
    let ratio = Figure.Ratio(Series([0.5, 0.75]), "to the peak, of one core", target: "≥ 0.7")
    let bare = Figure(
      section: "step", subject: "CIFAR", quantity: "step", values: Series([1, 2]), unit: "ms",
      ratio: nil)
    let compared = Figure(
      section: "step", subject: "CIFAR", quantity: "step", values: Series([1, 2]), unit: "ms",
      ratio: ratio)
    #expect(bare.fields.count == Figure.columns.count)
    #expect(
      compared.fields == [
        "step", "CIFAR", "step", "1.5", "1.25", "1.75", "ms", "2", "0.625", "0.5625", "0.6875",
        "to the peak, of one core", "≥ 0.7",
      ])
  }
}
