import FederatedLearning
import Foundation
import Support

// The plan's file.
extension SweepPlan.Record: Codable {
  /// The format of the files. Those of format 1, which do not state it, name only the cells and their places.
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

  /// Reads what `encode(to:)` wrote; missing values are empty.
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
      if found <= format {
        let record = try decoder.decode(SweepPlan.Record.self, from: data)
        if let fault = record.fault(inFolder: folder(ofFile: path)) {
          throw SpecificationError(
            "\(path): \(fault); it was changed after pfedla reproduce wrote it: remove it and run that "
              + "command again")
        }
        return record
      }
    } catch let error as SpecificationError {
      throw error
    } catch {
      throw SpecificationError(
        "\(path): cannot be read as a plan of pfedla reproduce; remove it and run that "
          + "command again")
    }
    throw SpecificationError(
      "\(path): is a plan of a later version of pfedla; use that version, or give another --output")
  }

  /// What no plan that this program writes would say: a name that could lead out of the folder, or axes and
  /// labels that repeat. Nil if nothing is wrong.
  private func fault(inFolder folder: String) -> String? {
    guard SweepSpecification.isFolderName(name), folder.hasSuffix("/\(name)") else {
      return "name: found \(name), expected the name of its folder"
    }
    if let cell = cells.first(where: { !isFileName($0.name) && !$0.name.isEmpty }) {
      return "cells: found the name \(cell.name), expected the name of a file"
    }
    for (index, axis) in axes.enumerated()
    where axes[..<index].contains(where: { $0.name == axis.name }) {
      return "axes: found \(axis.name) twice, expected different names"
    }
    for axis in axes where Set(axis.labels).count < axis.labels.count {
      return "axes.\(axis.name): found a label twice, expected different labels"
    }
    return nil
  }

  /// Writes the plan's file. Throws `FileError` if that fails.
  func write(to path: String) throws {
    try TextFile.write(json: self, to: path)
  }
}
