import CHDF5

extension HDF5Dataset {
  /// What the dataset stores; nil if it is a type that this module does not write.
  public func storedElementType() throws -> HDF5ElementType? {
    try file.use {
      let stored = try check(H5Dget_type(identifier), "cannot read the dataset's type")
      defer { H5Tclose(stored) }
      return HDF5ElementType(stored: stored)
    }
  }

  /// Calls `body` with the bytes of all elements in row-major order, little-endian, some rows at a time.
  ///
  /// - Throws: `HDF5Error` if the data are text or of a type that this module does not write, or are
  ///   damaged.
  public func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    switch try storedElementType() {
    case .float32: try pieces(of: Float.self, body)
    case .float64: try pieces(of: Double.self, body)
    case .int8, .bool: try pieces(of: Int8.self, body)
    case .int32: try pieces(of: Int32.self, body)
    case .int64: try pieces(of: Int64.self, body)
    case .string, nil:
      throw error("found no numbers; expected 32- or 64-bit floats, or signed integers")
    }
  }

  private func pieces<Element: HDF5Element & BitwiseCopyable>(
    of type: Element.Type, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard let extent = shape.first else {
      return try read(as: type).withUnsafeBytes { try body($0) }
    }
    let rowBytes = max(1, count / max(extent, 1)) * MemoryLayout<Element>.size
    let rows = max(1, (1 << 22) / rowBytes)
    for start in stride(from: 0, to: extent, by: rows) {
      try readRows(start..<min(start + rows, extent), as: type).withUnsafeBytes { try body($0) }
    }
  }
}

extension HDF5Group {
  /// All datasets of numbers in this group and those below, in ascending order of their paths. Text is
  /// left out. A dataset that a group repeats under the name that it has in a group that holds it
  /// (`link(_:)`) counts once, there.
  ///
  /// - Throws: `HDF5Error` if an object cannot be opened or groups are nested more than 16 deep.
  public func numericDatasets() throws -> [HDF5Dataset] {
    try datasets(heldBy: []).filter { try $0.storedElementType() != .string }
      .sorted { $0.path < $1.path }
  }

  /// - Parameter holders: the groups that hold this one, from where the search began.
  private func datasets(heldBy holders: [HDF5Group]) throws -> [HDF5Dataset] {
    guard holders.count < 16 else { throw error("groups are nested more than 16 deep") }
    return try childNames().flatMap { name in
      if try isGroup(name) { return try group(name).datasets(heldBy: holders + [self]) }
      let dataset = try dataset(name)
      return try holders.contains { try $0.holds(dataset) } ? [] : [dataset]
    }
  }

  /// Whether that very dataset is in this group too, under the same name.
  private func holds(_ dataset: HDF5Dataset) throws -> Bool {
    guard try exists(dataset.name) else { return false }
    return try file.use {
      try check(
        chdf5_is_object(identifier, dataset.name, dataset.identifier),
        "cannot open \(dataset.name)") > 0
    }
  }
}
