import Support
import Yams

/// A table or figure of the paper as a sweep: a base specification, axes that change it, and profiles
/// that change its scale. Expands into cells; one cell is one run.
///
/// ```yaml
/// name: table1
/// title: Accuracy under non-IID 1
/// report: accuracy-table
/// base: {batch_size: 32, …}                    # a specification as pfedla run takes it
/// axes:                                        # in the order of the report
///   dataset:                                   # labels with the keys that they set …
///     cifar10: {dataset.name: cifar10}
///   method: [local, fedavg]                    # … or values of the key that the axis is named after
/// exclude: [{method: fedbn, dataset: emnist}]  # combinations that do not exist
/// shares_runs: false                           # whether two places may show one run
/// hyperparameters: tuned/ten-clients.yaml      # see Hyperparameters
/// grids: {fedavg: {learning_rate: [0.01, 0.02]}}   # of report: tuning; see TuningGrid
/// profiles:
///   quick:
///     summary: real data, few rounds
///     axes: {clients: [10]}                    # labels to keep; all of an axis unless named
///     set: {rounds: 30}                        # keys for all cells
///     adjust: [{when: {dataset: emnist}, set: {dataset.splits: [test]}}]
/// ```
public struct SweepSpecification {
  /// An axis with its labels in order.
  struct Axis {
    let name: String
    /// Whether it lists values of the key that it is named after.
    let isList: Bool
    /// Each label with the keys that it sets, in order.
    let values: [(label: String, settings: Settings)]
  }

  /// A change of scale.
  struct Profile {
    let name: String
    let summary: String
    /// Samples of each class of synthetic data; nil takes published data.
    let syntheticSamplesPerClass: Int?
    /// Labels to keep, by axis.
    let kept: [String: [String]]
    let settings: Settings
    let adjustments: [(condition: Condition, settings: Settings)]
  }

  /// Dotted keys with the YAML of their values, in order.
  typealias Settings = [(key: String, value: Node)]
  /// For each axis named, the labels that it holds for.
  typealias Condition = [String: [String]]

  /// Folders of the output folder that are no sweep's.
  private static let reservedNames = ["cells", "synthetic-data"]

  static func isFolderName(_ name: String) -> Bool {
    !reservedNames.contains(name) && isFileName(name)
  }

  /// Its name, as in `pfedla reproduce table1`.
  public let name: String
  /// What it shows.
  public let title: String
  /// What is made of it.
  public let report: SweepReport
  /// The names of its profiles, in order.
  public var profileNames: [String] { profiles.map(\.name) }
  /// The axes' names, in order.
  public var axisNames: [String] { axes.map(\.name) }
  /// The labels of an axis, in order; none if there is no such axis.
  public func labels(of axis: String) -> [String] {
    axes.first { $0.name == axis }?.values.map(\.label) ?? []
  }
  /// The file that it was read from.
  public let file: String
  let axes: [Axis]
  let base: Node
  let exclusions: [Condition]
  /// Whether two places of the sweep may be one run, as FedAvg is at every step size of another method.
  let sharesRuns: Bool
  let profiles: [Profile]
  /// The trials of a tuning sweep.
  let grid: TuningGrid?
  /// The chosen values that its runs take.
  let hyperparameters: Hyperparameters?

  /// Reads a sweep. Throws `SpecificationError` naming the file, line and key.
  /// - Parameters:
  ///   - document: the sweep's file.
  ///   - reports: those that it can ask for.
  public init(_ document: SpecificationDocument, reports: [SweepReport]) throws {
    file = document.file
    var root = try document.reader()
    guard let name = try root.text("name") else {
      throw root.missing("name", "the name of the table or figure")
    }
    guard Self.isFolderName(name) else {
      throw root.error(
        "name", root.value("name"),
        "found \(name), expected the name of a folder: letters, digits, - and _, and not "
          + Self.reservedNames.joined(separator: " or "))
    }
    self.name = name
    title = try root.text("title") ?? name
    let report = try Self.report(&root, among: reports)
    self.report = report
    guard let base = root.value("base"), base.mapping != nil else {
      throw root.missing("base", "a specification, as for pfedla run")
    }
    self.base = base
    var axes = try Self.axes(root.section("axes"))
    grid = try TuningGrid(root.section("grids"), axes)
    guard (grid != nil) == report.hasGrids else {
      throw grid == nil
        ? root.missing("grids", "the trials of each method, as report is \(report.name)")
        : root.error(
          "report", root.value("report"),
          "found \(report.name) together with grids, expected "
            + reports.filter(\.hasGrids).map(\.name).joined(separator: " or "))
    }
    if let grid {
      if let taken = axes.first(where: { $0.name == TuningGrid.axisName }) {
        throw root.error(
          "axes.\(taken.name)", nil, "the grids already make an axis of this name; rename it")
      }
      // Seeds stay the innermost axis.
      axes.insert(
        grid.axis, at: axes.last?.name == "seed" ? axes.index(before: axes.endIndex) : axes.endIndex
      )
    }
    self.axes = axes
    hyperparameters = try Hyperparameters(&root)
    sharesRuns = try root.flag("shares_runs") ?? false
    exclusions = try (root.value("exclude")?.sequence.map(Array.init) ?? []).map {
      try Self.condition(ConfigurationReader($0, path: "exclude", source: root.source), axes)
    }
    var section = try root.section("profiles")
    var profiles: [Profile] = []
    for name in section.keys {
      profiles.append(try Self.profile(name, section.section(name), axes))
    }
    self.profiles = profiles
    try root.finish()
    try checkLabelledKeys(root)
    try checkGridKeys(root)
  }

  private static func report(_ root: inout ConfigurationReader, among reports: [SweepReport])
    throws -> SweepReport
  {
    let names = reports.map(\.name)
    let name = try root.text("report") ?? SweepReport.standardName
    guard let report = reports.first(where: { $0.name == name }) else {
      throw root.error("report", root.value("report"), root.expectedWord(name, among: names))
    }
    return report
  }

  private static func axes(_ reader: ConfigurationReader) throws -> [Axis] {
    var reader = reader
    var axes: [Axis] = []
    for name in reader.keys {
      guard let node = reader.value(name) else { continue }
      if let sequence = node.sequence {
        axes.append(
          Axis(name: name, isList: true, values: try list(Array(sequence), name, node, reader)))
      } else {
        var labels = try reader.section(name)
        axes.append(
          Axis(
            name: name, isList: false,
            values: try labels.keys.map { label in
              (label, try settings(labels.section(label)))
            }))
      }
    }
    return axes
  }

  /// The values of an axis that lists them, each its own label.
  private static func list(
    _ nodes: [Node], _ name: String, _ whole: Node, _ reader: ConfigurationReader
  ) throws -> [(label: String, settings: Settings)] {
    guard !nodes.isEmpty else {
      throw reader.error(name, whole, "found an empty list, expected at least one value")
    }
    var labels = Set<String>()
    return try nodes.map { node in
      guard let label = node.scalar?.string, !label.isEmpty else {
        throw reader.error(
          name, node,
          "found \(ConfigurationReader.describe(node)), expected a word or number; give a longer "
            + "value a label with the keys that it sets")
      }
      guard labels.insert(label).inserted else {
        throw reader.error(name, node, "found \(label) twice, expected distinct values")
      }
      return (label, [(name, node)])
    }
  }

  private static func settings(_ reader: ConfigurationReader) throws -> Settings {
    var reader = reader
    return reader.keys.compactMap { key in reader.value(key).map { (key, $0) } }
  }

  private static func condition(_ reader: ConfigurationReader, _ axes: [Axis]) throws -> Condition {
    var reader = reader
    var condition: Condition = [:]
    for axis in axes {
      guard let node = reader.value(axis.name) else { continue }
      let labels = (node.sequence.map(Array.init) ?? [node]).compactMap(\.scalar?.string)
      let known = axis.values.map(\.label)
      for label in labels where !known.contains(label) {
        throw reader.error(axis.name, node, reader.expectedWord(label, among: known))
      }
      condition[axis.name] = labels
    }
    try reader.finish()
    return condition
  }

  private static func profile(_ name: String, _ reader: ConfigurationReader, _ axes: [Axis])
    throws
    -> Profile
  {
    var reader = reader
    let adjust = reader.value("adjust")?.sequence.map(Array.init) ?? []
    let profile = Profile(
      name: name, summary: try reader.text("summary") ?? "",
      syntheticSamplesPerClass: try reader.integer(
        "synthetic_samples_per_class", 2...100_000, "a whole number in 2 … 100000"),
      kept: try condition(reader.section("axes"), axes),
      settings: try settings(reader.section("set")),
      adjustments: try adjust.map { node in
        var entry = try ConfigurationReader(
          node, path: "profiles.\(name).adjust", source: reader.source)
        let adjustment = (
          condition: try condition(entry.section("when"), axes),
          settings: try settings(entry.section("set"))
        )
        try entry.finish()
        return adjustment
      })
    try reader.finish()
    return profile
  }
}
