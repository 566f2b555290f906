#if canImport(Glibc)
  import Glibc
#endif

/// Zeroed memory that starts on a cache line, as the vector units need it. Large blocks use large
/// pages if the system has them: scattered small pages compete for the same places in a cache, by
/// chance, and then every step takes up to half as long again.
final class AlignedBuffer {
  static let alignment = 64
  private static let largePage = 2 << 20
  let start: UnsafeMutableRawPointer
  let byteCount: Int

  init(byteCount: Int) {
    self.byteCount = max(byteCount, Self.alignment)
    let isLarge = self.byteCount >= Self.largePage
    start = .allocate(
      byteCount: self.byteCount, alignment: isLarge ? Self.largePage : Self.alignment)
    #if canImport(Glibc)
      // A wish; where it is not granted, only the speed differs.
      if isLarge { _ = madvise(start, self.byteCount, MADV_HUGEPAGE) }
    #endif
    start.initializeMemory(as: UInt8.self, repeating: 0, count: self.byteCount)
  }

  deinit { start.deallocate() }

  static func roundedUp(_ byteCount: Int) -> Int {
    (byteCount + alignment - 1) / alignment * alignment
  }

  /// Where single-precision numbers begin.
  var pointer: UnsafeMutablePointer<Float> { start.assumingMemoryBound(to: Float.self) }

  /// The memory as single-precision numbers.
  var floats: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      start: start.assumingMemoryBound(to: Float.self),
      count: byteCount / MemoryLayout<Float>.stride)
  }
}
