extension Sequence where Element == Float {
  /// What is compared where results must be the same bit for bit, NaN and the sign of 0 included.
  public var bits: [UInt32] { map(\.bitPattern) }
}
