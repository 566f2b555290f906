import FederatedLearning

/// What a result must say of itself to be the result of a cell. The only place that compares the two.
enum CellIdentity {
  /// The keys that the result of a specification must show in its own resolved specification, with
  /// their values.
  ///
  /// A partition that comes from a file is known by the file's content, which `SweepInputs` compares.
  static func expected(of specification: RunSpecification) -> [String: String] {
    var keys = specification.identity
    if case .file = specification.partition {
      keys.removeAll { $0.key.hasPrefix("partition.") }
    }
    return Dictionary(keys.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
  }

  /// The first key at which a result is not the one expected, such as `method: found fedavg, expected
  /// local`; nil where it is the one. Keys that only the result has (`partition.sha256`) are free.
  static func difference(
    found: [(key: String, value: String)], expected: [String: String]
  ) -> String? {
    for (key, value) in found {
      if let other = expected[key], other != value {
        return "\(key): found \(value), expected \(other)"
      }
    }
    let known = Set(found.map(\.key))
    return expected.keys.filter { !known.contains($0) }.min().map { key in
      "\(key): found nothing, expected \(expected[key] ?? "")"
    }
  }
}

extension SweepCell {
  /// The keys that the cell's result must show with their values.
  public var expected: [String: String] { CellIdentity.expected(of: specification) }
}
