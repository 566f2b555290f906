import Experiments
import Foundation
import HDF5
import Support

/// A result as an HDF5 file that GNU Octave's `load` reads, which stops at a result file's text of variable length.
///
/// Groups and numbers are as in the result. Text has a fixed length: a list of texts is a list of rows in Octave, one
/// for each. Octave reads no attributes, so those of the file and of its groups are variables there: `result.method`,
/// `result.settings.rounds`. Axes have no labels.
public struct OctaveExport {
  private let result: RunResult

  /// Exports that result.
  public init(_ result: RunResult) { self.result = result }

  /// Writes the file, over one that exists. Equal results give equal bytes. Throws `SpecificationError` if that is the
  /// result itself, `HDF5Error` if the result cannot be read or the file cannot be written.
  public func write(to path: String) throws {
    guard Self.resolved(path) != Self.resolved(result.path) else {
      throw SpecificationError("\(path): is the result itself, expected the name of another file")
    }
    let source = try HDF5File.openForReading(result.path)
    try HDF5File.writeAtomically(to: path, overwrite: true) { file in
      try copy(source, to: file, depth: 0)
    }
  }

  private static func resolved(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
  }

  private func copy(_ source: HDF5Group, to target: HDF5Group, depth: Int) throws {
    guard depth < 16 else {
      throw SpecificationError("\(result.path): its groups are nested more than 16 deep")
    }
    for name in try source.childNames() {
      if try source.isGroup(name) {
        try copy(source.group(name), to: target.createGroup(name), depth: depth + 1)
      } else {
        try copy(source.dataset(name), to: target)
      }
    }
    for name in try source.attributeNames() where try !target.exists(name) {
      try copyAttribute(name, of: source, to: target)
    }
  }

  private func copy(_ dataset: HDF5Dataset, to target: HDF5Group) throws {
    let type = try elements(dataset.storedElementType(), of: dataset.path)
    guard let numbers = type.numbers else {
      // Octave reads no tables of text: a list, row by row.
      let texts: [String] = try dataset.read()
      return try target.writeFixedText(
        dataset.name, texts, shape: dataset.shape.isEmpty ? [] : [texts.count])
    }
    try copyRows(of: dataset, as: numbers, to: target)
  }

  /// A few rows at a time, so that the numbers are in memory only once.
  private func copyRows<Element: HDF5Element>(
    of dataset: HDF5Dataset, as type: Element.Type, to target: HDF5Group
  ) throws {
    guard let extent = dataset.shape.first else {
      try target.write(dataset.name, dataset.read(as: type), shape: [])
      return
    }
    let copy = try target.createDataset(
      dataset.name, of: type, shape: dataset.shape, storage: .compressed)
    let rows = max(1, (1 << 20) / max(1, dataset.count / max(1, extent)))
    for start in stride(from: 0, to: extent, by: rows) {
      let end = min(start + rows, extent)
      try copy.writeRows(dataset.readRows(start..<end, as: type), from: start)
    }
  }

  private func copyAttribute(_ name: String, of source: HDF5Group, to target: HDF5Group) throws {
    func copy<Number: HDF5Element>(numbers: Number.Type) throws {
      let values = try source.attributes(name, as: numbers)
      try target.write(name, values, shape: values.count == 1 ? [] : [values.count])
    }
    let type = try elements(source.attributeElementType(name), of: "\(source.path) \(name)")
    if let numbers = type.numbers { return try copy(numbers: numbers) }
    let texts = try source.attributes(name, as: String.self)
    try target.writeFixedText(name, texts, shape: texts.count == 1 ? [] : [texts.count])
  }

  private func elements(_ type: HDF5ElementType?, of object: String) throws -> HDF5ElementType {
    guard let type else {
      throw SpecificationError(
        "\(result.path): \(object) is of another type, expected numbers or text")
    }
    return type
  }
}
