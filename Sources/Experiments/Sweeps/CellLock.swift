import Foundation

/// Keeps two processes from doing the same cell: an advisory lock on a file beside it, held by the
/// kernel for as long as the process lives. A killed process leaves no lock behind, so there are no
/// stale ones to guess at; the file system must support `flock`, on one machine or over NFS.
package final class CellLock {
  private let path: String
  private let descriptor: Int32

  /// A file system without locks, in one line for the user.
  package struct Unsupported: Error, CustomStringConvertible, Equatable {
    package let description: String
  }

  /// Takes the lock; nil if another process holds it. Throws `Unsupported` if the file system cannot lock, and
  /// `SpecificationError` if the file cannot be created.
  /// - Parameter path: the lock's file, which is made if it is missing and names its holder.
  package init?(_ path: String) throws {
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else {
        throw SpecificationError("\(path): cannot be created (\(String(cString: strerror(errno))))")
      }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let code = errno
        close(descriptor)
        if code == EWOULDBLOCK { return nil }
        if code == EINTR { continue }
        // Nothing is locked, so the file means nothing.
        unlink(path)
        throw Unsupported(
          description:
            "\(path): cannot be locked (\(String(cString: strerror(code)))); expected a file "
            + "system with locks; choose another --output")
      }
      // The holder before may have removed the file between opening and locking it.
      var (mine, there) = (stat(), stat())
      if fstat(descriptor, &mine) == 0, stat(path, &there) == 0, mine.st_ino == there.st_ino,
        mine.st_dev == there.st_dev
      {
        self.path = path
        self.descriptor = descriptor
        let holder = "process \(getpid()) on \(ProcessInfo.processInfo.hostName)\n"
        _ = ftruncate(descriptor, 0)
        _ = holder.withCString { pwrite(descriptor, $0, strlen($0), 0) }
        return
      }
      close(descriptor)
    }
  }

  /// Takes the lock as soon as no other process holds it, for work of seconds; nil on a file system without locks.
  /// Throws `SpecificationError` if the file cannot be created.
  package static func waiting(_ path: String) throws -> CellLock? {
    while true {
      do {
        if let lock = try CellLock(path) { return lock }
      } catch is Unsupported {
        return nil
      }
      usleep(100_000)
    }
  }

  /// Whether the file system of a folder has locks; true where that cannot be found out.
  package static func isSupported(in folder: String) -> Bool {
    do {
      _ = try CellLock("\(folder)/probe.lock")
    } catch is Unsupported {
      return false
    } catch {}
    return true
  }

  /// Who holds a lock, as its file says.
  package static func holder(of path: String) -> String {
    let text = FileManager.default.contents(atPath: path).map {
      String(decoding: $0, as: UTF8.self)
    }
    let holder = text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    return holder.isEmpty ? "another process" : holder
  }

  deinit {
    unlink(path)
    close(descriptor)
  }
}
