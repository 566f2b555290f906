import CZlib
import Foundation

/// A picture of bytes as a PNG file (ISO/IEC 15948): 8 bits a channel, gray or colour, compressed in one piece. Equal
/// pictures give equal bytes with the same version of zlib.
struct PNG {
  /// The whole file.
  let bytes: Data

  /// - Parameters:
  ///   - width: pixels, positive.
  ///   - height: pixels, positive.
  ///   - isColour: whether a pixel has three bytes, red, green and blue, or one.
  ///   - pixels: (y, x, channel), 0...255; as many as the numbers say.
  init(width: Int, height: Int, isColour: Bool, pixels: [UInt8]) {
    var header = Data()
    header.bigEndian(width)
    header.bigEndian(height)
    header.append(contentsOf: [8, isColour ? 2 : 0, 0, 0, 0])
    let rowSize = width * (isColour ? 3 : 1)
    // A byte ahead of each row says that it is not filtered.
    var rows = Data(capacity: height * (rowSize + 1))
    for y in 0..<height {
      rows.append(0)
      rows.append(contentsOf: pixels[y * rowSize..<(y + 1) * rowSize])
    }
    var file = Data([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    for (name, content) in [("IHDR", header), ("IDAT", Self.compressed(rows)), ("IEND", Data())] {
      let chunk = Data(name.utf8) + content
      file.bigEndian(content.count)
      file += chunk
      file.bigEndian(
        chunk.withUnsafeBytes {
          Int(crc32_z(0, $0.bindMemory(to: UInt8.self).baseAddress, z_size_t($0.count)))
        })
    }
    bytes = file
  }

  private static func compressed(_ bytes: Data) -> Data {
    var count = compressBound(uLong(bytes.count))
    var packed = Data(count: Int(count))
    packed.withUnsafeMutableBytes { packed in
      bytes.withUnsafeBytes { bytes in
        // The room is what zlib itself asks for, so that it cannot fail.
        _ = compress2(
          packed.bindMemory(to: UInt8.self).baseAddress, &count,
          bytes.bindMemory(to: UInt8.self).baseAddress, uLong(bytes.count), 9)
      }
    }
    return packed.prefix(Int(count))
  }
}

extension Data {
  /// Appends a number of 4 bytes.
  fileprivate mutating func bigEndian(_ value: Int) {
    for shift in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }
}
