import CHDF5

/// An array to put in the place of another in an HDF5 file, for tests of edited results.
package enum ArrayEdit: Sendable, CustomStringConvertible {
  case integers(String, shape: [Int], value: Int32)
  case floats(String, shape: [Int], value: Float)
  case texts(String, count: Int)
  case missing(String)

  package var description: String {
    switch self {
    case .integers(let path, let shape, let value): "\(path) \(shape) of \(value)"
    case .floats(let path, let shape, let value): "\(path) \(shape) of \(value)"
    case .texts(let path, let count): "\(path) [\(count)] of text"
    case .missing(let path): "\(path) missing"
    }
  }

  package var path: String {
    switch self {
    case .integers(let path, _, _), .floats(let path, _, _), .texts(let path, _),
      .missing(let path):
      path
    }
  }

  /// Makes the change in an open file; true if all calls went well.
  package func make(in file: hid_t) -> Bool {
    let properties = chdf5_default()
    guard H5Ldelete(file, path, properties) >= 0 else { return false }
    let (type, shape): (hid_t, [Int]) =
      switch self {
      case .integers(_, let shape, _): (chdf5_native_int32(), shape)
      case .floats(_, let shape, _): (chdf5_native_float(), shape)
      case .texts(_, let count): (chdf5_create_utf8_string_type(), [count])
      case .missing: (-1, [])
      }
    guard type >= 0 else { return true }
    let extents = shape.map { hsize_t($0) }
    let space = H5Screate_simple(Int32(shape.count), extents, nil)
    let set = H5Dcreate2(file, path, type, space, properties, properties, properties)
    defer {
      H5Dclose(set)
      H5Sclose(space)
    }
    let count = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? .max : $0 * $1 }
    // A huge array is only claimed: nothing is stored. One of more bytes than 64 bits count is refused and then missing.
    guard count < 1 << 20 else { return set >= 0 || count > Int.max / 4 }
    let written: herr_t =
      switch self {
      case .integers(_, _, let value):
        H5Dwrite(
          set, type, chdf5_all(), chdf5_all(), properties,
          [Int32](repeating: value, count: count))
      case .floats(_, _, let value):
        H5Dwrite(
          set, type, chdf5_all(), chdf5_all(), properties,
          [Float](repeating: value, count: count))
      case .texts:
        "x".withCString { text in
          H5Dwrite(
            set, type, chdf5_all(), chdf5_all(), properties,
            [UnsafePointer<CChar>?](repeating: text, count: count))
        }
      case .missing: 0
      }
    return set >= 0 && written >= 0
  }
}
