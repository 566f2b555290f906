import Yams

/// The trials of a tuning sweep: for each method the keys that are tried, and the same number of trials
/// for all methods, so that none is tuned harder than another.
///
/// ```yaml
/// grids:
///   fedavg: {learning_rate: [default, 0.0025, 0.02]}   # default: the value without the grid
///   fedrep: {methods.fedrep.body_epochs: [2, 5, 8]}
///   pfedla:                                            # several keys: every combination, or a list
///     - {methods.pfedla.step_size: 1}
///     - {methods.pfedla.step_size: 3}
///     - {methods.pfedla.step_size: 0.3, methods.pfedla.gradient_scaling: model-norm}
/// ```
///
/// The order counts: of the trials within one standard error of the best, the first is chosen
/// (`TuningChoice`). Values go from small to large, or begin with the one that a paper states.
package struct TuningGrid {
  /// The axis that the trials make, with labels 1, 2, ….
  package static let axisName = "trial"
  private static let methodAxis = "method"
  /// The word for a key's value without the grid.
  private static let defaultWord = "default"

  /// The number of trials, the same for every method.
  let trialCount: Int
  /// Each method's trials in order.
  private let trials: [String: [SweepSpecification.Settings]]

  /// All keys of any grid.
  var keys: [String] { Set(trials.values.joined().joined().map(\.key)).sorted() }

  /// Reads the section `grids`; nil if it is absent.
  /// - Parameter axes: the sweep's axes; each label of `method` needs a grid.
  init?(_ reader: ConfigurationReader, _ axes: [SweepSpecification.Axis]) throws {
    var reader = reader
    guard !reader.keys.isEmpty else { return nil }
    guard let axis = axes.first(where: { $0.name == Self.methodAxis }) else {
      throw reader.error(nil, nil, "expected an axis method, with a grid for each label")
    }
    var trials: [String: [SweepSpecification.Settings]] = [:]
    for label in axis.values.map(\.label) {
      guard let node = reader.value(label) else {
        throw reader.missing(label, "a grid, since every method of the axis needs one")
      }
      trials[label] = try Self.trials(node, label, reader)
    }
    try reader.finish()
    let counts = Set(trials.values.map(\.count))
    guard let count = counts.first, counts.count == 1 else {
      let found = axis.values.map { "\($0.label) \(trials[$0.label]?.count ?? 0)" }
      throw reader.error(
        nil, nil,
        "found unequal numbers of trials (\(found.joined(separator: ", "))), expected the same number "
          + "for every method")
    }
    trialCount = count
    self.trials = trials
  }

  /// The axis of the trials.
  var axis: SweepSpecification.Axis {
    SweepSpecification.Axis(
      name: Self.axisName, isList: false, values: (1...trialCount).map { ("\($0)", []) })
  }

  /// The keys of the trial at a place on the axes.
  func settings(at coordinates: [String: String]) -> SweepSpecification.Settings {
    guard let method = coordinates[Self.methodAxis], let all = trials[method],
      let number = coordinates[Self.axisName].flatMap({ Int($0) }), all.indices.contains(number - 1)
    else { return [] }
    return all[number - 1]
  }

  // MARK: Reading

  private static func trials(_ node: Node, _ label: String, _ reader: ConfigurationReader) throws
    -> [SweepSpecification.Settings]
  {
    if let sequence = node.sequence {
      guard !sequence.isEmpty else {
        throw reader.error(label, node, "found an empty list, expected at least one trial")
      }
      return try sequence.map { entry in
        guard let mapping = entry.mapping, !mapping.isEmpty else {
          throw reader.error(
            label, entry,
            "found \(ConfigurationReader.describe(entry)), expected keys with values")
        }
        return without(
          defaults: mapping.compactMap { key, value in key.string.map { ($0, value) } })
      }
    }
    guard let mapping = node.mapping, !mapping.isEmpty else {
      throw reader.error(
        label, node,
        "found \(ConfigurationReader.describe(node)), expected a key with a list of values, or a list "
          + "of trials")
    }
    var combinations: [SweepSpecification.Settings] = [[]]
    for (key, node) in mapping {
      guard let key = key.string else { continue }
      guard let values = node.sequence, !values.isEmpty else {
        throw reader.error(
          "\(label).\(key)", node,
          "found \(ConfigurationReader.describe(node)), expected a list of values")
      }
      combinations = combinations.flatMap { combination in
        values.map { combination + [(key, $0)] }
      }
    }
    return combinations.map(without(defaults:))
  }

  private static func without(defaults settings: SweepSpecification.Settings)
    -> SweepSpecification.Settings
  {
    settings.filter { $0.value.scalar?.string != defaultWord }
  }
}
