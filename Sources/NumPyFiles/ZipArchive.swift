import CZlib
import Foundation

/// The members of a ZIP archive in memory (PKWARE's APPNOTE 6.3), stored or deflated, as `numpy.savez` and
/// `numpy.savez_compressed` write them. No size in the archive is trusted: a member is no larger than its bytes can hold,
/// and its CRC-32 must fit.
package struct ZipArchive {
  private struct Member {
    let name: String
    let method: Int
    let checksum: UInt32
    let packed: Int
    let size: Int
    let header: Int
  }

  private let bytes: Data
  private let path: String
  /// In the order of the directory.
  private let members: [Member]
  private let placesByName: [String: Int]

  private static let remedy = "save it again with numpy.savez"

  /// Reads the central directory. Throws `NumPyError`.
  package init(_ bytes: Data, path: String) throws {
    self.bytes = bytes
    self.path = path
    members = try Self.directory(bytes, path: path)
    placesByName = Dictionary(
      members.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The members' names, in the order of the directory.
  package var names: [String] { members.map(\.name) }

  private static func directory(_ bytes: Data, path: String) throws -> [Member] {
    let damaged = NumPyError(path, "its directory is damaged; \(remedy)")
    // The end record: 22 bytes and a comment of up to 65535.
    let first = max(0, bytes.count - 22 - 65535)
    guard bytes.count >= 22,
      let end = (first...bytes.count - 22).last(where: { bytes.word(at: $0) == 0x0605_4b50 })
    else { throw NumPyError(path, "not a zip archive, as .npz files are; \(remedy)") }
    let count = bytes.half(at: end + 10)
    // Then the real number is elsewhere.
    guard count < 0xffff else {
      throw NumPyError(path, "has 65535 or more arrays, expected fewer")
    }
    var place = Int(bytes.word(at: end + 16))
    return try (0..<count).map { _ in
      guard place + 46 <= end, bytes.word(at: place) == 0x0201_4b50 else { throw damaged }
      let name = bytes.half(at: place + 28)
      let next = place + 46 + name + bytes.half(at: place + 30) + bytes.half(at: place + 32)
      guard next <= end else { throw damaged }
      let (packed, size) = (bytes.word(at: place + 20), bytes.word(at: place + 24))
      let header = bytes.word(at: place + 42)
      guard packed != .max, size != .max, header != .max else {
        throw NumPyError(path, "has an array of 4 GiB or more, expected less; save it as .npy")
      }
      defer { place = next }
      return Member(
        name: String(decoding: bytes[place + 46..<place + 46 + name], as: UTF8.self),
        method: bytes.half(at: place + 10), checksum: bytes.word(at: place + 16),
        packed: Int(packed), size: Int(size), header: Int(header))
    }
  }

  /// A member's bytes; nil if there is none of that name. Throws `NumPyError`, also for more bytes than `most`.
  package func content(of name: String, most: Int = .max) throws -> Data? {
    guard let member = placesByName[name].map({ members[$0] }) else { return nil }
    guard member.size <= most else {
      throw NumPyError(
        "\(path): \(name)", "has \(member.size) bytes, expected at most \(most)")
    }
    let damaged = NumPyError("\(path): \(name)", "is damaged; \(Self.remedy)")
    guard member.header + 30 <= bytes.count, bytes.word(at: member.header) == 0x0403_4b50 else {
      throw damaged
    }
    let start =
      member.header + 30 + bytes.half(at: member.header + 26) + bytes.half(at: member.header + 28)
    guard start + member.packed <= bytes.count else { throw damaged }
    let packed = bytes[start..<start + member.packed]
    let content: Data
    switch member.method {
    case 0:
      guard member.packed == member.size else { throw damaged }
      content = Data(packed)
    case 8:
      // Deflate packs at most 1032 bytes into one.
      guard member.size / 1032 <= member.packed,
        let inflated = Self.inflate(packed, to: member.size)
      else { throw damaged }
      content = inflated
    default:
      throw NumPyError(
        "\(path): \(name)",
        "is packed by method \(member.method), expected stored or deflated; \(Self.remedy)")
    }
    guard content.zipChecksum == member.checksum else { throw damaged }
    return content
  }

  /// Exactly `size` bytes; nil if the packed bytes hold something else.
  private static func inflate(_ packed: Data, to size: Int) -> Data? {
    var stream = z_stream()
    guard czlib_inflate_init_raw(&stream) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    // One more, so that too many are noticed.
    var content = Data(count: size + 1)
    let status = content.withUnsafeMutableBytes { content in
      packed.withUnsafeBytes { packed in
        stream.next_in = UnsafeMutablePointer(
          mutating: packed.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = uInt(packed.count)
        stream.next_out = content.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = uInt(content.count)
        return CZlib.inflate(&stream, Z_FINISH)
      }
    }
    guard status == Z_STREAM_END, stream.avail_out == 1, stream.avail_in == 0 else { return nil }
    return content.prefix(size)
  }
}

extension Data {
  /// The CRC-32 that a ZIP archive keeps of a member.
  var zipChecksum: UInt32 {
    withUnsafeBytes {
      UInt32(
        truncatingIfNeeded: crc32_z(
          0, $0.bindMemory(to: UInt8.self).baseAddress, z_size_t($0.count)))
    }
  }

  /// A little-endian number of 2 bytes, from the beginning.
  fileprivate func half(at place: Int) -> Int {
    Int(self[startIndex + place]) | Int(self[startIndex + place + 1]) << 8
  }

  /// One of 4 bytes.
  fileprivate func word(at place: Int) -> UInt32 {
    UInt32(half(at: place)) | UInt32(half(at: place + 2)) << 16
  }
}
