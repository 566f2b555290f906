import HDF5

/// Results as version 0.1.0 wrote them, made of present ones.
package enum OldSchema {
  /// Copies a result without what was added since schema version 1.
  package static func make(of path: String, at old: String) throws {
    let source = try HDF5File.openForReading(path)
    let target = try HDF5File.create(old)
    let added: Set = ["numerics_version", "numbers_sha256", "clients"]
    for name in try source.attributeNames() where !added.contains(name) {
      if let text = try? source.attribute(name, as: String.self) {
        try target.setAttribute(name, text)
      } else if let number = try? source.attribute(name, as: Int64.self) {
        try target.setAttribute(name, number)
      } else {
        try target.setAttribute(name, source.attribute(name, as: Int32.self))
      }
    }
    try copy(
      source, to: target, without: ["class_counts", "settings", "diverged_round", "numbers"])
    try target.close()
  }

  private static func copy(_ source: HDF5Group, to target: HDF5Group, without names: Set<String>)
    throws
  {
    for name in try source.childNames() where !names.contains(name) {
      guard let dataset = try? source.dataset(name) else {
        try copy(source.group(name), to: target.createGroup(name), without: names)
        continue
      }
      switch try dataset.storedElementType() {
      case .float32: try target.write(name, dataset.read(as: Float.self), shape: dataset.shape)
      case .float64: try target.write(name, dataset.read(as: Double.self), shape: dataset.shape)
      case .int32: try target.write(name, dataset.read(as: Int32.self), shape: dataset.shape)
      case .int8, .bool: try target.write(name, dataset.read(as: Bool.self), shape: dataset.shape)
      default: try target.write(name, dataset.read(as: String.self), shape: dataset.shape)
      }
    }
  }
}
