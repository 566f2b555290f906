import Foundation

/// The arrays of a file that NumPy wrote: one without a name (.npy), or several with names (.npz).
public struct NumPyFile {
  private let path: String
  private let single: Data?
  private let archive: ZipArchive?

  /// Opens a .npy or .npz file. Throws `NumPyError`.
  public init(path: String) throws {
    let bytes: Data
    do {
      bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw NumPyError(path, "cannot be read; expected a file of numpy.save or numpy.savez")
    }
    try self.init(bytes, path: path)
  }

  /// The same with the file's bytes already read.
  package init(_ bytes: Data, path: String) throws {
    self.path = path
    let isArchive = bytes.starts(with: Array("PK".utf8))
    archive = isArchive ? try ZipArchive(bytes, path: path) : nil
    single = isArchive ? nil : bytes
  }

  /// Whether it holds arrays with names (.npz).
  package var isArchive: Bool { archive != nil }

  /// The arrays' names; empty for a .npy file.
  public var names: [String] {
    (archive?.names ?? []).filter { $0.hasSuffix(".npy") }.map { String($0.dropLast(4)) }
  }

  /// The array of that name, or the only one of a .npy file. Throws `NumPyError` if there is none, it is damaged, or it
  /// has more than `most` elements: packed, they may take little of the file.
  public func array(_ name: String, atMost most: Int) throws -> NumPyArray {
    let array: NumPyArray
    if let single {
      array = try NumPyArray(single, source: path)
    } else {
      // The header, and words of up to 64 characters.
      let (bytes, overflow) = most.multipliedReportingOverflow(by: 256)
      let content = try archive?.content(
        of: "\(name).npy", most: overflow ? .max : max(bytes, bytes &+ 70_000))
      guard let content else {
        throw NumPyError(
          path,
          "has no array \(name), found "
            + (names.isEmpty ? "none" : names.sorted().prefix(10).joined(separator: ", ")))
      }
      array = try NumPyArray(content, source: "\(path): \(name)")
    }
    guard array.count <= most else {
      throw NumPyError(array.source, "has \(array.count) elements, expected at most \(most)")
    }
    return array
  }
}
