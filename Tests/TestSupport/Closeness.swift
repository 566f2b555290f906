import Testing

/// How far numbers are from the expected ones, in units of what is allowed.
public struct Closeness: Sendable, CustomStringConvertible {
  /// The largest |actual − expected| / (absolute + relative · |expected|); infinite when a number
  /// is not finite or the lengths differ.
  public let worst: Double
  /// Where, and what was found and expected, in one line.
  public let description: String

  /// True when every number lies within the tolerance.
  public var isClose: Bool { worst <= 1 }

  /// Compares element by element: |actual − expected| ≤ absolute + relative · |expected|.
  public init<Number: BinaryFloatingPoint>(
    _ actual: [Number], _ expected: [Number], absolute: Double, relative: Double = 0
  ) {
    guard actual.count == expected.count else {
      worst = .infinity
      description = "\(actual.count) numbers instead of \(expected.count)"
      return
    }
    var (worst, worstIndex) = (-1.0, 0)
    for (index, (found, wanted)) in zip(actual, expected).enumerated() {
      let difference = abs(Double(found) - Double(wanted))
      let share =
        difference == 0 ? 0 : difference / (absolute + relative * abs(Double(wanted)))
      // Anything that is not a number is infinitely far.
      let distance = share.isFinite ? share : .infinity
      if distance > worst { (worst, worstIndex) = (distance, index) }
    }
    self.worst = max(worst, 0)
    description =
      actual.isEmpty
      ? "no numbers"
      : "worst at \(worstIndex): \(actual[worstIndex]) instead of \(expected[worstIndex])"
        + ", \(self.worst) times the tolerance"
  }
}

/// Records an issue unless every number lies within absolute + relative · |expected|.
///
/// - Returns: the worst deviation, for tests that want to say more.
@discardableResult
public func expectClose<Number: BinaryFloatingPoint>(
  _ actual: [Number], _ expected: [Number], absolute: Double, relative: Double = 0,
  _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) -> Closeness {
  let closeness = Closeness(actual, expected, absolute: absolute, relative: relative)
  if !closeness.isClose {
    Issue.record("\(what): \(closeness)", sourceLocation: sourceLocation)
  }
  return closeness
}

/// Records an issue unless the number lies within absolute + relative · |expected|.
@discardableResult
public func expectClose<Number: BinaryFloatingPoint>(
  _ actual: Number, _ expected: Number, absolute: Double, relative: Double = 0, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) -> Closeness {
  expectClose(
    [actual], [expected], absolute: absolute, relative: relative, what,
    sourceLocation: sourceLocation)
}
