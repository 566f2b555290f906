import CHDF5
import Foundation
import Support
import Synchronization

/// Makes the names of this process's temporary files unique.
private let temporaryFileCount = Atomic<Int>(0)

extension HDF5File {
  /// Writes a file that appears completely or not at all, even if the machine stops midway or the disk
  /// is full.
  ///
  /// `body` fills a file in memory: libhdf5 does not survive a failure to write, so it never sees one.
  /// The bytes then go to a temporary file in the same folder, named `<name>.tmp-<process>-<n>`, which
  /// is forced to the disk and moved to `path`, and the folder is forced to the disk. Where anything
  /// fails, the temporary file is removed and `path` is as it was; only a killed process leaves one
  /// behind.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - overwrite: Whether an existing file is replaced.
  ///   - isSealed: Whether the file begins with a checksum of the rest, for `checkSeal(of:)`.
  ///   - previous: Where a file that is replaced is moved to, instead of whatever is there; nil
  ///     removes it. That happens once the new file is whole, so one of the two always is there.
  ///   - body: Writes the file. It must not use the file or its objects afterwards.
  /// - Throws: `HDF5Error` if `path` is taken and must not be overwritten, or its folder is
  ///   missing or not writable, both before `body` runs, or where writing fails; and whatever
  ///   `body` throws.
  public static func writeAtomically(
    to path: String, overwrite: Bool, isSealed: Bool = false, keeping previous: String? = nil,
    _ body: (HDF5File) throws -> Void
  ) throws {
    try checkFolder(of: path)
    try checkTarget(path, overwrite: overwrite)

    let temporary = unusedTemporaryPath(for: path)
    do {
      try FileImage.make(
        reportedAs: path, identity: temporary, userBlock: isSealed ? Seal.byteCount : 0,
        fill: body
      ) { image in
        guard isSealed else { return try writeFile(temporary, [image], reportedAs: path) }
        let sealed = UnsafeRawBufferPointer(rebasing: image[Seal.byteCount...])
        var seal = Seal()
        seal.enter(sealed)
        try seal.block.withUnsafeBytes { block in
          try writeFile(temporary, [block, sealed], reportedAs: path)
        }
      }
      try checkTarget(path, overwrite: overwrite)
      if let previous, rename(path, previous) != 0, errno != ENOENT {
        throw HDF5Error(
          file: path, "cannot move the previous file to \(previous) (\(systemErrorText()))")
      }
      guard rename(temporary, path) == 0 else {
        throw HDF5Error(
          file: path, "cannot move the finished file into place (\(systemErrorText()))")
      }
    } catch {
      unlink(temporary)
      throw error
    }
    synchronize(folder(ofFile: path))
  }

  /// Throws if the folder of `path` is missing or not writable.
  static func checkFolder(of path: String) throws {
    let folder = Support.folder(ofFile: path)
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
    if let refusal = writingRefusal(path, overwrite: overwrite) {
      throw HDF5Error(file: path, sentence: refusal)
    }
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

/// Writes a new file and forces it to the disk.
private func writeFile(
  _ item: String, _ parts: [UnsafeRawBufferPointer], reportedAs path: String
) throws {
  func failure() -> HDF5Error {
    let remedy = [ENOSPC, EDQUOT].contains(errno) ? "; free some space and try again" : ""
    return HDF5Error(file: path, "cannot write the file (\(systemErrorText())\(remedy))")
  }
  let descriptor = open(item, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
  guard descriptor >= 0 else { throw failure() }
  defer { close(descriptor) }
  for part in parts {
    var rest = part
    while !rest.isEmpty {
      let count = write(descriptor, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure() }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }
  guard flushToDisk(descriptor) else { throw failure() }
}

/// Forces a folder to the disk where that is possible: the file in it is whole and has its name already.
private func synchronize(_ folder: String) {
  let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return }
  _ = flushToDisk(descriptor)
  close(descriptor)
}

func systemErrorText() -> String { String(cString: strerror(errno)) }
