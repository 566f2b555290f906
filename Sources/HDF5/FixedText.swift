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
      try checkCount(values.count, fills: shape, of: name)
      try values.withUnsafeBufferPointer { try checkText($0, of: name) }
      let length = max(1, values.map(\.utf8.count).max() ?? 0)
      let type = try check(
        chdf5_create_fixed_string_type(length), "cannot create a type of text")
      defer { H5Tclose(type) }
      let dataset = try makeDataset(
        HDF5Dataset.self, name, elementType: .string, shape: shape, storage: .contiguous,
        missingAsNaN: false, fileType: type)
      guard !values.isEmpty else { return }
      let bytes = values.flatMap { value in
        Array(value.utf8) + repeatElement(UInt8(ascii: " "), count: length - value.utf8.count)
      }
      try dataset.check(
        H5Dwrite(dataset.identifier, type, chdf5_all(), chdf5_all(), chdf5_default(), bytes),
        "cannot write the dataset")
    }
  }
}
