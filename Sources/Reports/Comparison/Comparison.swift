import Datasets
import Experiments
import FederatedLearning
import Support

/// Results of several methods, settings and seeds side by side: a table of the last evaluation and the
/// curves over rounds. Never the best round: that would select on test data.
///
/// Runs that differ only in their seeds share a row. Any other difference between rows is a column.
public struct Comparison: Sendable {
  /// One line of the table: runs that differ only in their seeds.
  public struct Row: Sendable {
    /// The method's name in the field.
    public let method: String
    /// The dataset, marked where its files are not the published ones.
    public let dataset: String
    /// Only the dataset's name.
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
    /// Everything but the seeds: keys and values, and anything else that makes runs comparable.
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
  /// if two runs of one seed and settings differ in a partition that no setting distinguishes.
  public init(_ results: [RunResult]) throws {
    let order = MethodRegistry.names
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

  /// Warnings for the reader, one line each.
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

  /// Writes table.csv, table.md, curves.csv and, with gnuplot, curves.svg, curves.png and curves.pdf into the
  /// folder, which is made if it is missing.
  /// - Returns: the names of the files written, and why there is no plot, in one line, if there is none.
  public func write(to folder: String) throws -> (files: [String], problem: String?) {
    try makeFolder(folder)
    try csv.write(to: "\(folder)/table.csv")
    try TextFile.write(markdown, to: "\(folder)/table.md")
    try curves.write(to: "\(folder)/curves.csv")
    let problem = CurvesPicture(self).write(to: folder)
    let drawn = problem == nil ? ["curves.svg", "curves.png", "curves.pdf"] : []
    return (["table.csv", "table.md", "curves.csv"] + drawn, problem)
  }
}
