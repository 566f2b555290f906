import Foundation
import Support

/// The cells of a sweep in a profile, and which of them a call computes. The whole plan is laid down in
/// the output folder for the report: `<output>/<sweep>/plan.json`.
public struct SweepPlan {
  /// The sweep.
  public let sweep: SweepSpecification
  /// Which cells were selected.
  public let selection: SweepSpecification.Selection
  /// All cells of the profile with its seeds and overrides, whatever the selection's `only` says.
  public let cells: [SweepCell]
  /// The cells that the selection takes.
  public let selected: [SweepCell]

  /// Expands a sweep. Throws `SpecificationError` as `SweepSpecification.plannedCells` does.
  public init(_ sweep: SweepSpecification, _ selection: SweepSpecification.Selection) throws {
    self.sweep = sweep
    self.selection = selection
    cells = try sweep.plannedCells(selection)
    selected = cells.filter(selection.takes)
  }

  /// The profile in a few words.
  public var summary: String { (try? sweep.summary(ofProfile: selection.profile)) ?? "" }

  /// Samples of each class of synthetic data; nil for published data.
  public var syntheticSamplesPerClass: Int? {
    try? sweep.syntheticSamplesPerClass(profile: selection.profile)
  }

  /// The file of a target: itself if it is one, otherwise `<folder>/<target>.yaml`. Throws
  /// `SpecificationError` naming the available sweeps.
  public static func file(of target: String, in folder: String) throws -> String {
    if target.hasSuffix(".yaml") || target.hasSuffix(".yml") { return target }
    let path = "\(folder)/\(target).yaml"
    guard FileManager.default.fileExists(atPath: path) else {
      let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
        .filter { $0.hasSuffix(".yaml") && ($0.hasPrefix("table") || $0.hasPrefix("figure")) }
        .map { String($0.dropLast(5)) }.sorted()
      throw SpecificationError(
        "\(target): no such table or figure, expected "
          + (names.isEmpty
            ? "a sweep in \(folder)/; give --experiments"
            : "one of \(names.joined(separator: ", "))")
      )
    }
    return path
  }

  /// Throws `SpecificationError` if plans cannot share one call: two of one name, whose tables would
  /// be in one folder, or two on different data.
  public static func checkTogether(_ plans: [SweepPlan]) throws {
    for (place, plan) in plans.enumerated() {
      for other in plans[..<place] {
        guard plan.sweep.name != other.sweep.name else {
          throw SpecificationError(
            plan.sweep.file == other.sweep.file
              ? "\(plan.sweep.file): found twice among the targets, expected once"
              : "\(plan.sweep.file): name: found \(plan.sweep.name), as in \(other.sweep.file), expected "
                + "a unique name: its tables go into a folder of that name")
        }
        guard plan.syntheticSamplesPerClass == other.syntheticSamplesPerClass else {
          func data(_ plan: SweepPlan) -> String {
            plan.syntheticSamplesPerClass.map { "\($0) synthetic samples per class" }
              ?? "published data"
          }
          throw SpecificationError(
            "\(plan.sweep.name): profile \(plan.selection.profile): found \(data(plan)), expected "
              + "\(data(other)) as in \(other.sweep.name); run each with its own command and --output"
          )
        }
      }
    }
  }

  /// What the report needs to know.
  public var record: Record {
    let axes = sweep.axes.map { axis in
      let taken = Set(cells.compactMap { $0.coordinates[axis.name] })
      // In the sweep's order; seeds of --seeds that it does not list come in theirs.
      let listed = axis.values.map(\.label).filter(taken.contains)
      return Record.Axis(name: axis.name, labels: listed).adding(taken.subtracting(listed))
    }
    return Record(
      name: sweep.name, title: sweep.title, report: sweep.report.name,
      profile: selection.profile, summary: summary,
      isSynthetic: syntheticSamplesPerClass != nil, overrides: selection.overrides,
      hyperparameters: sweep.hyperparameters.map { "\($0.path), SHA-256 \($0.sha256.prefix(12))…" },
      axes: axes,
      cells: cells.map {
        Record.Cell(name: $0.name, coordinates: $0.coordinates, specification: $0.expected)
      })
  }

  /// The plan's file in an output folder.
  private func path(in output: String) -> String { "\(output)/\(sweep.name)/plan.json" }

  /// Throws `SpecificationError` if the output folder holds a plan that this one does not fit.
  public func check(in output: String) throws {
    _ = try merged(in: output)
  }

  /// What an earlier program with other numerics left of the plan in the output folder, by its version.
  /// Throws `SpecificationError` if the plan there cannot be read.
  /// - Parameters:
  ///   - output: the output folder.
  ///   - cells: those that a call computes.
  public func superseded(in output: String, by cells: [SweepCell]) throws -> [SupersededRuns] {
    let folder = CellFolder(output: output)
    let names = Set(cells.map(\.name))
    let computed = Set(selected.filter { names.contains($0.name) }.map(\.coordinates))
    let old = (try Record.read(path(in: output))?.supersededCells ?? []).compactMap { cell in
      let isFinished = FileManager.default.fileExists(atPath: folder.result(of: cell.name))
      return isFinished || folder.hasCheckpoint(of: cell.name) ? (cell, isFinished) : nil
    }
    return Dictionary(grouping: old, by: \.0.numericsVersion).map { version, runs in
      SupersededRuns(
        numericsVersion: version, finishedCount: runs.count { $0.1 },
        begunCount: runs.count { !$0.1 },
        computedCount: runs.count { computed.contains($0.0.coordinates) },
        computedFinishedCount: runs.count { $0.1 && computed.contains($0.0.coordinates) })
    }.sorted { $0.numericsVersion < $1.numericsVersion }
  }

  /// This plan with the one in the output folder, if there is one.
  private func merged(in output: String) throws -> Record {
    let path = path(in: output)
    guard let old = try Record.read(path) else { return record }
    return try record.merging(old, path: path, output: output)
  }

  /// Writes the plan, with what other calls planned of the same sweep, such as more seeds. Throws
  /// `SpecificationError` if the folder has another plan, `FileError` if it is not writable.
  public func write(to output: String) throws {
    let folder = "\(output)/\(sweep.name)"
    try makeFolder(folder)
    let path = path(in: output)
    let lock = try CellLock.waiting(path + ".lock")
    defer { withExtendedLifetime(lock) {} }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where name.hasPrefix("plan.json.tmp-") {
      unlink("\(folder)/\(name)")
    }
    try merged(in: output).write(to: path)
  }

  /// The plans in an output folder, by name. Throws `SpecificationError` if one cannot be read.
  public static func records(in output: String) throws -> [Record] {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []).sorted()
    return try names.compactMap { try Record.read("\(output)/\($0)/plan.json") }
  }
}

/// Runs of a plan that an earlier program with other numerics finished or started: they are computed again, under
/// other names, and no table shows the old ones.
public struct SupersededRuns: Sendable, Equatable {
  /// The earlier program's version of the numerics.
  public let numericsVersion: String
  /// Those with a result.
  public let finishedCount: Int
  /// Those with only a checkpoint.
  public let begunCount: Int
  /// Those of both kinds that the call computes.
  public let computedCount: Int
  /// Those with a result that the call computes.
  let computedFinishedCount: Int

  /// What a user must know, in one line.
  /// - Parameter folder: the folder of the files.
  public func words(folder: String) -> String {
    let found = [
      finishedCount == 0 ? "" : Counted.words(finishedCount, "result"),
      begunCount == 0 ? "" : Counted.words(begunCount, "unfinished run"),
    ].filter { !$0.isEmpty }.joined(separator: " and ")
    let total = finishedCount + begunCount
    let left = finishedCount - computedFinishedCount
    return "found \(found) of numerics version \(numericsVersion), this program has "
      + "\(CodeVersion.numerics): "
      + (computedCount == total
        ? total == 1 ? "it is computed again" : "all are computed again"
        : computedCount == 0
          ? "this call computes none of them again" : "this call computes \(computedCount) again")
      + (left == 0
        ? ""
        : left == 1
          ? ", and the table omits 1 result until it is computed again"
          : ", and the table omits \(left) results until they are computed again")
      + "; the old files stay in \(folder)"
  }
}

extension Sequence where Element == SweepCell {
  /// The cells without those whose run came before.
  public func uniqueByName() -> [SweepCell] {
    var names = Set<String>()
    return filter { names.insert($0.name).inserted }
  }
}
