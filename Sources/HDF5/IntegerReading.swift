import CHDF5

// Whole numbers as other programs store them: of any width, with or without a sign.
extension HDF5Dataset {
  /// All elements in row-major order as 64-bit integers; larger ones become the largest.
  ///
  /// - Throws: `HDF5Error` if they are no whole numbers of up to 64 bits, or the data are damaged.
  public func readIntegers() throws -> [Int64] {
    try file.use {
      try readWhole(
        chdf5_native_int64(), "whole numbers",
        where: { H5Tget_class($0) == H5T_INTEGER && H5Tget_size($0) <= 8 })
    }
  }

  /// All elements in row-major order, 0...255.
  ///
  /// - Throws: `HDF5Error` if they are no unsigned integers of 8 bits, or the data are damaged.
  public func readBytes() throws -> [UInt8] {
    try file.use {
      try readWhole(
        chdf5_native_uint8(), "unsigned 8-bit integers (numpy.uint8)",
        where: {
          H5Tget_class($0) == H5T_INTEGER && H5Tget_size($0) == 1
            && H5Tget_sign($0) == H5T_SGN_NONE
        })
    }
  }

  private func readWhole<Element: BitwiseCopyable>(
    _ memoryType: hid_t, _ expected: String, where isExpected: (hid_t) -> Bool
  ) throws -> [Element] {
    let stored = try check(H5Dget_type(identifier), "cannot read the dataset's type")
    defer { H5Tclose(stored) }
    guard isExpected(stored) else {
      throw error("the dataset's type is \(describeStoredType(stored)); expected \(expected)")
    }
    try checkPlausible(size: H5Tget_size(stored))
    guard count > 0 else { return [] }
    return try [Element](unsafeUninitializedCapacity: count) { buffer, initialised in
      guard let start = buffer.baseAddress else { return }
      try check(
        H5Dread(identifier, memoryType, chdf5_all(), chdf5_all(), chdf5_default(), start),
        "cannot read the dataset")
      initialised = count
    }
  }
}
