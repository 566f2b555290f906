import Foundation

/// Event files of TensorBoard: TFRecords, each of which holds an `Event` as a protocol buffer, written out here since a
/// scalar needs four of its fields.
///
///     record:  length (uint64), masked CRC-32C of it, data, masked CRC-32C of the data; little-endian
///     Event:   wall_time (1, double), step (2, varint), file_version (3, text), summary (5)
///     Summary: value (1): tag (1, text), simple_value (2, float)
package enum TensorBoardEvents {
  /// The record with which a file begins.
  package static func start(wallTime: Double) -> Data {
    record(field(1, wallTime) + field(3, Data("brain.Event:2".utf8)))
  }

  /// A record of scalars.
  /// - Parameters:
  ///   - wallTime: seconds since 1970.
  ///   - step: where on TensorBoard's axis; at least 0.
  ///   - values: names and values.
  package static func scalars(
    wallTime: Double, step: Int, _ values: [(tag: String, value: Float)]
  ) -> Data {
    let summary = values.reduce(into: Data()) { summary, value in
      summary += field(1, field(1, Data(value.tag.utf8)) + field(2, value.value))
    }
    return record(
      field(1, wallTime) + Data([2 << 3]) + varint(UInt64(max(0, step))) + field(5, summary))
  }

  /// The beginning of a file with its records up to a step. Nil if it does not begin as an event file; ends where it is
  /// damaged.
  package static func kept(_ file: Data, upTo step: Int) -> Data? {
    let bytes = [UInt8](file)
    guard let first = content(bytes, at: 0), Self.step(of: first) == 0,
      Data(first).range(of: Data("brain.Event".utf8)) != nil
    else { return nil }
    var end = overhead + first.count
    while let content = content(bytes, at: end), let found = Self.step(of: content), found <= step {
      end += overhead + content.count
    }
    return Data(bytes[..<end])
  }

  // MARK: Records

  /// Bytes of a record besides its data.
  private static let overhead = 16

  private static func record(_ data: Data) -> Data {
    let length = little(UInt64(data.count))
    return length + little(masked(length)) + data + little(masked(data))
  }

  /// The data of the record at a place, if it is whole.
  private static func content(_ bytes: [UInt8], at place: Int) -> ArraySlice<UInt8>? {
    guard bytes.count - place >= overhead else { return nil }
    let length = bytes[place..<place + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(bytes.count - place - overhead) else { return nil }
    let start = place + 12
    let data = bytes[start..<start + Int(length)]
    let isWhole =
      number(bytes, at: place + 8) == masked(Data(bytes[place..<place + 8]))
      && number(bytes, at: data.endIndex) == masked(Data(data))
    return isWhole ? data : nil
  }

  /// The four bytes at a place as a number.
  private static func number(_ bytes: [UInt8], at place: Int) -> UInt32 {
    bytes[place..<place + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
  }

  /// The step of an event that this program wrote; nil for another one.
  private static func step(of event: ArraySlice<UInt8>) -> Int? {
    guard event.count > 9, event[event.startIndex] == 1 << 3 | 1 else { return nil }
    let rest = event.dropFirst(9)
    guard rest.first == 2 << 3 else { return 0 }
    var (step, shift) = (UInt64(0), UInt64(0))
    for byte in rest.dropFirst().prefix(9) {
      step |= UInt64(byte & 0x7f) << shift
      shift += 7
      if byte < 0x80 { return Int(exactly: step) }
    }
    return nil
  }

  // MARK: Fields

  private static func field(_ number: UInt8, _ value: Double) -> Data {
    Data([number << 3 | 1]) + little(value.bitPattern)
  }
  private static func field(_ number: UInt8, _ value: Float) -> Data {
    Data([number << 3 | 5]) + little(value.bitPattern)
  }
  private static func field(_ number: UInt8, _ value: Data) -> Data {
    Data([number << 3 | 2]) + varint(UInt64(value.count)) + value
  }

  private static func varint(_ value: UInt64) -> Data {
    var (rest, bytes) = (value, Data())
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    return bytes
  }

  private static func little(_ value: some FixedWidthInteger) -> Data {
    withUnsafeBytes(of: value.littleEndian) { Data($0) }
  }

  // MARK: CRC-32C

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1
    }
  }

  /// The checksum as TFRecords have it: turned and shifted, so that no checksum is taken of one.
  private static func masked(_ data: Data) -> UInt32 {
    let sum = ~data.reduce(~UInt32(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
    return (sum >> 15 | sum << 17) &+ 0xa282_ead8
  }
}
