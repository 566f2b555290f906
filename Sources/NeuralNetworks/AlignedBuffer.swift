/// Zeroed memory that starts on a cache line, as the vector units want it.
final class AlignedBuffer {
  static let alignment = 64
  let start: UnsafeMutableRawPointer
  let byteCount: Int

  init(byteCount: Int) {
    self.byteCount = max(byteCount, Self.alignment)
    start = .allocate(byteCount: self.byteCount, alignment: Self.alignment)
    start.initializeMemory(as: UInt8.self, repeating: 0, count: self.byteCount)
  }

  deinit { start.deallocate() }

  static func roundedUp(_ byteCount: Int) -> Int {
    (byteCount + alignment - 1) / alignment * alignment
  }

  /// The memory as single-precision numbers.
  var floats: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      start: start.assumingMemoryBound(to: Float.self),
      count: byteCount / MemoryLayout<Float>.stride)
  }
}
