import CHDF5

/// A folder of groups and datasets. `HDF5File` is the group `/`.
public class HDF5Group: HDF5Object {
  /// Creates the group `name` in this one.
  ///
  /// - Throws: `HDF5Error` if something has that name or some readers refuse it.
  public func createGroup(_ name: String) throws -> HDF5Group {
    try checkName(name)
    return try file.use {
      try checkAbsent(name)
      let failure = "cannot create the group"
      let path = childPath(name)
      let creation = try file.check(
        H5Pcreate(chdf5_group_create_class()), failure, object: path)
      defer { H5Pclose(creation) }
      try file.check(chdf5_prepare_group(creation), failure, object: path)
      let identifier = try file.check(
        H5Gcreate2(self.identifier, name, chdf5_default(), creation, chdf5_default()), failure,
        object: path)
      return HDF5Group(file: file, identifier: identifier, path: path)
    }
  }

  /// Opens a group in this one by its path from here, such as `train` or `model/conv1`.
  ///
  /// - Throws: `HDF5Error` if it is missing or no group.
  public func group(_ path: String) throws -> HDF5Group {
    try file.use {
      let identifier = try openChild(path, kind: H5I_GROUP)
      return HDF5Group(file: file, identifier: identifier, path: childPath(path))
    }
  }

  /// Opens a dataset in this group by its path from here, such as `client` or `train/row_size`.
  ///
  /// - Throws: `HDF5Error` if it is missing or no dataset.
  public func dataset(_ path: String) throws -> HDF5Dataset {
    try file.use {
      let identifier = try openChild(path, kind: H5I_DATASET)
      return try HDF5Dataset(opened: identifier, file: file, path: childPath(path))
    }
  }

  /// Reads a whole dataset; see `dataset(_:)` and `HDF5Dataset.read(as:shape:)`.
  public func read<Element: HDF5Element>(
    _ path: String, as type: Element.Type = Element.self, shape: [Int?]? = nil
  ) throws -> [Element] {
    try dataset(path).read(as: type, shape: shape)
  }

  /// Reads a dataset that holds a single value, of shape [].
  public func readValue<Element: HDF5Element>(
    _ path: String, as type: Element.Type = Element.self
  ) throws -> Element {
    let dataset = try dataset(path)
    guard let value = try dataset.read(as: type, shape: []).first else {
      throw dataset.error("found no value; expected one")
    }
    return value
  }

  /// Whether there is a group or dataset at `path`, from here.
  public func exists(_ path: String) throws -> Bool {
    try file.use { try firstMissing(path) == nil }
  }

  /// The names of the groups and datasets in this group, in ascending order.
  public func childNames() throws -> [String] {
    try file.use {
      let failure = "cannot list the group"
      var info = H5G_info_t()
      try check(H5Gget_info(identifier, &info), failure)
      return try (0..<info.nlinks).map { index in
        func name(_ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int {
          H5Lget_name_by_idx(
            identifier, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, chdf5_default())
        }
        let length = try check(name(nil, 0), failure)
        return try withUnsafeTemporaryAllocation(of: CChar.self, capacity: length + 1) { buffer in
          guard let start = buffer.baseAddress else { return "" }
          try check(name(start, buffer.count), failure)
          return String(cString: start)
        }
      }.sorted()
    }
  }

  /// Whether the object `name` in this group is a group.
  ///
  /// - Throws: `HDF5Error` if it is missing or a link to another place.
  public func isGroup(_ name: String) throws -> Bool {
    _ = try exists(name)  // Throws for a link to another place.
    return try file.use {
      let failure = "cannot open \(name)"
      let child = try check(H5Oopen(identifier, name, chdf5_default()), failure)
      defer { H5Oclose(child) }
      return H5Iget_type(child) == H5I_GROUP
    }
  }

  func childPath(_ name: String) -> String {
    "/" + (path.split(separator: "/") + name.split(separator: "/")).joined(separator: "/")
  }

  func checkAbsent(_ name: String) throws {
    guard try check(H5Lexists(identifier, name, chdf5_default()), "cannot look for \(name)") == 0
    else { throw error("cannot create \(name): the group already has an object of that name") }
  }

  /// The part of `path` up to the first name that is missing, or nil if all exist.
  private func firstMissing(_ path: String) throws -> String? {
    var prefix = ""
    for component in path.split(separator: "/") {
      prefix += prefix.isEmpty ? component : "/" + component
      guard
        try check(H5Lexists(identifier, prefix, chdf5_default()), "cannot look for \(prefix)") > 0
      else { return prefix }
      guard
        try check(chdf5_is_hard_link(identifier, prefix), "cannot look for \(prefix)") > 0
      else {
        throw HDF5Error(
          file: file.path, object: childPath(prefix),
          "found a link to another place; expected a group or dataset in the file itself")
      }
    }
    return nil
  }

  func openChild(_ path: String, kind: H5I_type_t) throws -> hid_t {
    let fullPath = childPath(path)
    let expected = kind == H5I_GROUP ? "group" : "dataset"
    if let missing = try firstMissing(path) {
      throw HDF5Error(
        file: file.path, object: fullPath,
        "found no object at \(childPath(missing)); expected a \(expected)")
    }
    let relative = path.split(separator: "/").joined(separator: "/")
    let identifier = try file.check(
      H5Oopen(self.identifier, relative.isEmpty ? "." : relative, chdf5_default()),
      "cannot open the \(expected)", object: fullPath)
    guard H5Iget_type(identifier) == kind else {
      let found = H5Iget_type(identifier) == H5I_GROUP ? "group" : "dataset"
      H5Oclose(identifier)
      throw HDF5Error(
        file: file.path, object: fullPath, "found a \(found); expected a \(expected)")
    }
    return identifier
  }
}
