import Foundation

/// Reads JSON (RFC 8259) value by value, as its user asks for them, without a tree of it in memory.
///
/// Every method throws `DatasetError` (malformed) with the file, the place and what was expected there. Values that
/// are skipped are checked no further than to find their ends.
struct JSONReader {
  /// Values inside one another, at most, where they are skipped.
  static let mostDepth = 64

  private let bytes: [UInt8]
  private let path: String
  private var place = 0

  init(_ bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  /// Reads an object; `body` must read or skip the value of each key.
  mutating func object(_ body: (inout JSONReader, String) throws -> Void) throws {
    try expect("{", "an object, {…}")
    if take("}") { return }
    repeat {
      let key = try text()
      try expect(":", "a colon behind a key")
      try body(&self, key)
    } while take(",")
    try expect("}", "a comma or the end of an object")
  }

  /// Reads an array; `body` must read or skip each element.
  mutating func array(_ body: (inout JSONReader) throws -> Void) throws {
    try expect("[", "a list, […]")
    if take("]") { return }
    repeat { try body(&self) } while take(",")
    try expect("]", "a comma or the end of a list")
  }

  /// Reads a text.
  mutating func text() throws -> String {
    try expect("\"", "a text in quotation marks")
    var units: [UInt8] = []
    while true {
      guard place < bytes.count else { throw malformed("the end of a text") }
      let byte = bytes[place]
      switch byte {
      case UInt8(ascii: "\""):
        place += 1
        return String(decoding: units, as: UTF8.self)
      case UInt8(ascii: "\\"): units += try escaped().utf8
      case 0..<0x20: throw malformed("a text without control characters")
      default:
        units.append(byte)
        place += 1
      }
    }
  }

  /// Reads a number.
  mutating func number() throws -> Double {
    skipBlanks()
    let start = place
    let isNegative = next(is: "-")
    var (mantissa, exponent, digits) = (UInt64(0), 0, 0)
    func shown() -> DatasetError { malformed("a number", at: start) }
    func digit(_ place: Int) -> UInt64? {
      guard place < bytes.count, case let byte = bytes[place], byte >= 0x30, byte <= 0x39 else {
        return nil
      }
      return UInt64(byte - 0x30)
    }
    while let value = digit(place) {
      // More digits than a Double has change its last bit at most.
      if mantissa < 1 << 59 { mantissa = 10 * mantissa + value } else { exponent += 1 }
      digits += 1
      place += 1
    }
    guard digits > 0 else { throw shown() }
    if next(is: ".") {
      digits = 0
      while let value = digit(place) {
        if mantissa < 1 << 59 {
          mantissa = 10 * mantissa + value
          exponent -= 1
        }
        digits += 1
        place += 1
      }
      guard digits > 0 else { throw shown() }
    }
    if next(is: "e") || next(is: "E") {
      let isSmall = next(is: "-")
      if !isSmall { _ = next(is: "+") }
      var (power, count) = (0, 0)
      while let value = digit(place) {
        power = min(10 * power + Int(value), 100_000)
        count += 1
        place += 1
      }
      guard count > 0 else { throw shown() }
      exponent += isSmall ? -power : power
    }
    // A division by a power of ten is exact to the last bit for the usual short decimals.
    let value =
      mantissa == 0
      ? 0
      : exponent < 0
        ? Double(mantissa) / pow(10, Double(-exponent))
        : Double(mantissa) * pow(10, Double(exponent))
    return isNegative ? -value : value
  }

  /// Skips any value.
  mutating func skip(depth: Int = 0) throws {
    guard depth < Self.mostDepth else {
      throw malformed("values at most \(Self.mostDepth) deep in one another")
    }
    skipBlanks()
    guard place < bytes.count else { throw malformed("a value") }
    switch bytes[place] {
    case UInt8(ascii: "{"): try object { reader, _ in try reader.skip(depth: depth + 1) }
    case UInt8(ascii: "["): try array { try $0.skip(depth: depth + 1) }
    case UInt8(ascii: "\""): _ = try text()
    default:
      for word in ["true", "false", "null"] where bytes[place...].starts(with: word.utf8) {
        place += word.utf8.count
        return
      }
      _ = try number()
    }
  }

  /// Throws unless all was read.
  mutating func finish() throws {
    skipBlanks()
    guard place == bytes.count else { throw malformed("the end of the file") }
  }

  // MARK: Bytes

  private mutating func skipBlanks() {
    while place < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[place]) { place += 1 }
  }

  /// Takes the next byte if it is that one.
  private mutating func next(is character: Unicode.Scalar) -> Bool {
    guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  /// The same behind blanks.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    return next(is: character)
  }

  private mutating func expect(_ character: Unicode.Scalar, _ expected: String) throws {
    guard take(character) else { throw malformed(expected) }
  }

  /// The character of an escape sequence, which begins at `place`.
  private mutating func escaped() throws -> String {
    let simple: [UInt8: String] = [
      0x22: "\"", 0x5c: "\\", 0x2f: "/", 0x62: "\u{8}", 0x66: "\u{c}", 0x6e: "\n", 0x72: "\r",
      0x74: "\t",
    ]
    guard place + 1 < bytes.count else { throw malformed("the end of a text") }
    if let character = simple[bytes[place + 1]] {
      place += 2
      return character
    }
    var units: [UInt16] = []
    while units.count < 2, place + 6 <= bytes.count, bytes[place] == 0x5c, bytes[place + 1] == 0x75,
      let unit = UInt16(String(decoding: bytes[place + 2..<place + 6], as: UTF8.self), radix: 16)
    {
      // A second one belongs to it only if both are halves of a pair.
      if let first = units.first, !UTF16.isLeadSurrogate(first) || !UTF16.isTrailSurrogate(unit) {
        break
      }
      units.append(unit)
      place += 6
    }
    guard !units.isEmpty else { throw malformed("an escape sequence of JSON") }
    return String(decoding: units, as: UTF16.self)
  }

  private func malformed(_ expected: String, at start: Int? = nil) -> DatasetError {
    let start = start ?? place
    let found =
      start < bytes.count
      ? String(decoding: bytes[start..<min(bytes.count, start + 20)], as: UTF8.self)
        .map { $0.isNewline || $0.asciiValue.map { $0 < 0x20 } ?? false ? " " : $0 }
      : Array("the end")
    return DatasetError(
      .malformed,
      "\(path): byte \(start): found \(String(found)), expected \(expected); \(OwnFormats.remedy)")
  }
}
