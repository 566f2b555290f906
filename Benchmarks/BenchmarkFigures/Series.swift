import Support

/// Measurements of one quantity in the order in which they were taken.
package struct Series: Sendable, Equatable {
  /// The measurements, at least one.
  package let values: [Double]

  /// Measurements in order.
  package init(_ values: [Double]) { self.values = values }

  /// The middle measurement, or the mean of the two in the middle; NaN if there is none.
  package var median: Double { quantile(0.5) }
  /// A quarter of the measurements are below it.
  package var lowerQuartile: Double { quantile(0.25) }
  /// A quarter of the measurements are above it.
  package var upperQuartile: Double { quantile(0.75) }

  /// The value below which a share of the measurements is.
  package func quantile(_ share: Double) -> Double {
    values.quantile(share)
  }

  /// Measurement by measurement: what was measured side by side is compared, so that a slow moment of
  /// the machine touches both.
  package static func / (left: Series, right: Series) -> Series {
    Series(zip(left.values, right.values).map { $0 / $1 })
  }
  /// Measurement by measurement.
  package static func + (left: Series, right: Series) -> Series {
    Series(zip(left.values, right.values).map { $0 + $1 })
  }
  /// Every measurement times a factor.
  package static func * (left: Series, factor: Double) -> Series {
    Series(left.values.map { $0 * factor })
  }
  /// A constant over every measurement.
  package static func / (constant: Double, right: Series) -> Series {
    Series(right.values.map { constant / $0 })
  }
}
