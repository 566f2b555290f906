import CHDF5
import Foundation
import Synchronization

/// Makes the names of this process's temporary files differ.
private let temporaryFileCount = Atomic<Int>(0)

extension HDF5File {
  /// Writes a file that appears whole or not at all, even where the machine stops midway.
  ///
  /// `body` fills a temporary file in the same folder, named `<name>.tmp-<process>-<n>`. It is then
  /// closed, forced to the disk and moved to `path`, and the folder is forced to the disk. Where
  /// anything fails, the temporary file is removed and `path` is as it was; only a killed process
  /// leaves one behind.
  ///
  /// - Parameters:
  ///   - path: Where the file shall be.
  ///   - overwrite: Whether a file that is there is replaced.
  ///   - body: Writes the file. It must not use the file or its objects afterwards.
  /// - Throws: `HDF5Error` where `path` is taken and must not be overwritten, or its folder is
  ///   missing or not writable, both before `body` runs, or where writing fails; and whatever
  ///   `body` throws.
  public static func writeAtomically(
    to path: String, overwrite: Bool, _ body: (HDF5File) throws -> Void
  ) throws {
    try checkFolder(of: path)
    try checkTarget(path, overwrite: overwrite)

    let temporary = unusedTemporaryPath(for: path)
    do {
      let file = try create(temporary, reportedAs: path, mode: chdf5_exclusive())
      do {
        try body(file)
        try file.flush()
        try file.close()
      } catch {
        try? file.close()
        throw error
      }
      try synchronize(temporary, reportedAs: path)
      try checkTarget(path, overwrite: overwrite)
      guard rename(temporary, path) == 0 else {
        throw HDF5Error(
          file: path, "cannot move the finished file into place (\(systemErrorText()))")
      }
    } catch {
      unlink(temporary)
      throw error
    }
    try synchronize(folder(of: path), reportedAs: path)
  }

  /// Throws where the folder of `path` is missing or not writable.
  static func checkFolder(of path: String) throws {
    let folder = folder(of: path)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
      throw HDF5Error(
        file: path, "cannot create the file: the folder \(folder) does not exist; create it first")
    }
    guard isFolder.boolValue else {
      throw HDF5Error(file: path, "cannot create the file: \(folder) is a file; expected a folder")
    }
    guard access(folder, W_OK | X_OK) == 0 else {
      throw HDF5Error(
        file: path, "cannot create the file: no permission to write to the folder \(folder)")
    }
  }

  static func checkTarget(_ path: String, overwrite: Bool) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
    guard !isFolder.boolValue else {
      throw HDF5Error(file: path, sentence: "is a folder; expected the name of a file to write")
    }
    guard overwrite else {
      throw HDF5Error(file: path, sentence: "exists already; give --overwrite to replace it")
    }
  }

  private static func folder(of path: String) -> String {
    let folder = (path as NSString).deletingLastPathComponent
    return folder.isEmpty ? "." : folder
  }

  /// A process that was killed may have had this process's number and left files behind.
  private static func unusedTemporaryPath(for path: String) -> String {
    while true {
      let number = temporaryFileCount.add(1, ordering: .relaxed).newValue
      let candidate = "\(path).tmp-\(getpid())-\(number)"
      if !FileManager.default.fileExists(atPath: candidate) { return candidate }
    }
  }
}

/// Forces a file or folder to the disk.
private func synchronize(_ item: String, reportedAs path: String) throws {
  let descriptor = open(item, O_RDONLY)
  guard descriptor >= 0 else {
    throw HDF5Error(file: path, "cannot force \(item) to the disk (\(systemErrorText()))")
  }
  defer { close(descriptor) }
  // File systems that cannot synchronise a folder say EINVAL.
  guard fsync(descriptor) == 0 || errno == EINVAL else {
    throw HDF5Error(file: path, "cannot force \(item) to the disk (\(systemErrorText()))")
  }
}

private func systemErrorText() -> String { String(cString: strerror(errno)) }
