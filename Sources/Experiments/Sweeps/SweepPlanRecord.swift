import FederatedLearning
import Foundation
import Support

extension SweepPlan {
  /// A plan as it lies in `plan.json`: what the report needs to know.
  public struct Record: Sendable, Equatable {
    /// A cell.
    public struct Cell: Sendable, Equatable {
      /// Its name.
      public let name: String
      /// Its place on the axes.
      public let coordinates: [String: String]
      /// The keys that its result must show with their values.
      public let specification: [String: String]

      /// The same without the marks of keys that results may lack.
      package var plainSpecification: [String: String] {
        Dictionary(
          specification.map { (String($0.key.drop { $0 == "?" }), $0.value) },
          uniquingKeysWith: { $1 })
      }

      /// The version of the numerics that its result must show.
      var numericsVersion: String { specification[CellIdentity.numericsVersion] ?? "0" }
    }

    /// An axis.
    public struct Axis: Codable, Sendable, Equatable {
      /// Its name.
      public let name: String
      /// Its labels in order.
      public let labels: [String]

      /// The axis with more labels behind its own; ascending whole numbers, such as seeds, stay so.
      func adding(_ others: some Sequence<String>) -> Axis {
        func number(_ label: String) -> Int { Int(label) ?? .max }
        func sorted(_ labels: some Sequence<String>) -> [String] {
          labels.sorted { (number($0), $0) < (number($1), $1) }
        }
        let all = labels + sorted(Set(others).subtracting(labels))
        let isAscending =
          all.allSatisfy { Int($0) != nil }
          && zip(labels, labels.dropFirst()).allSatisfy { number($0) < number($1) }
        return Axis(name: name, labels: isAscending ? sorted(all) : all)
      }
    }

    /// The sweep's name.
    public let name: String
    /// What it shows.
    public let title: String
    /// What is made of it.
    public let report: String
    /// The profile.
    public let profile: String
    /// The profile in a few words.
    public let summary: String
    /// Whether the data are synthetic.
    public let isSynthetic: Bool
    /// The keys that were set for all cells, as `key=value`.
    public let overrides: [String]
    /// The file of chosen hyperparameters that the runs take, with the start of its SHA-256; nil for none.
    public let hyperparameters: String?
    /// The axes in order, each with its labels in order.
    public let axes: [Axis]
    /// The cells in the order of the axes, the last one fastest.
    public let cells: [Cell]

    /// A place for readers, such as `rate=slow, method=local`.
    public func place(_ coordinates: [String: String]) -> String {
      axes.compactMap { axis in coordinates[axis.name].map { "\(axis.name)=\($0)" } }
        .joined(separator: ", ")
    }
  }
}

// MARK: Several calls, one plan

extension SweepPlan.Record {
  /// The cells whose results are of another version of the numerics than this program's: the same runs
  /// are computed again, under other names.
  var supersededCells: [Cell] {
    cells.filter { $0.numericsVersion != "\(CodeVersion.numerics)" }
  }

  /// This plan with the cells of an older one, such as more seeds, less those that are superseded. Throws
  /// `SpecificationError` if the older one is of another profile, of other axes, or has another run at
  /// the same place.
  /// - Parameters:
  ///   - path: the older plan's file.
  ///   - output: the output folder that holds it.
  func merging(_ old: SweepPlan.Record, path: String, output: String) throws -> SweepPlan.Record {
    func misfit(_ what: String, _ found: String, _ expected: String) -> SpecificationError {
      SpecificationError(
        "\(path): \(what): found \(found), expected \(expected); one folder holds one plan of a sweep, "
          + "give another --output, such as \(Self.freeFolder(besides: output))")
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
        // Another name for that reason alone is the same run, and another version may know other keys.
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
      Dictionary(uniqueKeysWithValues: axis.labels.enumerated().map { ($1, $0) })
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

  /// A folder beside the output folder that is not there yet.
  private static func freeFolder(besides output: String) -> String {
    var number = 2
    while FileManager.default.fileExists(atPath: "\(output)-\(number)") { number += 1 }
    return "\(output)-\(number)"
  }
}

// MARK: The file

extension SweepPlan.Record: Codable {
  /// Of the files. Those of format 1, which do not say so, name the cells and their places and no more.
  private static let format = 2

  private enum CodingKeys: String, CodingKey {
    case name, title, report, profile, summary, isSynthetic, overrides, hyperparameters
    case axes, cells, format
    case specification
  }

  /// A cell with the keys that are not the same in all cells.
  private struct StoredCell: Codable {
    let name: String
    let coordinates: [String: String]
    let specification: [String: String]?
  }

  /// Reads what `encode(to:)` wrote; what is missing is empty.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    name = try values.decode(String.self, forKey: .name)
    title = try values.decode(String.self, forKey: .title)
    report = try values.decode(String.self, forKey: .report)
    profile = try values.decode(String.self, forKey: .profile)
    summary = try values.decode(String.self, forKey: .summary)
    isSynthetic = try values.decode(Bool.self, forKey: .isSynthetic)
    overrides = try values.decodeIfPresent([String].self, forKey: .overrides) ?? []
    hyperparameters = try values.decodeIfPresent(String.self, forKey: .hyperparameters)
    axes = try values.decode([Axis].self, forKey: .axes)
    guard let common = try values.decodeIfPresent([String: String].self, forKey: .specification)
    else {
      cells = try values.decode([StoredCell].self, forKey: .cells).map { cell in
        Cell(
          name: cell.name, coordinates: cell.coordinates,
          specification: Self.specification(atPlaceOfFormat1: cell.coordinates))
      }
      return
    }
    cells = try values.decode([StoredCell].self, forKey: .cells).map { cell in
      Cell(
        name: cell.name, coordinates: cell.coordinates,
        specification: common.merging(cell.specification ?? [:]) { $1 })
    }
  }

  /// What a result must show at a place of a plan of format 1: no program with a version of the numerics
  /// wrote such plans, and labels that are a method or a seed must be the run's.
  private static func specification(atPlaceOfFormat1 place: [String: String]) -> [String: String] {
    var keys = [CellIdentity.numericsVersion: "0"]
    if let method = place["method"], MethodRegistry.method(named: method) != nil {
      keys["method"] = method
    }
    if let seed = place["seed"], UInt64(seed) != nil { keys["seed"] = seed }
    return keys
  }

  /// Writes the keys that are the same in all cells once.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(Self.format, forKey: .format)
    try values.encode(name, forKey: .name)
    try values.encode(title, forKey: .title)
    try values.encode(report, forKey: .report)
    try values.encode(profile, forKey: .profile)
    try values.encode(summary, forKey: .summary)
    try values.encode(isSynthetic, forKey: .isSynthetic)
    try values.encode(overrides, forKey: .overrides)
    try values.encodeIfPresent(hyperparameters, forKey: .hyperparameters)
    try values.encode(axes, forKey: .axes)
    let common = (cells.first?.specification ?? [:]).filter { key, value in
      cells.allSatisfy { $0.specification[key] == value }
    }
    try values.encode(common, forKey: .specification)
    try values.encode(
      cells.map { cell in
        StoredCell(
          name: cell.name, coordinates: cell.coordinates,
          specification: cell.specification.filter { common[$0.key] == nil })
      }, forKey: .cells)
  }

  /// Reads a plan's file, of this or an earlier version; nil if there is none. Throws
  /// `SpecificationError` if it is no plan that this version knows.
  static func read(_ path: String) throws -> SweepPlan.Record? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    struct Version: Decodable { let format: Int? }
    let decoder = JSONDecoder()
    do {
      let found = try decoder.decode(Version.self, from: data).format ?? 1
      if found <= format { return try decoder.decode(SweepPlan.Record.self, from: data) }
    } catch {
      throw SpecificationError(
        "\(path): cannot be read as a plan, expected one of pfedla reproduce; remove it and give that "
          + "command again")
    }
    throw SpecificationError(
      "\(path): is a plan of a later version of pfedla; use that version, or give another --output")
  }

  /// Writes the plan's file. Throws `SpecificationError` if that fails.
  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try TextFile.write(encoder.encode(self), to: path)
  }
}
