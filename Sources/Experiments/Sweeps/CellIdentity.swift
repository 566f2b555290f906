import FederatedLearning

/// What a result must contain to be the result of a cell. The only place that compares the two.
enum CellIdentity {
  private static let optional = "?"
  /// The key under which plans hold the version of the numerics.
  static let numericsVersion = "numerics_version"

  /// The keys that the result of a specification must show in its own resolved specification, with
  /// their values.
  ///
  /// A key at its neutral value (`RunSetting.Role`) may be absent from the result, which is then older than
  /// the key: it begins with a question mark here. What happens on divergence is left out.
  ///
  /// A partition that comes from a file is known by the file's content, which `SweepInputs` compares.
  static func expected(of specification: RunSpecification) -> [String: String] {
    var keys = specification.identity
    if case .file = specification.partition {
      keys.removeAll { $0.key.hasPrefix("partition.") }
    }
    keys.removeAll { $0.role == .divergence }
    let values = keys.map { (($0.role == .neutral ? optional : "") + $0.key, $0.value) }
    return Dictionary(values, uniquingKeysWith: { $1 })
      .merging([numericsVersion: "\(CodeVersion.numerics)"]) { $1 }
  }

  /// The first key at which a result is not the one expected, such as `method: found fedavg, expected
  /// local`; nil if it is the one. Keys that only the result has (`partition.sha256`) are free.
  static func difference(of result: RunResult, expected: [String: String]) -> String? {
    let found =
      [(key: numericsVersion, value: "\(result.numericsVersion)")] + result.resolvedSpecification
    for (key, value) in found {
      if let other = expected[key] ?? expected[optional + key], other != value {
        return "\(key): found \(value), expected \(other)"
      }
    }
    let known = Set(found.map(\.key))
    return expected.keys.filter { !known.contains($0) && !$0.hasPrefix(optional) }.min().map {
      key in
      "\(key): found nothing, expected \(expected[key] ?? "")"
    }
  }
}

extension SweepCell {
  /// The keys that the cell's result must show with their values.
  public var expected: [String: String] { CellIdentity.expected(of: specification) }
}
