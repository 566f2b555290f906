import Foundation
import Support

/// A file open for writing, which only this process may use until it is closed.
final class OutputFile {
  let path: String
  private var descriptor: Int32
  private static let remedy = "check the disk's free space and the folder's permissions"

  /// Opens or creates the file and takes its lock, so that two fetches cannot mix their bytes.
  ///
  /// Throws `DatasetError`: system, or refused when another process writes it.
  init(path: String) throws {
    self.path = path
    // A link is not followed, and a pipe not waited for.
    descriptor = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw DatasetError(
        .system, "\(path): cannot create the file: \(lastSystemMessage()); \(Self.remedy)")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close()
      throw DatasetError(
        .refused, "\(path): is no regular file, expected an unfinished download; remove it")
    }
    // A file system without locks keeps no two processes apart; everything else works there.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      close()
      throw DatasetError(
        .refused, "\(path): another process is writing it; wait until it has finished")
    }
  }

  deinit { close() }

  /// Releases the file at once; a network session may hold on to this object for a while.
  func close() {
    guard descriptor >= 0 else { return }
    // Just closing it would leave the lock with a child process that is being started.
    _ = flock(descriptor, LOCK_UN)
    _ = Foundation.close(descriptor)
    descriptor = -1
  }

  /// The file's present size in bytes.
  func byteCount() throws -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("measured") }
    return Int(status.st_size)
  }

  /// Keeps the first `byteCount` bytes; the next write goes after them.
  func truncate(to byteCount: Int) throws {
    guard ftruncate(descriptor, off_t(byteCount)) == 0,
      lseek(descriptor, off_t(byteCount), SEEK_SET) >= 0
    else { throw failure("cut") }
  }

  /// Writes all the bytes where the last write ended.
  func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw failure("written")
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Waits until the bytes are on the disk.
  func synchronise() throws {
    guard flushToDisk(descriptor) else { throw failure("written") }
  }

  private func failure(_ verb: String) -> DatasetError {
    DatasetError(.system, "\(path): cannot be \(verb): \(lastSystemMessage()); \(Self.remedy)")
  }
}

/// File operations that report as `DatasetError`.
enum FileSystem {
  /// Creates the folder and those above it.
  static func createFolder(_ path: String) throws {
    do {
      try makeFolder(path)
    } catch let error as FileError {
      throw DatasetError(.system, error.description)
    }
  }

  /// Gives the file its final name in one step, replacing any file of that name.
  static func move(_ source: String, to target: String) throws {
    guard rename(source, target) == 0 else {
      throw DatasetError(.system, "\(target): cannot be moved into place: \(lastSystemMessage())")
    }
  }

  /// Removes the file or folder if it exists.
  static func remove(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
  }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  static func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && !isFolder.boolValue
  }
}
