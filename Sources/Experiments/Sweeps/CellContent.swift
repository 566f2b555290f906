import Datasets
import Foundation

/// The content of a cell's file. The content decides what the cell is, not the file's name.
public enum CellContent: Sendable {
  /// No file.
  case missing
  /// The cell's result.
  case usable(RunResult)
  /// A file that is not the cell's result; the reason is one line that begins with the file's path.
  case unusable(reason: String)

  /// Whether it is the cell's result.
  public var isUsable: Bool {
    if case .usable = self { return true }
    return false
  }
}

extension CellFolder {
  /// Reads a cell's file: is it complete, undamaged, and the run that the cell stands for?
  /// - Parameters:
  ///   - name: the cell's name.
  ///   - expected: the keys that the result must show with their values.
  public func content(of name: String, expected: [String: String]) -> CellContent {
    let path = result(of: name)
    guard FileManager.default.fileExists(atPath: path) else { return .missing }
    do {
      try checkBytes(of: name)
      let result = try RunResult(path: path)
      if let difference = CellIdentity.difference(of: result, expected: expected) {
        return .unusable(reason: "\(path): holds another run: \(difference)")
      }
      return .usable(result)
    } catch {
      return .unusable(reason: "\(error)")
    }
  }

  /// Reads a cell's file.
  public func content(of cell: SweepCell) -> CellContent {
    content(of: cell.name, expected: cell.expected)
  }

  /// Throws if the bytes are not those that were recorded. A file without a record is opened unchecked.
  private func checkBytes(of name: String) throws {
    let path = result(of: name)
    guard let recorded = ResultDigest.recorded(besides: path) else { return }
    let found = try FileDigest.sha256(ofFile: path)
    guard found != recorded else { return }
    // The bytes of another cell are whole: they may be opened, and then say which run they are.
    for other in resultNames() where ResultDigest.recorded(besides: other) == found { return }
    throw SpecificationError(
      "\(path): is damaged or was replaced: found SHA-256 \(found.prefix(12))…, expected "
        + "\(recorded.prefix(12))… as recorded in \(ResultDigest.file(besides: path))")
  }

  /// The paths that the sidecars in the folder belong to.
  private func resultNames() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(".run.json") }.sorted()
      .map { result(of: String($0.dropLast(".run.json".count))) }
  }

  /// Moves a file that is not the cell's result out of its place, to `NAME.h5.unusable`, or `-2`,
  /// `-3`, … if such files exist already. Only for the holder of the cell's lock.
  /// - Returns: the file's new path.
  /// - Throws: `SpecificationError` if it cannot be moved.
  func setAside(_ name: String) throws -> String { try Self.setAside(file: result(of: name)) }

  /// The same for a file at any path.
  static func setAside(file path: String) throws -> String {
    var target = path + unusableSuffix
    var number = 2
    while FileManager.default.fileExists(atPath: target) {
      target = "\(path)\(unusableSuffix)-\(number)"
      number += 1
    }
    guard rename(path, target) == 0 else {
      throw SpecificationError(
        "\(path): cannot be moved to \(target) (\(String(cString: strerror(errno))))")
    }
    return target
  }
}
