import Datasets
import Experiments
import FederatedLearning
import Foundation
import Support

/// Results of several methods, settings and seeds side by side: a table of the last evaluation and the
/// curves over rounds. Never the best round: that would select on test data.
///
/// Runs that differ by nothing but their seeds are one row. Whatever else differs between rows is a column.
public struct Comparison: Sendable {
  /// One line of the table: runs that differ by their seeds alone.
  public struct Row: Sendable {
    /// The method's name in the field.
    public let method: String
    /// The dataset, marked where its files are not the published ones.
    public let dataset: String
    /// The dataset's name alone.
    public let datasetName: String
    /// Where its files come from.
    public let origin: DatasetOrigin
    /// The partition scheme.
    public let scheme: String
    /// The values of the settings that differ between rows, in the order of `differingSettings`; empty
    /// where the method has no such key.
    public let settings: [String]
    /// Seeds, ascending.
    public let seeds: [UInt64]
    /// Runs of these that diverged; they are left out of the means.
    public let divergedCount: Int
    /// Accuracy of received models.
    public let received: Accuracy
    /// Accuracy of trained models.
    public let trained: Accuracy
    /// Rounds trained.
    public let rounds: Int
    /// Megabytes (`Megabyte`, float32) from all participants to the server, mean over rounds and seeds.
    public let uplinkMegabytes: Double
    /// The same from the server to them.
    public let downlinkMegabytes: Double
    /// Seconds of a run, mean over seeds; NaN unless every run's sidecar has them.
    public let seconds: Double
    /// The version of the numerics.
    public let numericsVersion: Int
  }

  /// An accuracy in percent, over clients and seeds.
  public struct Accuracy: Sendable {
    /// Mean over seeds of the mean over clients.
    public let mean: Double
    /// Mean over seeds of the standard deviation over clients.
    public let clientDeviation: Double
    /// Standard deviation over seeds of the mean over clients; NaN for one seed.
    public let seedDeviation: Double
  }

  /// Runs that differ by their seeds alone.
  struct Group {
    /// Everything but the seeds: keys and values, and what else makes runs comparable.
    var identity: [String: String]
    var runs: [RunResult]

    /// The runs that went through without a value that is not finite.
    var finite: [RunResult] { runs.filter { !$0.record.hasDiverged } }
  }

  /// In the order of the registry, then by what differs.
  let groups: [Group]
  /// The lines of the table.
  public let rows: [Row]
  /// The names of the settings that differ between rows, as columns.
  public let differingSettings: [String]

  /// Groups results by everything but their seeds. Throws `SpecificationError` if a run is given twice, and
  /// if two runs of one seed and settings differ in a partition that no setting tells apart.
  public init(_ results: [RunResult]) throws {
    let order = MethodRegistry.all.map { $0.information.name }
    func rank(_ result: RunResult) -> Int { order.firstIndex(of: result.method) ?? order.count }
    let sorted = results.sorted {
      ($0.dataset, $0.partitionScheme, rank($0), $0.method, $0.seed, $0.path)
        < ($1.dataset, $1.partitionScheme, rank($1), $1.method, $1.seed, $1.path)
    }
    try Self.requireDistinct(sorted)
    var groups: [Group] = []
    for result in sorted {
      let identity = Self.identity(of: result)
      if let place = groups.firstIndex(where: { $0.identity == identity }) {
        groups[place].runs.append(result)
      } else {
        groups.append(Group(identity: identity, runs: [result]))
      }
    }
    groups = try groups.flatMap(Self.splitByPartition)
    let columns = Self.differingColumns(groups)
    self.groups = Self.sorted(groups, by: columns)
    differingSettings = columns.map(\.title)
    rows = self.groups.compactMap { Self.row($0, columns) }
  }

  // MARK: Groups

  private static let partitionSeed = "partition.seed"
  private static let statistics = "model.batch_normalisation_statistics"

  /// The rows of a group. Seeds of the partition belong to the seeds of the runs, unless several runs have
  /// the same seed: then partitions are not repetitions of one thing, and each is a row of its own.
  private static func splitByPartition(_ group: Group) throws -> [Group] {
    func seedsAreDistinct(_ runs: [RunResult]) -> Bool {
      Set(runs.map(\.seed)).count == runs.count
    }
    guard !seedsAreDistinct(group.runs) else { return [group] }
    func partitionSeed(_ run: RunResult) -> String { run.setting(Self.partitionSeed) ?? "" }
    func isOwn(_ run: RunResult) -> Bool { partitionSeed(run) == "\(run.seed)" }
    // Either by its value, or with those together that the run's seed decides: what makes fewer rows.
    let ways: [(RunResult) -> String] = [
      partitionSeed, { isOwn($0) ? "seed" : partitionSeed($0) },
    ]
    let splits = ways.map { value in
      Dictionary(grouping: group.runs, by: value).sorted { $0.key < $1.key }
    }.filter { $0.allSatisfy { seedsAreDistinct($0.value) } }
    guard let split = splits.min(by: { $0.count < $1.count }) else {
      let pair = group.runs.lazy.compactMap { run in
        group.runs.first {
          $0.path != run.path && $0.seed == run.seed && partitionSeed($0) == partitionSeed(run)
        }.map { (run, $0) }
      }.first
      throw SpecificationError(
        "\(pair?.0.path ?? "") and \(pair?.1.path ?? ""): two partitions under the same seed "
          + "\(pair?.0.seed ?? 0), the same settings and the same partition.seed, expected one; give one "
          + "of them")
    }
    return split.map { value, runs in
      var part = Group(identity: group.identity, runs: runs)
      part.identity[Self.partitionSeed] = value
      return part
    }
  }

  /// Keys that tell seeds apart, and what to do on divergence, which changes no other run.
  private static let seedKeys: Set = [
    "seed", partitionSeed, RunSetting.partitionDigestKey, "on_divergence",
  ]
  /// Keys that have columns of their own.
  private static let ownColumns: Set = ["method", "dataset.name", "partition.scheme", "rounds"]

  private static func identity(of result: RunResult) -> [String: String] {
    var identity: [String: String] = [:]
    for (key, value) in result.resolvedSpecification where !seedKeys.contains(key) {
      identity[key] = value
    }
    // How statistics travel changes nothing where there are none.
    if identity["model.batch_normalisation"] == "false" { identity[statistics] = nil }
    // What the specification does not say.
    identity["method"] = result.method
    identity["dataset"] = result.dataset
    identity["partition.scheme"] = result.partitionScheme
    identity["data"] = result.origin.rawValue
    identity["dataset_sha256"] = result.datasetSHA256
    identity["numerics_version"] = "\(result.numericsVersion)"
    return identity
  }

  private static func requireDistinct(_ results: [RunResult]) throws {
    var known: [[String: String]: RunResult] = [:]
    for result in results {
      var key = identity(of: result)
      key["seed"] = "\(result.seed)"
      key[RunSetting.partitionDigestKey] = result.partitionSHA256
      if let other = known[key] {
        throw SpecificationError(
          other.path == result.path
            ? "\(result.path): given twice, expected each result once"
            : "\(other.path) and \(result.path): two results of one run (\(result.method), seed "
              + "\(result.seed), the same settings); give one of them")
      }
      known[key] = result
    }
  }

  /// A setting that differs between rows: the keys that it stands for, of which a row has at most one.
  private struct Column {
    let title: String
    let keys: [String]

    func value(of group: Group) -> String {
      keys.lazy.compactMap { group.identity[$0] }.first ?? ""
    }
  }

  /// A key is a column if two rows have it with different values. A method's own keys stand in one column
  /// with those of the same name of other methods.
  private static func differingColumns(_ groups: [Group]) -> [Column] {
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

  /// In the order in which they came, but those of one method by the values of the columns, numbers as
  /// numbers.
  private static func sorted(_ groups: [Group], by columns: [Column]) -> [Group] {
    func precedes(_ left: Group, _ right: Group) -> Bool? {
      for column in columns {
        let (a, b) = (column.value(of: left), column.value(of: right))
        guard a != b else { continue }
        if let a = Double(a), let b = Double(b) { return a < b }
        return a < b
      }
      return nil
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

  private static func row(_ group: Group, _ columns: [Column]) -> Row? {
    guard let first = group.runs.first else { return nil }
    let runs = group.finite
    return Row(
      method: first.methodTitle, dataset: first.markedDataset, datasetName: first.dataset,
      origin: first.origin, scheme: first.partitionScheme,
      settings: columns.map { column in
        // Twelve digits of a digest tell files apart.
        column.keys == ["dataset_sha256"]
          ? String(column.value(of: group).prefix(12)) : column.value(of: group)
      },
      seeds: group.runs.map(\.seed), divergedCount: group.runs.count - runs.count,
      received: accuracy(runs, \.testAccuracyReceived),
      trained: accuracy(runs, \.testAccuracyTrained), rounds: first.record.roundCount,
      uplinkMegabytes: runs.map { $0.record.uplinkBytes.mean / Megabyte.bytes }.mean,
      downlinkMegabytes: runs.map { $0.record.downlinkBytes.mean / Megabyte.bytes }.mean,
      seconds: group.runs.map { RunSidecar.seconds(of: $0) ?? .nan }.mean,
      numericsVersion: first.numericsVersion)
  }

  private static func accuracy(_ runs: [RunResult], _ key: KeyPath<RunRecord, [Float]>) -> Accuracy
  {
    let perRun = runs.map { run -> (mean: Double, deviation: Double) in
      guard let round = run.record.lastEvaluatedRound else { return (.nan, .nan) }
      let values = run.record[keyPath: key][run.record.places(ofRound: round)].map {
        100 * Double($0)
      }
      return (values.mean, values.standardDeviation)
    }
    return Accuracy(
      mean: perRun.map(\.mean).mean, clientDeviation: perRun.map(\.deviation).mean,
      seedDeviation: perRun.map(\.mean).standardDeviation)
  }

  /// What a reader must be warned of, a line each.
  public var warnings: [String] {
    var warnings: [String] = []
    let versions = Set(rows.map(\.numericsVersion)).sorted()
    if versions.count > 1 {
      warnings.append(
        "the results are of numerics versions \(versions.map(String.init).joined(separator: ", ")): "
          + "their bits differ for reasons other than their settings; compute the older ones again")
    }
    let unverified = groups.flatMap(\.runs).filter { $0.origin == .unverified }
    if let first = unverified.first {
      warnings.append(
        "\(Counted.words(unverified.count, of: groups.flatMap(\.runs).count, "result")) "
          + "\(unverified.count == 1 ? "is" : "are") of files whose digests are not the published ones (\(first.path.isEmpty ? first.dataset : first.path))"
      )
    }
    let diverged = rows.reduce(0) { $0 + $1.divergedCount }
    if diverged > 0 {
      warnings.append(
        "\(Counted.words(diverged, of: groups.flatMap(\.runs).count, "run")) diverged and "
          + "\(diverged == 1 ? "is" : "are") left out of the means")
    }
    return warnings
  }

  // MARK: Curves

  /// Mean accuracy over clients and seeds for every evaluated round; a row begins with the columns of
  /// `csv` that say which row of the table it belongs to.
  public var curves: CSV {
    var csv = CSV(
      keyColumns + ["round", "seeds", "seed_values", "received_percent", "trained_percent"])
    for (row, curve) in zip(rows, curvesOfRows) {
      for point in curve?.points ?? [] {
        csv.append(
          keys(row) + ["\(point.round)"] + Self.columns(ofSeeds: point.seeds) + [
            CSV.number(point.received), CSV.number(point.trained),
          ])
      }
    }
    return csv
  }

  /// A row's mean accuracy over rounds.
  package struct MethodCurve {
    /// An evaluated round.
    package struct Point {
      package let round: Int
      package let seeds: [UInt64]
      /// In percent, mean over clients and seeds.
      package let received: Double
      package let trained: Double
    }

    /// The method, with what tells it apart from others in its panel.
    package let title: String
    /// The dataset, marked where its files are not the published ones.
    package let dataset: String
    package let scheme: String
    package let points: [Point]
  }

  /// The curves in the order of the table, without those of rows whose runs all diverged.
  package var methodCurves: [MethodCurve] { curvesOfRows.compactMap { $0 } }

  private var curvesOfRows: [MethodCurve?] {
    zip(groups, rows).map { group, row in
      let runs = group.finite
      guard !runs.isEmpty else { return nil }
      let points = (1...max(row.rounds, 1)).compactMap { round in
        let means = runs.filter { $0.record.roundCount >= round }.map { run in
          (
            run.record.meanOverClients(\.testAccuracyReceived, round: round),
            run.record.meanOverClients(\.testAccuracyTrained, round: round), run.seed
          )
        }.filter { !$0.0.isNaN }
        return means.isEmpty
          ? nil
          : MethodCurve.Point(
            round: round, seeds: means.map(\.2), received: 100 * means.map(\.0).mean,
            trained: 100 * means.map(\.1).mean)
      }
      return MethodCurve(
        title: title(row), dataset: row.dataset, scheme: row.scheme, points: points)
    }
  }

  /// Writes table.csv, table.md, curves.csv and, where gnuplot is there, curves.svg and curves.png
  /// into the folder, which is made if it is missing.
  /// - Returns: the names of the files written.
  public func write(to folder: String) throws -> [String] {
    try makeFolder(folder)
    try csv.write(to: "\(folder)/table.csv")
    try Data(markdown.utf8).write(to: URL(fileURLWithPath: "\(folder)/table.md"), options: .atomic)
    try curves.write(to: "\(folder)/curves.csv")
    return ["table.csv", "table.md", "curves.csv"]
      + (try CurvesPicture(self).write(to: folder))
  }

  /// A row's method, with what tells it apart from other rows of the method in its panel.
  private func title(_ row: Row) -> String {
    let others = rows.filter {
      $0.method == row.method && $0.dataset == row.dataset && $0.scheme == row.scheme
    }
    guard others.count > 1 else { return row.method }
    let settings = zip(differingSettings, row.settings).enumerated().filter { place, setting in
      !setting.1.isEmpty && Set(others.map { $0.settings[place] }).count > 1
    }.map { "\($0.element.0) \($0.element.1)" }
    let rounds = Set(others.map(\.rounds)).count > 1 ? [Counted.words(row.rounds, "round")] : []
    return "\(row.method) (\((settings + rounds).joined(separator: ", ")))"
  }

  /// What tells the runs of one panel apart from those of another: dataset and scheme.
  package var panels: [(dataset: String, scheme: String)] {
    rows.reduce(into: []) { panels, row in
      if !panels.contains(where: { $0.dataset == row.dataset && $0.scheme == row.scheme }) {
        panels.append((row.dataset, row.scheme))
      }
    }
  }
}

extension RunResult {
  /// The dataset's name, marked where its files are not the published ones.
  var markedDataset: String { dataset + (origin == .published ? "" : " (\(origin.rawValue))") }
}
