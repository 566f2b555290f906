// The settings that differ between rows, and the order of the rows.
extension Comparison {
  /// A setting that differs between rows: the keys that it stands for, of which a row has at most one.
  struct Column {
    let title: String
    let keys: [String]

    func value(of group: Group) -> String {
      keys.lazy.compactMap { group.identity[$0] }.first ?? ""
    }
  }

  /// A key is a column if two rows have it with different values. A method's own keys stand in one column
  /// with those of the same name of other methods.
  static func differingColumns(_ groups: [Group]) -> [Column] {
    var keys: [String] = []
    for group in groups {
      for result in group.runs.prefix(1) {
        for (key, _) in result.resolvedSpecification where !keys.contains(key) { keys.append(key) }
      }
    }
    keys += ["data", "dataset_sha256", "numerics_version"]
    let differing = keys.filter { key in
      (!seedKeys.contains(key) || key == partitionSeed) && !ownColumns.contains(key)
        && Set(groups.compactMap { $0.identity[key] }).count > 1
    }.filter { key in
      // Datasets differ in their files, and the table names the dataset and marks its origin: a column
      // only where one dataset's files differ.
      guard key == "dataset_sha256" || key == "data" else { return true }
      return key == "dataset_sha256"
        && Set(groups.map { [$0.identity["dataset"], $0.identity["data"]] }).count
          < Set(groups.map { [$0.identity["dataset"], $0.identity["data"], $0.identity[key]] })
          .count
    }
    func isOption(_ key: String) -> Bool { key.hasPrefix("methods.") }
    func lastPart(_ key: String) -> String {
      key.split(separator: ".").last.map(String.init) ?? key
    }
    var columns: [Column] = []
    for key in differing {
      let title = lastPart(key)
      guard !columns.contains(where: { $0.keys.contains(key) }) else { continue }
      if isOption(key) {
        let same = keys.filter { isOption($0) && lastPart($0) == title }
        columns.append(Column(title: title, keys: same))
      } else {
        let isAmbiguous =
          key == partitionSeed || differing.contains { $0 != key && lastPart($0) == title }
        columns.append(Column(title: isAmbiguous ? key : title, keys: [key]))
      }
    }
    return columns
  }

  /// In the order given, but those of one method by the values of the columns, numbers as
  /// numbers.
  static func sorted(_ groups: [Group], by columns: [Column]) -> [Group] {
    func precedes(_ left: Group, _ right: Group) -> Bool? {
      ValueOrder.precedes(
        columns.map { $0.value(of: left) }, columns.map { $0.value(of: right) })
    }
    func place(_ group: Group) -> [String?] {
      ["dataset", "partition.scheme", "method"].map { group.identity[$0] }
    }
    var sorted: [Group] = []
    for group in groups {
      let start = sorted.firstIndex { place($0) == place(group) } ?? sorted.count
      let end = (sorted.lastIndex { place($0) == place(group) } ?? start - 1) + 1
      let index = (start..<end).first { precedes(group, sorted[$0]) ?? false } ?? end
      sorted.insert(group, at: index)
    }
    return sorted
  }
}
