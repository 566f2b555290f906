import CHDF5

/// How a dataset's elements are stored in the file.
public enum HDF5Storage: Sendable {
  /// As one piece, uncompressed: for large incompressible data, such as a model's parameters.
  case contiguous
  /// In pieces of at most 1 MiB, shuffled and deflated at level 4. Text, single values and empty
  /// arrays are stored contiguously anyway.
  case compressed
}

extension HDF5Group {
  /// Creates the dataset `name` in this group and writes all its elements.
  ///
  /// Readers that label axes (xarray, netCDF) want every axis of every dataset labelled: prefer
  /// `write(_:_:axes:storage:missingAsNaN:)` for whatever has axes.
  ///
  /// - Parameters:
  ///   - name: the dataset's name.
  ///   - storage: how it is stored.
  ///   - values: The elements in row-major order.
  ///   - shape: The extent of each axis; empty for a single value. An extent may be 0.
  ///   - missingAsNaN: Declares NaN as the value of what is missing (`_FillValue`); floats only.
  /// - Throws: `HDF5Error` if the values do not fill the shape, the name is taken or some readers
  ///   refuse it. If writing the elements fails, the dataset exists and is incomplete.
  @discardableResult
  public func write<Values: Collection>(
    _ name: String, _ values: Values, shape: [Int], storage: HDF5Storage = .contiguous,
    missingAsNaN: Bool = false
  ) throws -> HDF5Dataset where Values.Element: HDF5Element {
    try file.use {
      try checkCount(values.count, fills: shape, of: name)
      let dataset = try createDataset(
        name, of: Values.Element.self, shape: shape, storage: storage, missingAsNaN: missingAsNaN)
      try dataset.writeWhole(values)
      return dataset
    }
  }

  /// Creates the dataset `name` of shape [] in this group, and writes its single value.
  ///
  /// - Throws: `HDF5Error` if the name is taken or some readers refuse it.
  @discardableResult
  public func write<Value: HDF5Element>(_ name: String, _ value: Value) throws -> HDF5Dataset {
    try write(name, CollectionOfOne(value), shape: [])
  }

  /// Creates the dataset `name` in this group with an axis for each dimension, and writes all its
  /// elements.
  ///
  /// - Parameters:
  ///   - storage: how it is stored.
  ///   - name: the dataset's name.
  ///   - values: The elements in row-major order.
  ///   - axes: The dimension of each axis, each at most once; they live in this group or in one that
  ///     holds it.
  ///   - missingAsNaN: Declares NaN as the value of what is missing (`_FillValue`); floats only.
  /// - Throws: `HDF5Error` as the other `write` does, and where a dimension occurs twice or lives
  ///   elsewhere.
  @discardableResult
  public func write<Values: Collection>(
    _ name: String, _ values: Values, axes: [HDF5Dimension], storage: HDF5Storage = .contiguous,
    missingAsNaN: Bool = false
  ) throws -> HDF5Dataset where Values.Element: HDF5Element {
    try file.use {
      try checkAxes(axes, of: name)
      let dataset = try write(
        name, values, shape: axes.map(\.count), storage: storage, missingAsNaN: missingAsNaN)
      try dataset.attach(axes)
      return dataset
    }
  }

  /// Creates the dataset `name` with an axis for each dimension, to be written by rows
  /// (`HDF5Dataset.writeRows(_:from:)`). Rows never written read as 0, empty text or, with
  /// `missingAsNaN`, NaN.
  ///
  /// - Throws: `HDF5Error` as `write(_:_:axes:storage:missingAsNaN:)` does.
  public func createDataset<Element: HDF5Element>(
    _ name: String, of type: Element.Type, axes: [HDF5Dimension],
    storage: HDF5Storage = .contiguous, missingAsNaN: Bool = false
  ) throws -> HDF5Dataset {
    try file.use {
      try checkAxes(axes, of: name)
      let dataset = try createDataset(
        name, of: type, shape: axes.map(\.count), storage: storage, missingAsNaN: missingAsNaN)
      try dataset.attach(axes)
      return dataset
    }
  }

  /// Creates the dataset `name` without labelled axes, to be written by rows; see
  /// `createDataset(_:of:axes:storage:missingAsNaN:)`.
  ///
  /// - Throws: `HDF5Error` if the name is taken or some readers refuse it, or no array has the
  ///   shape.
  public func createDataset<Element: HDF5Element>(
    _ name: String, of type: Element.Type, shape: [Int], storage: HDF5Storage = .contiguous,
    missingAsNaN: Bool = false
  ) throws -> HDF5Dataset {
    try file.use {
      try makeDataset(
        HDF5Dataset.self, name, elementType: Element.elementType, shape: shape, storage: storage,
        missingAsNaN: missingAsNaN)
    }
  }

  func checkCount(_ found: Int, fills shape: [Int], of name: String) throws {
    let expected = try elementCount(of: shape, file: file, path: childPath(name))
    guard found == expected else {
      throw HDF5Error(
        file: file.path, object: childPath(name),
        "found \(found) values; expected \(expected), which fill the shape \(shape)")
    }
  }

  /// - Parameter fileType: the type in the file, if it is not that of the elements.
  func makeDataset<Dataset: HDF5Dataset>(
    _: Dataset.Type, _ name: String, elementType: HDF5ElementType, shape: [Int],
    storage: HDF5Storage, missingAsNaN: Bool, fileType: hid_t? = nil
  ) throws -> Dataset {
    try checkName(name)
    try checkAbsent(name)
    let path = childPath(name)
    let count = try elementCount(of: shape, file: file, path: path)
    let failure = "cannot create the dataset"
    func check<Status: SignedInteger>(_ status: Status) throws -> Status {
      try file.check(status, failure, object: path)
    }

    let creation = try check(H5Pcreate(chdf5_dataset_create_class()))
    defer { H5Pclose(creation) }
    _ = try check(chdf5_prepare_object(creation))
    if storage == .compressed, !shape.isEmpty, count > 0, elementType != .string {
      let chunk = chunkShape(for: shape, elementSize: elementType.storedSize)
      _ = try check(H5Pset_chunk(creation, Int32(chunk.count), chunk.map { hsize_t($0) }))
      _ = try check(H5Pset_shuffle(creation))
      _ = try check(H5Pset_deflate(creation, 4))
    }
    if missingAsNaN {
      guard elementType == .float32 || elementType == .float64 else {
        throw HDF5Error(
          file: file.path, object: path, "only floats have a NaN for what is missing")
      }
      var fill = Double.nan
      _ = try check(H5Pset_fill_value(creation, chdf5_native_double(), &fill))
    }

    let space = try check(
      shape.isEmpty
        ? H5Screate(H5S_SCALAR)
        : H5Screate_simple(Int32(shape.count), shape.map { hsize_t($0) }, nil))
    defer { H5Sclose(space) }
    let identifier = try check(
      H5Dcreate2(
        self.identifier, name, fileType ?? elementType.fileType, space, chdf5_default(), creation,
        chdf5_default()))
    let dataset = try Dataset(opened: identifier, file: file, path: path)
    switch elementType {
    case .float32 where missingAsNaN:
      try dataset.writeAttribute("_FillValue", [Float.nan], isScalar: false)
    case .float64 where missingAsNaN:
      try dataset.writeAttribute("_FillValue", [Double.nan], isScalar: false)
    case .bool:
      try dataset.writeAttribute("dtype", ["bool"], isScalar: true)
    default: break
    }
    return dataset
  }
}

/// The shape of a dataset's chunks: whole trailing axes as far as 1 MiB goes, the next axis in equal
/// parts, and the axes before it one by one. Rows thus lie together, and reading a few touches few
/// chunks.
///
/// - Parameter shape: At least one axis, no extent 0.
package func chunkShape(for shape: [Int], elementSize: Int) -> [Int] {
  var room = (1 << 20) / elementSize
  var chunk = shape
  for axis in shape.indices.reversed() {
    let partCount = (shape[axis] + room - 1) / room
    chunk[axis] = (shape[axis] + partCount - 1) / partCount
    room = max(1, room / chunk[axis])
  }
  return chunk
}
