import CHDF5
import Foundation

/// What a dataset or an attribute stores.
public enum HDF5ElementType: Sendable, Equatable, CustomStringConvertible {
  /// IEEE 754 single precision, little-endian.
  case float32
  /// IEEE 754 double precision, little-endian.
  case float64
  /// Signed integers, little-endian.
  case int8, int32, int64
  /// `int8` holding 0 or 1; a dataset carries the attribute `dtype="bool"`, which xarray decodes.
  case bool
  /// Variable-length UTF-8 text.
  case string

  /// The type in words, as error lines name it.
  public var description: String {
    switch self {
    case .float32: "32-bit float"
    case .float64: "64-bit float"
    case .int8: "8-bit integer"
    case .int32: "32-bit integer"
    case .int64: "64-bit integer"
    case .bool: "8-bit integer (flag)"
    case .string: "variable-length string"
    }
  }

  /// Bytes an element takes in a chunk.
  var storedSize: Int {
    switch self {
    case .int8, .bool: 1
    case .float32, .int32: 4
    case .float64, .int64: 8
    case .string: 16
    }
  }

  /// The type in the file. Owned by the library, or by this module for the whole process.
  var fileType: hid_t {
    switch self {
    case .float32: chdf5_little_endian_float()
    case .float64: chdf5_little_endian_double()
    case .int8, .bool: chdf5_little_endian_int8()
    case .int32: chdf5_little_endian_int32()
    case .int64: chdf5_little_endian_int64()
    case .string: stringType
    }
  }

  /// The type in memory.
  var memoryType: hid_t {
    switch self {
    case .float32: chdf5_native_float()
    case .float64: chdf5_native_double()
    case .int8, .bool: chdf5_native_int8()
    case .int32: chdf5_native_int32()
    case .int64: chdf5_native_int64()
    case .string: stringType
    }
  }

  /// What a stored type holds; nil if it is one that this module does not write.
  init?(stored type: hid_t) {
    let all = [HDF5ElementType.float32, .float64, .int8, .int32, .int64, .string]
    guard let found = all.first(where: { $0.reads(type) }) else { return nil }
    self = found
  }

  /// The numbers that are read from such an array or attribute; nil for text.
  public var numbers: (any HDF5Element.Type)? {
    switch self {
    case .float32: Float.self
    case .float64: Double.self
    case .int8, .bool: Int8.self
    case .int32: Int32.self
    case .int64: Int64.self
    case .string: nil
    }
  }

  /// Whether elements of this type can be read from the stored type `type`.
  func reads(_ type: hid_t) -> Bool {
    let size = H5Tget_size(type)
    switch (self, H5Tget_class(type)) {
    case (.float32, H5T_FLOAT), (.float64, H5T_FLOAT): return size == storedSize
    case (.int8, H5T_INTEGER), (.bool, H5T_INTEGER), (.int32, H5T_INTEGER), (.int64, H5T_INTEGER):
      return size == storedSize && H5Tget_sign(type) == H5T_SGN_2
    case (.string, H5T_STRING): return H5Tis_variable_str(type) > 0
    default: return false
    }
  }
}

/// Created once, under the library's lock, and kept for the life of the process.
private let stringType = chdf5_create_utf8_string_type()

/// A stored type in words, for error lines.
func describeStoredType(_ type: hid_t) -> String {
  let bits = H5Tget_size(type) * 8
  switch H5Tget_class(type) {
  case H5T_FLOAT: return "\(bits)-bit float"
  case H5T_INTEGER:
    return H5Tget_sign(type) == H5T_SGN_NONE
      ? "unsigned \(bits)-bit integer" : "\(bits)-bit integer"
  case H5T_STRING:
    return H5Tis_variable_str(type) > 0 ? "variable-length string" : "fixed-length string"
  case H5T_ENUM: return "enumeration"
  case H5T_COMPOUND: return "compound"
  case H5T_REFERENCE: return "reference"
  default: return "another type"
  }
}

/// A value that datasets and attributes hold: `Float`, `Double`, `Int8`, `Int32`, `Int64`, `Bool`,
/// `String`. Do not add conformances.
public protocol HDF5Element: Sendable {
  /// What is stored for such a value.
  static var elementType: HDF5ElementType { get }

  /// Calls `body` with `values` laid out as libhdf5 reads them. `values` is not empty.
  static func withMemory(
    of values: UnsafeBufferPointer<Self>, _ body: (UnsafeRawPointer) throws -> Void) throws

  /// Calls `fill` with memory for `count` elements, at least one, for libhdf5 to write into, and
  /// returns what it wrote.
  static func read(count: Int, _ fill: (UnsafeMutableRawPointer) throws -> Void) throws -> [Self]
}

extension HDF5Element where Self: BitwiseCopyable {
  /// The values as they lie in memory.
  public static func withMemory(
    of values: UnsafeBufferPointer<Self>, _ body: (UnsafeRawPointer) throws -> Void
  ) throws {
    guard let start = values.baseAddress else { return }
    try body(start)
  }

  /// The values as they lie in memory.
  public static func read(count: Int, _ fill: (UnsafeMutableRawPointer) throws -> Void) throws
    -> [Self]
  {
    try [Self](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let start = buffer.baseAddress else { return }
      try fill(start)
      initialized = count
    }
  }
}

extension Float: HDF5Element {
  /// IEEE 754 single precision.
  public static var elementType: HDF5ElementType { .float32 }
}

extension Double: HDF5Element {
  /// IEEE 754 double precision.
  public static var elementType: HDF5ElementType { .float64 }
}

extension Int8: HDF5Element {
  /// A plain 8-bit integer; flags are written as `Bool`.
  public static var elementType: HDF5ElementType { .int8 }
}

extension Int32: HDF5Element {
  /// A 32-bit integer, the size for counts and indices.
  public static var elementType: HDF5ElementType { .int32 }
}

extension Int64: HDF5Element {
  /// A 64-bit integer, for what 32 bits cannot count, such as bytes.
  public static var elementType: HDF5ElementType { .int64 }
}

extension Bool: HDF5Element {
  /// An 8-bit integer, 0 or 1.
  public static var elementType: HDF5ElementType { .bool }

  /// Reads 8-bit integers; anything but 0 is true.
  public static func read(count: Int, _ fill: (UnsafeMutableRawPointer) throws -> Void) throws
    -> [Bool]
  {
    // Through Int8: a byte other than 0 and 1 is no valid Bool.
    try Int8.read(count: count, fill).map { $0 != 0 }
  }
}

extension String: HDF5Element {
  /// Variable-length UTF-8.
  public static var elementType: HDF5ElementType { .string }

  /// An array of pointers to NUL-terminated UTF-8.
  public static func withMemory(
    of values: UnsafeBufferPointer<String>, _ body: (UnsafeRawPointer) throws -> Void
  ) throws {
    var bytes: [UInt8] = []
    var starts: [Int] = []
    starts.reserveCapacity(values.count)
    for value in values {
      starts.append(bytes.count)
      bytes.append(contentsOf: value.utf8)
      bytes.append(0)
    }
    try bytes.withUnsafeBufferPointer { bytes in
      let pointers = starts.map { start in bytes.baseAddress.map { $0 + start } }
      try pointers.withUnsafeBytes { if let start = $0.baseAddress { try body(start) } }
    }
  }

  /// Takes over the strings that libhdf5 allocates.
  public static func read(count: Int, _ fill: (UnsafeMutableRawPointer) throws -> Void) throws
    -> [String]
  {
    var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    defer { for pointer in pointers { free(pointer) } }
    try pointers.withUnsafeMutableBytes { if let start = $0.baseAddress { try fill(start) } }
    return pointers.map { $0.map { String(cString: $0) } ?? "" }
  }
}
