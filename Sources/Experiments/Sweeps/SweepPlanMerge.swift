import Foundation

// Several calls, one plan.
extension SweepPlan.Record {
  /// The cells whose results are of another version of the numerics than this program's: the same runs
  /// are computed again, under other names.
  var supersededCells: [Cell] {
    cells.filter { $0.numericsVersion != "\(CodeVersion.numerics)" }
  }

  /// This plan with the cells of an older one, such as more seeds, except those that are superseded. Throws
  /// `SpecificationError` if the older one is of another profile, of other axes, or has another run at
  /// the same place.
  /// - Parameters:
  ///   - path: the older plan's file.
  ///   - output: the output folder that holds it.
  func merging(_ old: SweepPlan.Record, path: String, output: String) throws -> SweepPlan.Record {
    func misfit(_ what: String, _ found: String, _ expected: String) -> SpecificationError {
      SpecificationError(
        "\(path): \(what): found \(found), expected \(expected); one folder holds one plan of a sweep, "
          + "so give another --output, such as \(Self.freeFolder(besides: output))")
    }
    guard old.profile == profile else { throw misfit("profile", old.profile, profile) }
    guard old.axes.map(\.name) == axes.map(\.name) else {
      func list(_ record: SweepPlan.Record) -> String {
        record.axes.map(\.name).joined(separator: " ")
      }
      throw misfit("axes", list(old), list(self))
    }
    guard old.isSynthetic == isSynthetic else {
      throw misfit(
        "data", old.isSynthetic ? "synthetic" : "published",
        isSynthetic ? "synthetic" : "published")
    }
    let own = Dictionary(cells.map { ($0.coordinates, $0) }, uniquingKeysWith: { $1 })
    // Without a place in common, the runs themselves cannot show that they are of one plan.
    guard old.overrides == overrides || old.cells.contains(where: { own[$0.coordinates] != nil })
    else {
      func list(_ overrides: [String]) -> String {
        overrides.isEmpty ? "none" : overrides.joined(separator: " ")
      }
      throw misfit("--set", list(old.overrides), list(overrides))
    }
    for cell in old.cells {
      guard let twin = own[cell.coordinates], twin.name != cell.name else { continue }
      var (found, expected) = (cell.plainSpecification, twin.plainSpecification)
      if cell.numericsVersion != twin.numericsVersion {
        // A name that differs only for that reason is the same run, and another version may know other keys.
        found = found.filter { expected[$0.key] != nil }
        expected = expected.filter { found[$0.key] != nil }
        found[CellIdentity.numericsVersion] = nil
        expected[CellIdentity.numericsVersion] = nil
        guard found != expected else { continue }
      }
      let key =
        Set(found.keys).union(expected.keys).sorted().first { found[$0] != expected[$0] } ?? "name"
      throw misfit(
        "\(key) at \(place(cell.coordinates))", found[key] ?? cell.name,
        expected[key] ?? twin.name)
    }
    let superseded = Set(old.supersededCells.map(\.name))
    let kept = old.cells.filter { !superseded.contains($0.name) && own[$0.coordinates] == nil }
    let axes = zip(axes, old.axes).map { axis, old in
      axis.adding(
        superseded.isEmpty
          ? old.labels
          : old.labels.filter { label in
            kept.contains { $0.coordinates[axis.name] == label }
          })
    }
    let places = axes.map { axis in
      Dictionary(
        axis.labels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }
    func order(_ cell: Cell) -> [Int] {
      zip(axes, places).map { axis, places in
        cell.coordinates[axis.name].flatMap { places[$0] } ?? 0
      }
    }
    let all = cells + kept
    return SweepPlan.Record(
      name: name, title: title, report: report, profile: profile, summary: summary,
      isSynthetic: isSynthetic, overrides: overrides, hyperparameters: hyperparameters, axes: axes,
      cells: all.map { ($0, order($0)) }.sorted { $0.1.lexicographicallyPrecedes($1.1) }.map(\.0))
  }

  /// A folder beside the output folder that does not exist yet.
  private static func freeFolder(besides output: String) -> String {
    var number = 2
    while FileManager.default.fileExists(atPath: "\(output)-\(number)") { number += 1 }
    return "\(output)-\(number)"
  }
}
