import CHDF5

/// The attributes by which dimension scales work.
private let dimensionScaleAttributes: Set<String> = [
  "CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST",
]

extension HDF5Object {
  /// Writes a single value as the attribute `name`, replacing one of that name.
  ///
  /// - Throws: `HDF5Error` for a name that some readers refuse or a file open for reading.
  public func setAttribute<Value: HDF5Element>(_ name: String, _ value: Value) throws {
    try checkName(name)
    try writeAttribute(name, [value], isScalar: true)
  }

  /// Writes a list of values, possibly empty, as the attribute `name`, replacing one of that name.
  ///
  /// - Throws: `HDF5Error` for a name that some readers refuse or a file open for reading.
  public func setAttribute<Value: HDF5Element>(_ name: String, _ values: [Value]) throws {
    try checkName(name)
    try writeAttribute(name, values, isScalar: false)
  }

  /// The attribute `name`, which holds a single value.
  ///
  /// - Throws: `HDF5Error` if it is missing, of another type, or a list of other than one value.
  public func attribute<Value: HDF5Element>(_ name: String, as type: Value.Type = Value.self) throws
    -> Value
  {
    let values = try attributes(name, as: type)
    guard values.count == 1, let value = values.first else {
      throw error("the attribute \(name) holds \(values.count) values; expected a single one")
    }
    return value
  }

  /// The values of the attribute `name`; one where it is no list.
  ///
  /// - Throws: `HDF5Error` if it is missing or of another type.
  public func attributes<Value: HDF5Element>(_ name: String, as type: Value.Type = Value.self)
    throws -> [Value]
  {
    try file.use {
      guard try check(H5Aexists(identifier, name), "cannot look for the attribute \(name)") > 0
      else { throw error("found no attribute \(name); expected one (\(Value.elementType))") }
      return try withAttribute(name) { attribute, stored in
        guard Value.elementType.reads(stored) else {
          throw error(
            "the attribute \(name) is a \(describeStoredType(stored)); expected a "
              + "\(Value.elementType)")
        }
        let space = try check(
          H5Aget_space(attribute), "cannot read the shape of the attribute \(name)")
        defer { H5Sclose(space) }
        let count = Int(
          try check(
            H5Sget_simple_extent_npoints(space), "cannot read the shape of the attribute \(name)"))
        // An attribute lies whole in the file: more bytes than it stores is a damaged header.
        guard count <= H5Aget_storage_size(attribute) else {
          throw error("the attribute \(name) claims \(count) values, more than it stores")
        }
        guard count > 0 else { return [] }
        let memoryType = Value.elementType == .string ? stored : Value.elementType.memoryType
        return try Value.read(count: count) {
          try check(H5Aread(attribute, memoryType, $0), "cannot read the attribute \(name)")
        }
      }
    }
  }

  /// What the attribute `name` stores; nil if it is a type that this module does not write.
  ///
  /// - Throws: `HDF5Error` if it is missing.
  public func attributeElementType(_ name: String) throws -> HDF5ElementType? {
    try file.use { try withAttribute(name) { HDF5ElementType(stored: $1) } }
  }

  /// Opens an attribute for a while.
  /// - Parameter body: gets the attribute and its stored type.
  private func withAttribute<Result>(
    _ name: String, _ body: (_ attribute: hid_t, _ stored: hid_t) throws -> Result
  ) throws -> Result {
    let attribute = try check(
      H5Aopen(identifier, name, chdf5_default()), "cannot open the attribute \(name)")
    defer { H5Aclose(attribute) }
    let stored = try check(
      H5Aget_type(attribute), "cannot read the type of the attribute \(name)")
    defer { H5Tclose(stored) }
    return try body(attribute, stored)
  }

  /// Whether there is an attribute `name`.
  public func hasAttribute(_ name: String) throws -> Bool {
    try file.use {
      try check(H5Aexists(identifier, name), "cannot look for the attribute \(name)") > 0
    }
  }

  /// The names of all attributes in ascending order, less those by which dimension scales work.
  public func attributeNames() throws -> [String] {
    try file.use {
      var names: [String] = []
      let status = withUnsafeMutablePointer(to: &names) { names in
        H5Aiterate2(
          identifier, H5_INDEX_NAME, H5_ITER_INC, nil,
          { _, name, _, context in
            guard let name, let context else { return -1 }
            context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
            return 0
          }, names)
      }
      try check(status, "cannot list the attributes")
      return names.filter { !dimensionScaleAttributes.contains($0) }.sorted()
    }
  }

  /// `setAttribute` for any name, since some conventions begin theirs with an underscore.
  func writeAttribute<Value: HDF5Element>(_ name: String, _ values: [Value], isScalar: Bool) throws
  {
    try file.use {
      try values.withUnsafeBufferPointer { try checkText($0, of: "the attribute \(name)") }
      let failure = "cannot write the attribute \(name)"
      if try check(H5Aexists(identifier, name), failure) > 0 {
        try check(H5Adelete(identifier, name), failure)
      }
      let space = try check(
        isScalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, [hsize_t(values.count)], nil),
        failure)
      defer { H5Sclose(space) }
      let attribute = try check(
        H5Acreate2(
          identifier, name, Value.elementType.fileType, space, chdf5_default(), chdf5_default()),
        failure)
      defer { H5Aclose(attribute) }
      guard !values.isEmpty else { return }
      try values.withUnsafeBufferPointer { values in
        try Value.withMemory(of: values) {
          try check(H5Awrite(attribute, Value.elementType.memoryType, $0), failure)
        }
      }
    }
  }
}
