/// Numbers from an integer hash, the same bits here and in `tools/golden_oracle.py`.
///
/// Golden values therefore need no stored inputs. Element k of a salt is a 32-bit mix of
/// k + salt · 0x9E3779B9 (mod 2³²). Not a source of randomness: use `RandomStreams` for that.
public enum HashFill {
  /// Word `index` of `salt`, the number behind every other fill.
  public static func word(salt: UInt32, index: Int) -> UInt32 {
    var x = UInt32(truncatingIfNeeded: index) &+ salt &* 0x9E37_79B9
    x ^= x >> 16
    x = x &* 0x85EB_CA6B
    x ^= x >> 13
    x = x &* 0xC2B2_AE35
    x ^= x >> 16
    return x
  }

  /// A number in [0, 1): the upper 24 bits of the word.
  public static func unit(salt: UInt32, index: Int) -> Float {
    Float(word(salt: salt, index: index) >> 8) * 0x1p-24
  }

  /// `count` numbers in [0, 1).
  public static func unit(salt: UInt32, count: Int) -> [Float] {
    (0..<count).map { unit(salt: salt, index: $0) }
  }

  /// `count` numbers in [-bound, bound).
  public static func signed(salt: UInt32, count: Int, bound: Float) -> [Float] {
    (0..<count).map { (unit(salt: salt, index: $0) * 2 - 1) * bound }
  }

  /// The bound of the weights and biases of a layer with `fanIn` inputs: 1/√fanIn.
  public static func bound(fanIn: Int) -> Float {
    Float(1 / Double(fanIn).squareRoot())
  }

  /// The pixels of images `first ..< first + count`, `size` bytes each, image after image.
  public static func pixels(salt: UInt32, size: Int, first: Int = 0, count: Int) -> [UInt8] {
    (first * size..<(first + count) * size).map { UInt8(word(salt: salt, index: $0) >> 24) }
  }

  /// The labels, 0 ..< classes, of samples `first ..< first + count`.
  public static func labels(salt: UInt32, classes: Int, first: Int = 0, count: Int) -> [UInt8] {
    (first..<first + count).map { UInt8(word(salt: salt, index: $0) % UInt32(classes)) }
  }

  /// FNV-1a, 32 bits, over the bit patterns of `values`, low byte first.
  public static func checksum(_ values: [Float]) -> UInt32 {
    var state: UInt32 = 0x811C_9DC5
    for value in values {
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        state = (state ^ ((value.bitPattern >> shift) & 0xFF)) &* 0x0100_0193
      }
    }
    return state
  }
}
