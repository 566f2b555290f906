import RandomStreams

/// Changes an input in a few places: bits, numbers, pieces left out, repeated, swapped or taken from elsewhere. The same
/// seed and number give the same input.
struct Mutator {
  private var stream: RandomStream
  /// Words of the format, which chance would not find.
  private let words: [[UInt8]]

  /// The numbers that programs trip over.
  private static let numbers: [UInt64] = [
    0, 1, 2, 7, 255, 256, 1 << 15, 1 << 16, 1 << 31, (1 << 31) - 1, 1 << 32, 1 << 62, 1 << 63,
    .max, .max - 1, 0x7ff0_0000_0000_0000, 0x7ff8_0000_0000_0000,
  ]

  init(seed: UInt64, number: UInt64, words: [String]) {
    // The number in the place of the round: a stream for every input.
    stream = RandomStream(seed: seed, purpose: .ownMethod, round: Int(number))
    self.words = words.map { Array($0.utf8) }
  }

  /// A number in 0 ..< `bound`.
  mutating func below(_ bound: Int) -> Int { stream.integer(below: max(bound, 1)) }

  /// One of some values.
  mutating func one<Value>(of values: [Value]) -> Value { values[below(values.count)] }

  /// A changed input of at most `longest` bytes.
  mutating func mutated(_ input: [UInt8], other: [UInt8], longest: Int = 1 << 20) -> [UInt8] {
    var bytes = input
    for _ in 0...below(6) { change(&bytes, other) }
    return Array(bytes.prefix(longest))
  }

  private mutating func change(_ bytes: inout [UInt8], _ other: [UInt8]) {
    let place = below(bytes.count + 1)
    switch below(12) {
    case 0, 1:
      guard place < bytes.count else { return }
      bytes[place] ^= 1 << UInt8(below(8))
    case 2:
      guard place < bytes.count else { return }
      bytes[place] = UInt8(below(256))
    case 3, 4:
      let number = one(of: Self.numbers)
      let width = one(of: [1, 2, 4, 8])
      guard place + width <= bytes.count else { return }
      let isBigEndian = below(2) == 0
      for index in 0..<width {
        let shift = UInt64(8 * (isBigEndian ? width - 1 - index : index))
        bytes[place + index] = UInt8(truncatingIfNeeded: number >> shift)
      }
    case 5: bytes.removeSubrange(place..<min(bytes.count, place + 1 + below(64)))
    case 6: bytes.removeSubrange(place...)
    case 7:
      let piece = bytes[place..<min(bytes.count, place + 1 + below(256))]
      let copies = below(20) == 0 ? 1000 : 1 + below(4)
      let repeated = Array(repeating: piece, count: copies).joined()
      bytes.insert(contentsOf: Array(repeated.prefix(1 << 18)), at: below(bytes.count + 1))
    case 8:
      guard !other.isEmpty else { return }
      let start = below(other.count)
      bytes.insert(contentsOf: other[start..<min(other.count, start + 1 + below(512))], at: place)
    case 9:
      bytes.insert(
        contentsOf: (0...below(16)).map { _ in UInt8(below(256)) }, at: place)
    default:
      guard !words.isEmpty else { return }
      bytes.insert(contentsOf: one(of: words), at: place)
    }
  }
}
