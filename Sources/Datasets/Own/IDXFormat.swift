import Support

/// IDX files, plain or compressed (.gz), as MNIST has them: 00 00, the type of the elements, the number of axes, the
/// length of each axis in 4 bytes, then the elements; all numbers big-endian. Images have three or four axes, labels one.
enum IDXFormat: OwnFormat {
  static let name = "IDX"

  static func recognises(_ start: [UInt8]) -> Bool {
    start.count >= 4 && start[0] == 0 && start[1] == 0 && ElementType(rawValue: start[2]) != nil
      && (1...4).contains(start[3])
  }

  /// The types of IDX by their codes.
  private enum ElementType: UInt8 {
    case uint8 = 0x08
    case int8 = 0x09
    case int16 = 0x0b
    case int32 = 0x0c
    case float = 0x0d
    case double = 0x0e

    var byteCount: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32, .float: 4
      case .double: 8
      }
    }
  }

  static func read(_ path: String, _ request: OwnRequest) throws -> OwnContent {
    guard request == .images || request == .labels else {
      throw DatasetError(
        .malformed,
        "\(path): an IDX file holds images or labels; give both, as files: {images: FILE, labels: FILE}"
      )
    }
    let reader = try ContentReader(path: path, remedy: OwnFormats.remedy)
    let (type, shape) = try header(reader)
    let count = try elementCount(type, shape, reader)
    if request == .images {
      guard type == .uint8 else {
        throw malformed(
          reader, "has elements of the type \(type), expected unsigned bytes from 0 to 255")
      }
      let axes = try OwnImages.axes(shape, in: path)
      let pixels = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
        try reader.read(into: UnsafeMutableRawBufferPointer(buffer))
        initialised = count
      }
      return OwnContent(
        images: OwnImages(
          pixels: pixels, count: axes.count, channels: axes.channels, height: axes.height,
          width: axes.width),
        sha256: try reader.finish())
    }
    guard shape.count == 1, type != .float, type != .double else {
      throw malformed(
        reader,
        "has \(shape.count) axes of the type \(type), expected labels: one axis of whole numbers")
    }
    let bytes = try reader.read(count * type.byteCount)
    let labels = (0..<count).map { number(bytes[(type.byteCount * $0)...], type) }
    return OwnContent(labels: labels, sha256: try reader.finish())
  }

  private static func malformed(_ reader: ContentReader, _ finding: String) -> DatasetError {
    DatasetError(.malformed, "\(reader.path): \(finding); \(OwnFormats.remedy)")
  }

  private static func header(_ reader: ContentReader) throws -> (type: ElementType, shape: [Int]) {
    guard try reader.reaches(8) else {
      throw malformed(
        reader, "has \(reader.byteCount) bytes, expected at least the 8 of an IDX header")
    }
    let start = try reader.read(4)
    guard recognises(start), let type = ElementType(rawValue: start[2]) else {
      throw malformed(
        reader, "begins with \(spelled(start)), expected 00 00, a type and 1...4 axes")
    }
    let rank = Int(start[3])
    guard try reader.reaches(4 + 4 * rank) else {
      throw malformed(
        reader,
        "has \(reader.byteCount) bytes, expected at least the \(4 + 4 * rank) of its IDX header")
    }
    return (type, idxLengths(try reader.read(4 * rank)))
  }

  /// The number of elements, if the file has as many bytes.
  private static func elementCount(
    _ type: ElementType, _ shape: [Int], _ reader: ContentReader
  ) throws -> Int {
    var expected = type.byteCount
    for length in shape {
      let (product, overflow) = expected.multipliedReportingOverflow(by: length)
      guard !overflow, product < 1 << 50 else {
        throw malformed(
          reader, "its header says the shape \(shape), more than a file can hold")
      }
      expected = product
    }
    let whole = 4 + 4 * shape.count + expected
    guard try reader.holds(whole) else {
      throw malformed(
        reader,
        "has \(reader.byteCount) bytes, expected \(whole) for the shape \(shape) that its header says"
      )
    }
    return expected / type.byteCount
  }

  /// The whole number at the beginning of some bytes.
  private static func number(_ bytes: ArraySlice<UInt8>, _ type: ElementType) -> Int {
    let bits = bytes.prefix(type.byteCount).reduce(0) { $0 << 8 | Int($1) }
    return switch type {
    case .int8: Int(Int8(truncatingIfNeeded: bits))
    case .int16: Int(Int16(truncatingIfNeeded: bits))
    case .int32: Int(Int32(truncatingIfNeeded: bits))
    default: bits
    }
  }
}
