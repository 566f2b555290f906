import Foundation

/// Waits until what was written to a file is on the disk, so that it survives a power failure.
/// - Returns: whether the system says so; otherwise `errno` says why not.
public func flushToDisk(_ descriptor: Int32) -> Bool {
  #if canImport(Darwin)
    // There, fsync leaves it in the drive's cache; some file systems support only fsync.
    if fcntl(descriptor, F_FULLFSYNC) == 0 { return true }
  #endif
  return fsync(descriptor) == 0
}
