import Foundation

/// An array of a NumPy file, as `numpy.save` writes it (NEP 1): whole numbers, floating-point numbers, truth values or
/// words. Arrays of Python objects need Python to be read, and are refused.
public struct NumPyArray: Sendable {
  /// Where it comes from, for errors: a file, or a file and the array's name in it.
  public let source: String
  /// Lengths of the axes, outermost first.
  public let shape: [Int]
  /// NumPy's name of the elements' type, such as `<i8`.
  public let type: String
  private let isColumnMajor: Bool
  private let elements: Data
  private let kind: Character
  private let width: Int
  private let isBigEndian: Bool

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  private static let largestHeader = 65_536

  /// Reads the bytes of a .npy file. Throws `NumPyError`.
  package init(_ bytes: Data, source: String) throws {
    let bytes = Data(bytes)
    let remedy = "save it again with numpy.save"
    guard bytes.count >= 10, bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      throw NumPyError(source, "not an array of NumPy; \(remedy)")
    }
    let isLong = bytes[6] > 1
    let lengthBytes = isLong ? 4 : 2
    guard (1...3).contains(bytes[6]), bytes.count >= 8 + lengthBytes else {
      throw NumPyError(
        source, "is version \(bytes[6]) of NumPy's format, expected 1 to 3; \(remedy)")
    }
    let length = bytes[8..<8 + lengthBytes].reversed().reduce(0) { $0 << 8 | Int($1) }
    let start = 8 + lengthBytes + length
    guard length <= Self.largestHeader, start <= bytes.count else {
      throw NumPyError(
        source, "has a header of \(length) bytes, expected one within the file; \(remedy)")
    }
    let header = String(decoding: bytes[8 + lengthBytes..<start], as: UTF8.self)
    guard let type = header.firstMatch(of: /'descr': *'([^']*)'/)?.1,
      let order = header.firstMatch(of: /'fortran_order': *(True|False)/)?.1,
      let axes = header.firstMatch(of: /'shape': *\(([0-9, ]*)\)/)?.1
    else {
      throw NumPyError(
        source,
        "has the header \(header.prefix(80).trimmingCharacters(in: .whitespacesAndNewlines)), expected a "
          + "plain array; structured arrays are not read")
    }
    let lengths = axes.split(separator: ",").map { part in
      Int(part.filter { $0 != " " })
    }
    guard let match = type.wholeMatch(of: /([<>|=])([a-zA-Z])([0-9]{1,6})/),
      let kind = match.2.first, let number = Int(match.3), number > 0
    else { throw NumPyError(source, "has elements of the type \(type), expected a plain type") }
    guard kind != "O" else {
      throw NumPyError(
        source, "has Python objects as elements, expected numbers or words; save a plain array")
    }
    self.source = source
    self.type = String(type)
    self.kind = kind
    isBigEndian = match.1 == ">"
    isColumnMajor = order == "True"
    shape = lengths.compactMap { $0 }
    // A character of U takes four bytes.
    width = kind == "U" ? 4 * number : number
    let size = shape.reduce((partialValue: width, overflow: false)) {
      let product = $0.partialValue.multipliedReportingOverflow(by: $1)
      return (product.partialValue, $0.overflow || product.overflow)
    }
    guard lengths.count == shape.count, shape.count <= 32, !size.overflow,
      size.partialValue == bytes.count - start
    else {
      throw NumPyError(
        source,
        "has \(bytes.count - start) bytes behind its header, expected those of shape (\(axes)) and type "
          + "\(type); \(remedy)")
    }
    elements = bytes[start...]
  }

  /// Its elements as whole numbers, outermost axis first. Throws `NumPyError` unless they are whole numbers of up to 64
  /// bits that fit.
  public func integers() throws -> [Int] {
    let isSigned = kind == "i"
    guard isSigned || kind == "u" || kind == "b", [1, 2, 4, 8].contains(width) else {
      throw NumPyError(source, "has elements of the type \(type), expected whole numbers")
    }
    return try rowMajor { bytes in
      let bits = Self.bits(bytes, isBigEndian)
      if isSigned {
        let unused = UInt64(64 - 8 * width)
        return Int(Int64(bitPattern: bits << unused) >> Int64(unused))
      }
      guard let value = Int(exactly: bits) else {
        throw NumPyError(source, "has the element \(bits), expected at most \(Int.max)")
      }
      return value
    }
  }

  /// Its elements as bytes, outermost axis first. Throws `NumPyError` unless they are whole numbers from 0 to 255.
  public func bytes() throws -> [UInt8] {
    if kind == "u" || kind == "b", width == 1, !isColumnMajor { return [UInt8](elements) }
    return try integers().map { value in
      guard let byte = UInt8(exactly: value) else {
        throw NumPyError(source, "has the element \(value), expected 0 to 255")
      }
      return byte
    }
  }

  /// Its elements as words. Throws `NumPyError` unless they are texts (`U` or `S`).
  public func words() throws -> [String] {
    guard isText else {
      throw NumPyError(source, "has elements of the type \(type), expected words")
    }
    let unit = kind == "U" ? 4 : 1
    return rowMajor { bytes in
      var word = String.UnicodeScalarView()
      for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: unit) {
        let code = Self.bits(bytes[start..<start + unit], isBigEndian)
        if code == 0 { break }
        word.append(UInt32(exactly: code).flatMap(Unicode.Scalar.init) ?? "\u{FFFD}")
      }
      return String(word)
    }
  }

  /// Whether its elements are unsigned bytes.
  package var isBytes: Bool { kind == "u" && width == 1 }

  /// Whether its elements are floating-point numbers.
  package var isFloatingPoint: Bool { kind == "f" }

  /// Whether its elements are words.
  public var isText: Bool { kind == "U" || kind == "S" }

  private static func bits(_ bytes: Data, _ isBigEndian: Bool) -> UInt64 {
    isBigEndian
      ? bytes.reduce(0) { $0 << 8 | UInt64($1) }
      : bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// What is made of each element, outermost axis first.
  private func rowMajor<Value>(_ value: (Data) throws -> Value) rethrows -> [Value] {
    // Places of a step along each axis in a column-major array.
    var steps = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropFirst() { steps[axis] = steps[axis - 1] * shape[axis - 1] }
    return try (0..<count).map { number in
      var place = number
      if isColumnMajor {
        var rest = number
        place = 0
        for axis in shape.indices.reversed() {
          place += rest % shape[axis] * steps[axis]
          rest /= shape[axis]
        }
      }
      let start = elements.startIndex + place * width
      return try value(elements[start..<start + width])
    }
  }
}
