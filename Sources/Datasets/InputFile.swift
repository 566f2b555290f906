import Foundation

/// A regular file open for reading from its beginning.
final class InputFile {
  let path: String
  /// The file's size in bytes when it was opened.
  let byteCount: Int
  private let descriptor: Int32

  /// Throws `DatasetError` (system) if `path` is not a readable regular file.
  init(path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw DatasetError(
        .system, "\(path): cannot be opened: \(lastSystemMessage()); it must be readable")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw DatasetError(.system, "\(path): not a regular file; move it out of the way")
    }
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Reads the next bytes and returns how many; 0 at the end of the file.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      if errno != EINTR {
        throw DatasetError(
          .system, "\(path): cannot be read: \(lastSystemMessage()); check the disk")
      }
    }
  }

  /// Up to `count` bytes at `offset`, wherever reading is.
  func bytes(at offset: Int, count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
      initialised = max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset)))
    }
  }
}

/// The system's words for the last failed call.
func lastSystemMessage() -> String { String(cString: strerror(errno)) }
