import CHDF5

/// A named axis with a coordinate for each index: a dataset of one axis that is an HDF5 dimension
/// scale with its own name, which makes it a netCDF coordinate variable.
public final class HDF5Dimension: HDF5Dataset {}

extension HDF5Group {
  /// Creates the dimension `name` in this group with whole numbers as coordinates, such as rounds.
  ///
  /// - Throws: `HDF5Error` where the name is taken or some readers refuse it.
  public func createDimension(
    _ name: String, values: [Int32], storage: HDF5Storage = .contiguous
  ) throws -> HDF5Dimension {
    try makeDimension(name, values, storage: storage)
  }

  /// Creates the dimension `name` in this group with whole numbers beyond 32 bits as coordinates, such as
  /// seeds.
  ///
  /// - Throws: `HDF5Error` where the name is taken or some readers refuse it.
  public func createDimension(_ name: String, longValues: [Int64]) throws -> HDF5Dimension {
    try makeDimension(name, longValues, storage: .contiguous)
  }

  /// Creates the dimension `name` in this group with labels as coordinates, such as layers' names.
  ///
  /// - Throws: `HDF5Error` where the name is taken or some readers refuse it.
  public func createDimension(_ name: String, values: [String]) throws -> HDF5Dimension {
    try makeDimension(name, values, storage: .contiguous)
  }

  /// Opens a dimension in this group by its path from here.
  ///
  /// - Throws: `HDF5Error` if it is missing or no dimension scale of one axis.
  public func dimension(_ path: String) throws -> HDF5Dimension {
    try file.use {
      let identifier = try openChild(path, kind: H5I_DATASET)
      let dimension = try HDF5Dimension(opened: identifier, file: file, path: childPath(path))
      let isScale = try dimension.check(H5DSis_scale(identifier), "cannot read the dataset") > 0
      guard isScale, dimension.shape.count == 1 else {
        throw dimension.error(
          "found a dataset of shape \(dimension.shape); expected a dimension scale of one axis")
      }
      return dimension
    }
  }

  /// Names a dimension of a group that holds this one here too, by a hard link: readers that open only this
  /// group then find its coordinates. It stays one dataset, which `numericDatasets()` counts once.
  ///
  /// - Throws: `HDF5Error` where the name is taken, or the dimension is of another file or lives elsewhere.
  public func link(_ dimension: HDF5Dimension) throws {
    try file.use {
      try checkAxes([dimension], of: dimension.name)
      try checkAbsent(dimension.name)
      try check(
        H5Lcreate_hard(
          file.identifier, dimension.path, identifier, dimension.name, chdf5_default(),
          chdf5_default()),
        "cannot link the dimension \(dimension.path)")
    }
  }

  private func makeDimension<Value: HDF5Element>(
    _ name: String, _ values: [Value], storage: HDF5Storage
  ) throws -> HDF5Dimension {
    try file.use {
      let dimension = try makeDataset(
        HDF5Dimension.self, name, elementType: Value.elementType, shape: [values.count],
        storage: storage, missingAsNaN: false)
      try dimension.writeWhole(values)
      try dimension.check(
        H5DSset_scale(dimension.identifier, name), "cannot make the dataset a dimension scale")
      return dimension
    }
  }

  /// Readers look for a dataset's dimensions in its group and the groups that hold it, and take no
  /// dimension twice.
  func checkAxes(_ axes: [HDF5Dimension], of name: String) throws {
    for (index, dimension) in axes.enumerated() {
      func refuse(_ message: String) -> HDF5Error {
        HDF5Error(file: file.path, object: childPath(name), message)
      }
      guard dimension.file === file else {
        throw refuse("the dimension \(dimension.path) belongs to another file or opening of it")
      }
      let home = dimension.path.split(separator: "/").dropLast()
      guard path.split(separator: "/").starts(with: home) else {
        throw refuse(
          "the dimension \(dimension.path) is elsewhere; expected one in \(path) or in a group "
            + "that holds it")
      }
      guard !axes[..<index].contains(where: { $0.name == dimension.name }) else {
        throw refuse(
          "the dimension \(dimension.name) occurs twice; give the second axis its own "
            + "dimension")
      }
    }
  }
}

extension HDF5Dataset {
  /// Labels each axis with a dimension.
  ///
  /// - Throws: `HDF5Error` if the dimensions' sizes are not the dataset's shape.
  func attach(_ axes: [HDF5Dimension]) throws {
    guard axes.map(\.count) == shape else {
      let found = axes.map { "\($0.name) (\($0.count))" }.joined(separator: ", ")
      throw error("found the dimensions \(found); expected sizes \(shape)")
    }
    for (index, dimension) in axes.enumerated() {
      try check(
        H5DSattach_scale(identifier, dimension.identifier, UInt32(index)),
        "cannot label axis \(index) with the dimension \(dimension.name)")
    }
  }

  /// The name of the dimension of each axis, nil for an axis without; an empty list for a single
  /// value.
  ///
  /// - Throws: `HDF5Error` if the file is damaged.
  public func axisNames() throws -> [String?] {
    try file.use {
      try shape.indices.map { axis in
        var name: String?
        let failure = "cannot read the dimensions of axis \(axis)"
        guard try check(H5DSget_num_scales(identifier, UInt32(axis)), failure) > 0 else {
          return nil
        }
        let status = withUnsafeMutablePointer(to: &name) { name in
          H5DSiterate_scales(
            identifier, UInt32(axis), nil,
            { _, _, scale, context in
              var text = [CChar](repeating: 0, count: 1024)
              guard H5Iget_name(scale, &text, text.count) >= 0 else { return -1 }
              let path = text.withUnsafeBufferPointer { $0.baseAddress.map(String.init(cString:)) }
              context?.assumingMemoryBound(to: String?.self).pointee =
                path?.split(separator: "/").last.map(String.init)
              return 1
            }, name)
        }
        try check(status, failure)
        return name
      }
    }
  }
}
