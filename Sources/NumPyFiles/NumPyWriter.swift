import Foundation

/// Arrays of single-precision numbers as the bytes of an .npz file, uncompressed: equal arrays give equal bytes.
public struct NumPyWriter {
  private var members = Data()
  private var directory = Data()
  private var count = 0

  /// An archive without arrays.
  public init() {}

  /// Adds an array, row-major. The number of values must be the product of the shape.
  public mutating func add(_ name: String, shape: [Int], _ values: [Float]) {
    add(name, "<f4", shape) { content in
      for value in values {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { content.append(contentsOf: $0) }
      }
    }
  }

  /// Adds a whole number, an array without axes.
  public mutating func add(_ name: String, _ value: Int64) {
    add(name, "<i8", []) { content in
      withUnsafeBytes(of: value.littleEndian) { content.append(contentsOf: $0) }
    }
  }

  /// The whole file.
  public var bytes: Data {
    var end = Data()
    end.word(0x0605_4b50)
    for _ in 0..<2 { end.half(0) }
    for _ in 0..<2 { end.half(count) }
    end.word(directory.count)
    end.word(members.count)
    end.half(0)
    return members + directory + end
  }

  private mutating func add(
    _ name: String, _ type: String, _ shape: [Int], _ write: (inout Data) -> Void
  ) {
    let axes = shape.map { "\($0)," }.joined(separator: " ")
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(axes)), }"
    // The values begin at a multiple of 64.
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    var content = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0])
    content.half(header.utf8.count)
    content += Data(header.utf8)
    write(&content)

    let file = Data("\(name).npy".utf8)
    var common = Data()
    common.half(20)  // version needed
    common.half(0x0800)  // names are UTF-8
    common.half(0)  // stored
    common.half(0)
    common.half(0x21)  // 1 January 1980
    common.word(Int(content.zipChecksum))
    common.word(content.count)
    common.word(content.count)
    common.half(file.count)
    common.half(0)
    directory.word(0x0201_4b50)
    directory.half(20)
    directory += common
    for _ in 0..<3 { directory.half(0) }
    directory.word(0)
    directory.word(members.count)
    directory += file
    members.word(0x0403_4b50)
    members += common + file + content
    count += 1
  }
}

extension Data {
  /// Appends a little-endian number of 2 bytes.
  fileprivate mutating func half(_ value: Int) {
    append(contentsOf: [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)])
  }

  /// Appends one of 4 bytes.
  fileprivate mutating func word(_ value: Int) {
    half(value)
    half(value >> 16)
  }
}
