import Support

/// Which classes of a dataset take part, and how they are renumbered.
struct ClassSelection {
  /// The names of the selected classes; a class's new label is its place here.
  let names: [String]
  /// The new label of each published class, -1 if it is not selected.
  let newLabels: [Int32]

  /// Selects `entries`, each a class name or else a zero-based index; `nil` selects all.
  ///
  /// Throws `DatasetError` (unknownName) for an unknown or repeated class or an empty list.
  init(_ entries: [String]?, of dataset: DatasetDescription) throws {
    try self.init(entries, known: dataset.classNames, of: dataset.name)
  }

  /// The same for a dataset of that name with the known classes.
  init(_ entries: [String]?, known: [String], of dataset: String) throws {
    guard let entries else {
      names = known
      newLabels = known.indices.map(Int32.init)
      return
    }
    guard !entries.isEmpty else {
      throw DatasetError(
        .unknownName,
        "classes of \(dataset): the list is empty; list at least one class, or leave the list "
          + "out for all \(known.count)")
    }
    var newLabels = [Int32](repeating: -1, count: known.count)
    var names: [String] = []
    for entry in entries {
      guard let index = known.firstIndex(of: entry) ?? Self.index(entry, in: known) else {
        throw DatasetError(
          .unknownName,
          "classes of \(dataset): unknown class \"\(entry)\"\(bracketedSuggestion(for: entry, among: known, quoted: true))"
            + "; expected an index 0...\(known.count - 1) or a name: "
            + known.joined(separator: ", "))
      }
      guard newLabels[index] < 0 else {
        throw DatasetError(
          .unknownName,
          "classes of \(dataset): \"\(entry)\" names class \(index) (\(known[index])) a second "
            + "time; list each class once: \(known.joined(separator: ", "))")
      }
      newLabels[index] = Int32(names.count)
      names.append(known[index])
    }
    self.names = names
    self.newLabels = newLabels
  }

  private static func index(_ entry: String, in known: [String]) -> Int? {
    Int(entry).flatMap { known.indices.contains($0) ? $0 : nil }
  }
}

extension DatasetDescription {
  /// The names of its classes that take part, in the order of their labels; `nil` selects all. Throws
  /// `DatasetError` for an unknown or repeated class or an empty list.
  public func classNames(selecting entries: [String]?) throws -> [String] {
    try ClassSelection(entries, of: self).names
  }
}
