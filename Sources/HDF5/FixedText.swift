import CHDF5

extension HDF5Group {
  /// Creates the dataset `name` of text of equal length, padded with spaces, and writes it: for readers that know no
  /// text of variable length, such as GNU Octave's `load`.
  ///
  /// It is labelled ASCII, because such readers refuse UTF-8 by name; its bytes are UTF-8 all the same.
  ///
  /// - Parameters:
  ///   - name: the dataset's name.
  ///   - values: the texts in row-major order.
  ///   - shape: the extent of each axis; empty for a single text.
  /// - Throws: `HDF5Error` if the values do not fill the shape, one holds a NUL character, the name is taken or some
  ///   readers refuse it.
  public func writeFixedText(_ name: String, _ values: [String], shape: [Int]) throws {
    try file.use {
      try checkName(name)
      try checkAbsent(name)
      try checkCount(values.count, fills: shape, of: name)
      let path = childPath(name)
      func check<Status: SignedInteger>(_ status: Status) throws -> Status {
        try file.check(status, "cannot create the dataset", object: path)
      }
      try values.withUnsafeBufferPointer { try checkText($0, of: name) }
      let length = values.map(\.utf8.count).max() ?? 0
      let type = try check(chdf5_create_fixed_string_type(max(length, 1)))
      defer { H5Tclose(type) }
      let creation = try check(H5Pcreate(chdf5_dataset_create_class()))
      defer { H5Pclose(creation) }
      _ = try check(chdf5_prepare_object(creation))
      let space = try check(
        shape.isEmpty
          ? H5Screate(H5S_SCALAR)
          : H5Screate_simple(Int32(shape.count), shape.map { hsize_t($0) }, nil))
      defer { H5Sclose(space) }
      let dataset = try check(
        H5Dcreate2(identifier, name, type, space, chdf5_default(), creation, chdf5_default()))
      defer { H5Dclose(dataset) }
      guard !values.isEmpty else { return }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(values.count * max(length, 1))
      for value in values {
        bytes.append(contentsOf: value.utf8)
        bytes.append(
          contentsOf: repeatElement(UInt8(ascii: " "), count: max(length, 1) - value.utf8.count))
      }
      _ = try check(
        H5Dwrite(dataset, type, chdf5_all(), chdf5_all(), chdf5_default(), bytes))
    }
  }
}
