extension Collection<Double> {
  /// The arithmetic mean, Σ x / n, summed in order; NaN if there is none.
  @inlinable public var mean: Double { isEmpty ? .nan : reduce(0, +) / Double(count) }

  /// The standard deviation of a sample, √(Σ (x − mean)² / (n − 1)); NaN for fewer than two values.
  @inlinable public var standardDeviation: Double {
    guard count > 1 else { return .nan }
    let mean = mean
    return (reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)).squareRoot()
  }

  /// The value below which a share of the values lies, interpolated linearly between the sorted values,
  /// of which the first is quantile 0 and the last quantile 1; NaN without values.
  /// - Parameter share: in [0, 1]; 0.5 gives the median.
  public func quantile(_ share: Double) -> Double {
    let sorted = sorted()
    guard let last = sorted.last else { return .nan }
    let position = share * Double(sorted.count - 1)
    let below = Int(position)
    guard below + 1 < sorted.count else { return last }
    return sorted[below] + (position - Double(below)) * (sorted[below + 1] - sorted[below])
  }
}
