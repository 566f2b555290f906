import Support
import Yams

/// Hyperparameters that `pfedla tune` chose, as a sweep takes them:
///
/// ```yaml
/// hyperparameters: tuned/ten-clients.yaml     # beside the sweep's file
/// hyperparameters:                            # or with the datasets to use for others
///   file: tuned/ten-clients.yaml
///   datasets: {cifar100: cifar10, fashion-mnist: emnist-byclass}
/// ```
///
/// A run takes the values that were chosen for its method, dataset and partition scheme. What the sweep
/// itself sets (axes, profiles, `--set`) overrides them, and they override its `base`. A method that was not
/// tuned keeps its defaults.
package struct Hyperparameters {
  /// The keys, besides the method, that a choice is made for.
  package static let conditionKeys = ["dataset.name", "partition.scheme"]

  private struct Choice {
    let method: String
    let conditions: [String: String]
    let settings: SweepSpecification.Settings
  }

  /// The file's path as found.
  let path: String
  /// The digest of its bytes.
  let sha256: String
  private let choices: [Choice]
  private let datasets: [String: String]

  /// Reads a sweep's key `hyperparameters`; nil if it is absent.
  init?(_ root: inout ConfigurationReader) throws {
    guard let node = root.value("hyperparameters") else { return nil }
    var file = node.scalar?.string
    var datasets: [String: String] = [:]
    if node.mapping != nil {
      var section = try root.section("hyperparameters")
      file = try section.text("file")
      var names = try section.section("datasets")
      for key in names.keys { datasets[key] = try names.text(key) }
      try section.finish()
    }
    guard let file, !file.isEmpty else {
      throw root.error("hyperparameters", node, "expected a file written by pfedla tune")
    }
    let folder = root.source.file.lastIndex(of: "/").map { root.source.file[...$0] } ?? ""
    path = file.hasPrefix("/") ? file : folder + file
    self.datasets = datasets
    let document = try SpecificationDocument(file: path)
    sha256 = StreamingDigest.sha256(document.text)
    var reader = try document.reader()
    _ = try reader.text("tuned_by")
    guard let entries = reader.value("choices")?.sequence else {
      throw reader.missing("choices", "the list written by pfedla tune")
    }
    try reader.finish()
    choices = try entries.map { entry in
      var entry = try ConfigurationReader(entry, path: "choices", source: reader.source)
      guard let method = try entry.text("method") else {
        throw entry.missing("method", "the method's name")
      }
      var conditions: [String: String] = [:]
      for key in Self.conditionKeys { conditions[key] = try entry.text(key) }
      var section = try entry.section("set")
      let settings = section.keys.compactMap { key in section.value(key).map { (key, $0) } }
      for key in ["trial", "local_epochs", "score_percent", "standard_error_percent"] {
        _ = try entry.text(key)
      }
      try entry.finish()
      return Choice(method: method, conditions: conditions, settings: settings)
    }
  }

  /// The values for a run; none for a method that was not tuned. Throws `SpecificationError` if its method
  /// was tuned, but not for its dataset and scheme.
  func settings(for specification: RunSpecification) throws -> SweepSpecification.Settings {
    let own = choices.filter { $0.method == specification.method }
    guard !own.isEmpty else { return [] }
    let keys = Dictionary(
      specification.identity.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    func value(_ key: String) -> String? {
      key == "dataset.name" ? keys[key].map { datasets[$0] ?? $0 } : keys[key]
    }
    let found = own.first { choice in
      choice.conditions.allSatisfy { value($0.key) == $0.value }
    }
    guard let found else {
      let place = Self.conditionKeys.map { "\($0) \(value($0) ?? "none")" }
        .joined(separator: ", ")
      throw SpecificationError(
        "\(path): no values of \(specification.method) for \(place), expected a choice for each run; tune "
          + "it, or name a dataset to use instead under hyperparameters.datasets")
    }
    return found.settings
  }
}
