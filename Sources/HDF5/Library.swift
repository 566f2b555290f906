import CHDF5
import Foundation

/// libhdf5 is not thread safe unless built so (Debian's is, Homebrew's is not, the high-level part with
/// dimension scales never is): every call in this module is made holding this lock.
/// Recursive, because an object may be released, and so closed, inside a locked region.
private let libraryLock = NSRecursiveLock()

/// No file makes libhdf5 load a filter from another library; set once.
private let pluginsAreForbidden: Bool = chdf5_forbid_plugins() >= 0

/// Runs `body` as the only user of libhdf5 in this process, with its error printing off.
package func withLibrary<Result>(_ body: () throws -> Result) rethrows -> Result {
  libraryLock.lock()
  defer { libraryLock.unlock() }
  chdf5_silence()
  _ = pluginsAreForbidden
  return try body()
}

/// The innermost message of libhdf5's error stack, or nil. Call it right after the failure.
func innermostMessage() -> String? {
  let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer -> String in
    guard let start = buffer.baseAddress else { return "" }
    chdf5_innermost_message(start, buffer.count)
    return String(cString: start)
  }
  return text.isEmpty ? nil : text
}

/// A file known to libhdf5. Its objects hold on to it, so it outlives them unless closed explicitly.
final class OpenFile {
  let path: String
  let identifier: hid_t
  private(set) var isOpen = true

  init(path: String, identifier: hid_t) {
    self.path = path
    self.identifier = identifier
  }

  deinit { try? close() }

  /// Closes the file with all objects in it (the close degree is strong). Idempotent.
  func close() throws {
    try withLibrary {
      guard isOpen else { return }
      isOpen = false
      try check(H5Fclose(identifier), "cannot close the file", object: nil)
    }
  }

  /// Runs `body` holding the lock; throws if the file has been closed.
  func use<Result>(_ body: () throws -> Result) throws -> Result {
    try withLibrary {
      guard isOpen else {
        throw HDF5Error(file: path, "the file is already closed")
      }
      return try body()
    }
  }

  @discardableResult
  func check<Status: SignedInteger>(
    _ status: Status, _ failure: @autoclosure () -> String, object: String?
  ) throws -> Status {
    try checkStatus(status, failure(), file: path, object: object)
  }
}

/// Passes a result of libhdf5 on, or throws if it is negative: `failure`, and libhdf5's reason.
@discardableResult
func checkStatus<Status: SignedInteger>(
  _ status: Status, _ failure: @autoclosure () -> String, file: String, object: String?
) throws -> Status {
  guard status < 0 else { return status }
  let reason = innermostMessage().map { " (libhdf5: \($0))" } ?? ""
  throw HDF5Error(file: file, object: object, failure() + reason)
}
