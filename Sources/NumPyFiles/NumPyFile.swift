import Foundation

/// The arrays of a file that NumPy wrote: one without a name (.npy), or several with names (.npz).
public struct NumPyFile {
  private let path: String
  private let single: Data?
  private let archive: ZipArchive?

  /// Opens a .npy or .npz file. Throws `NumPyError`.
  public init(path: String) throws {
    self.path = path
    let bytes: Data
    do {
      bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw NumPyError(path, "cannot be read; expected a file of numpy.save or numpy.savez")
    }
    let isArchive = bytes.starts(with: Array("PK".utf8))
    archive = isArchive ? try ZipArchive(bytes, path: path) : nil
    single = isArchive ? nil : bytes
  }

  /// The arrays' names; empty for a .npy file.
  public var names: [String] {
    (archive?.names ?? []).filter { $0.hasSuffix(".npy") }.map { String($0.dropLast(4)) }
  }

  /// The array of that name, or the only one of a .npy file. Throws `NumPyError` if there is none or it is damaged.
  public func array(_ name: String) throws -> NumPyArray {
    if let single { return try NumPyArray(single, source: path) }
    guard let content = try archive?.content(of: "\(name).npy") else {
      throw NumPyError(
        path,
        "has no array \(name), found \(names.isEmpty ? "none" : names.sorted().joined(separator: ", "))"
      )
    }
    return try NumPyArray(content, source: "\(path): \(name)")
  }
}
