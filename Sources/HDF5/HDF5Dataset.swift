import CHDF5

/// An array in a file: reads whole or by rows, and is written by rows where it is too big to hold.
/// A row is all elements with the same index on the first axis.
public class HDF5Dataset: HDF5Object {
  /// The extent of each axis; empty for a single value.
  public let shape: [Int]

  /// The number of elements, the product of `shape`.
  public let count: Int

  /// The number of elements in a row, the product of `shape` less its first axis.
  let rowSize: Int

  /// Whether the file is known to be able to hold all elements.
  private var isPlausible = false

  /// Wraps an open dataset, which is closed where this throws.
  required init(opened identifier: hid_t, file: OpenFile, path: String) throws {
    do {
      guard
        try file.check(
          chdf5_is_self_contained(identifier), "cannot read the dataset's layout", object: path) > 0
      else {
        throw HDF5Error(
          file: file.path, object: path,
          "its values lie in other files; expected them in the file itself")
      }
      shape = try Self.shape(of: identifier, file: file, path: path)
      count = try elementCount(of: shape, file: file, path: path)
      rowSize = try elementCount(of: Array(shape.dropFirst()), file: file, path: path)
    } catch {
      H5Dclose(identifier)
      throw error
    }
    super.init(file: file, identifier: identifier, path: path)
  }

  private static func shape(of identifier: hid_t, file: OpenFile, path: String) throws -> [Int] {
    let failure = "cannot read the dataset's shape"
    let space = try file.check(H5Dget_space(identifier), failure, object: path)
    defer { H5Sclose(space) }
    let rank = try file.check(H5Sget_simple_extent_ndims(space), failure, object: path)
    var extents = [hsize_t](repeating: 0, count: Int(rank))
    if rank > 0 {
      try file.check(H5Sget_simple_extent_dims(space, &extents, nil), failure, object: path)
    }
    return try extents.map {
      guard let extent = Int(exactly: $0) else {
        throw HDF5Error(file: file.path, object: path, "the shape \(extents) is impossible")
      }
      return extent
    }
  }

  /// All elements in row-major order.
  ///
  /// - Parameters:
  ///   - type: the type of the elements.
  ///   - expected: The shape the caller relies on, nil for an axis of any extent; nil if
  ///     any shape will do.
  /// - Throws: `HDF5Error` if the stored type is another, the shape differs, or the data are
  ///   damaged.
  public func read<Element: HDF5Element>(
    as type: Element.Type = Element.self, shape expected: [Int?]? = nil
  ) throws -> [Element] {
    try file.use {
      if let expected { try checkShape(expected) }
      return try read(count: count, memorySpace: chdf5_all(), fileSpace: chdf5_all())
    }
  }

  /// The elements of `rows`, a range on the first axis, in row-major order.
  ///
  /// - Throws: `HDF5Error` if the stored type is another, the range reaches beyond the first
  ///   axis, or the data are damaged.
  public func readRows<Element: HDF5Element>(
    _ rows: Range<Int>, as type: Element.Type = Element.self
  ) throws -> [Element] {
    try file.use {
      try checkRows(rows)
      return try withSelection(of: rows) { count, memorySpace, fileSpace in
        try read(count: count, memorySpace: memorySpace, fileSpace: fileSpace)
      }
    }
  }

  /// All rows, each in an array of its own.
  ///
  /// - Throws: `HDF5Error` if the stored type is another, the dataset is a single value, the file cannot hold so many
  ///   rows, or the data are damaged.
  public func readEachRow<Element: HDF5Element>(as type: Element.Type = Element.self) throws
    -> [[Element]]
  {
    guard let extent = shape.first else {
      throw error("cannot read rows: the dataset is a single value")
    }
    // Before there is room for all of them; empty rows take some too.
    let stored = try file.use {
      try checkPlausible(size: Element.elementType.storedSize)
      return min(H5Dget_storage_size(identifier), 1 << 40)
    }
    let most = max(Self.mostRows, Int(stored) * Self.rowsPerByte)
    guard extent <= most else {
      throw error("the dataset claims \(extent) rows, expected at most \(most) by its size")
    }
    // Many short rows at a time, or one long one.
    let atOnce = max(1, Self.valuesAtOnce / max(rowSize, 1))
    var rows: [[Element]] = []
    rows.reserveCapacity(extent)
    for start in stride(from: 0, to: extent, by: atOnce) {
      let end = min(start + atOnce, extent)
      let values: [Element] = try readRows(start..<end)
      for row in 0..<end - start {
        rows.append(Array(values[row * rowSize..<(row + 1) * rowSize]))
      }
    }
    return rows
  }

  /// Every row takes room of its own, whatever is in it: so many are read from any file, more only from larger ones.
  private static let mostRows = 1 << 16
  private static let rowsPerByte = 64
  private static let valuesAtOnce = 1 << 16

  /// Writes whole rows from the index `first` on.
  ///
  /// - Parameters:
  ///   - first: the first row.
  ///   - values: The rows' elements in row-major order.
  /// - Throws: `HDF5Error` if the values are no whole number of rows, reach beyond the first
  ///   axis, or are of another type than the dataset; the file is then as it was.
  public func writeRows<Values: Collection>(_ values: Values, from first: Int) throws
  where Values.Element: HDF5Element {
    try file.use {
      guard let extent = shape.first else {
        throw error("cannot write rows: the dataset is a single value")
      }
      guard values.count == 0 || (rowSize > 0 && values.count.isMultiple(of: rowSize)) else {
        throw error(
          "cannot write rows: found \(values.count) values; expected a multiple of \(rowSize), "
            + "the size of a row of shape \(shape)")
      }
      let rowCount = rowSize == 0 ? 0 : values.count / rowSize
      guard first >= 0, first <= extent - rowCount else {
        throw error(
          "cannot write \(rowCount) rows starting at row \(first): the first axis has \(extent)")
      }
      try withSelection(of: first..<first + rowCount) { _, memorySpace, fileSpace in
        try write(values, memorySpace: memorySpace, fileSpace: fileSpace)
      }
    }
  }

  /// Gives the chunks of the rows written so far their places in the file, as `HDF5Group.write` does with its values.
  ///
  /// - Throws: `HDF5Error` if that fails.
  public func flush() throws {
    try file.use { _ = try check(H5Dflush(identifier), "cannot write the dataset") }
  }

  private func checkShape(_ expected: [Int?]) throws {
    let matches =
      expected.count == shape.count
      && zip(expected, shape).allSatisfy { $0 == nil || $0 == $1 }
    guard matches else {
      let words = expected.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
      throw error("the dataset's shape is \(shape); expected [\(words)]")
    }
  }

  private func checkRows(_ rows: Range<Int>) throws {
    guard let extent = shape.first else {
      throw error("cannot read rows: the dataset is a single value")
    }
    guard rows.lowerBound >= 0, rows.upperBound <= extent else {
      throw error("cannot read the rows \(rows): the first axis has \(extent)")
    }
  }

  /// Calls `body` with the number of elements in `rows`, and spaces that select them.
  private func withSelection<Result>(
    of rows: Range<Int>, _ body: (Int, hid_t, hid_t) throws -> Result
  ) throws -> Result {
    let failure = "cannot select the rows \(rows)"
    let count = rows.count * rowSize
    let fileSpace = try check(H5Dget_space(identifier), failure)
    defer { H5Sclose(fileSpace) }
    var start = shape.map { _ in hsize_t(0) }
    var extents = shape.map { hsize_t($0) }
    if !extents.isEmpty {
      start[0] = hsize_t(rows.lowerBound)
      extents[0] = hsize_t(rows.count)
    }
    if count > 0 {
      try check(
        H5Sselect_hyperslab(fileSpace, H5S_SELECT_SET, start, nil, extents, nil), failure)
    }
    let memorySpace = try check(H5Screate_simple(1, [hsize_t(count)], nil), failure)
    defer { H5Sclose(memorySpace) }
    return try body(count, memorySpace, fileSpace)
  }

  private func read<Element: HDF5Element>(count: Int, memorySpace: hid_t, fileSpace: hid_t) throws
    -> [Element]
  {
    let stored = try storedType(for: Element.self)
    defer { H5Tclose(stored) }
    try checkPlausible(size: Element.elementType.storedSize)
    guard count > 0 else { return [] }
    // Text in the file's own character set: libhdf5 does not convert between them.
    let memoryType = Element.elementType == .string ? stored : Element.elementType.memoryType
    return try Element.read(count: count) {
      try check(
        H5Dread(identifier, memoryType, memorySpace, fileSpace, chdf5_default(), $0),
        "cannot read the dataset")
    }
  }

  /// Writes all values and gives their chunks their places in the file. Left to the closing of the dataset,
  /// the order of the chunks of two datasets would depend on when the compiler lets go of them.
  func writeWhole<Values: Collection>(_ values: Values) throws where Values.Element: HDF5Element {
    try write(values, memorySpace: chdf5_all(), fileSpace: chdf5_all())
    try flush()
  }

  func write<Values: Collection>(_ values: Values, memorySpace: hid_t, fileSpace: hid_t) throws
  where Values.Element: HDF5Element {
    let type = Values.Element.elementType
    H5Tclose(try storedType(for: Values.Element.self))
    guard !values.isEmpty else { return }
    try withContiguousValues(values) { values in
      try checkText(values, of: "the dataset")
      try Values.Element.withMemory(of: values) {
        try check(
          H5Dwrite(identifier, type.memoryType, memorySpace, fileSpace, chdf5_default(), $0),
          "cannot write the dataset")
      }
    }
  }

  /// The dataset's type, which the caller closes, once it is known to hold such elements.
  private func storedType<Element: HDF5Element>(for element: Element.Type) throws -> hid_t {
    let stored = try check(H5Dget_type(identifier), "cannot read the dataset's type")
    guard Element.elementType.reads(stored) else {
      defer { H5Tclose(stored) }
      throw error(
        "the dataset's type is \(describeStoredType(stored)); expected \(Element.elementType)")
    }
    return stored
  }

  /// A damaged header may claim any number of elements: refuses to read, also row by row, far more than the file can
  /// hold. Deflate packs at most about 1,030 to 1; rows never written take no storage.
  func checkPlausible(size: Int) throws {
    // Of a dataset in pieces the storage is counted piece by piece: once, not for every row.
    guard !isPlausible else { return }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    let stored = Int(clamping: H5Dget_storage_size(identifier))
    isPlausible = !overflow && bytes / 1_100 <= max(stored, 1 << 15)
    guard isPlausible else {
      throw error(
        "the dataset claims \(count) elements, which its \(stored) stored bytes cannot hold")
    }
  }
}

/// The product of the extents.
///
/// - Throws: `HDF5Error` if one is negative or the product overflows.
func elementCount(of shape: [Int], file: OpenFile, path: String) throws -> Int {
  var count = 1
  for extent in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: extent)
    guard extent >= 0, !overflow else {
      throw HDF5Error(
        file: file.path, object: path, "found the shape \(shape), which no array has")
    }
    count = product
  }
  return count
}
