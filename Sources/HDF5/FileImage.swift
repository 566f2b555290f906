import CHDF5
import Foundation

/// The bytes of a file that libhdf5 writes in memory and never to a disk.
///
/// A failure to write, as on a full disk, leaves libhdf5 1.10 with a file that it can neither close nor
/// forget, and ends the process. Bytes in memory can be written by other means.
final class FileImage {
  private let image: UnsafeMutablePointer<chdf5_image>

  private init() {
    image = .allocate(capacity: 1)
    image.initialize(to: chdf5_image(bytes: nil))
  }

  deinit {
    free(image.pointee.bytes)
    image.deallocate()
  }

  /// Fills a file with `fill`, closes it and calls `body` with its bytes as they would be on a disk.
  ///
  /// - Parameters:
  ///   - name: The file's name in error lines.
  ///   - identity: A unique path, by which libhdf5 distinguishes files; nothing is created there.
  ///   - userBlock: Bytes to leave free ahead of it: 0 or a power of two from 512 on.
  static func make<Result>(
    reportedAs name: String, identity: String, userBlock: Int, fill: (HDF5File) throws -> Void,
    body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    let image = FileImage()
    // The driver hands the bytes over when the file is closed, whatever happens in between.
    return try withExtendedLifetime(image) {
      let file = try image.createFile(name, identity, userBlock)
      let most: Int
      do {
        try fill(file)
        try file.flush()
        most = try file.byteCount()
        try file.close()
      } catch {
        try? file.close()
        throw error
      }
      let bytes = UnsafeRawBufferPointer(start: image.image.pointee.bytes, count: most)
      guard bytes.baseAddress != nil,
        let count = lengthAfterClosing(bytes.dropFirst(userBlock)), count <= most
      else { throw HDF5Error(file: name, "cannot find the finished file in memory") }
      return try body(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    }
  }

  /// Closing gives unused space at the end of a file back, which the driver for memory leaves there.
  /// How long the file is then, user block included, stands in its superblock (version 2, which the
  /// library's 1.8 format writes): signature 8, version 1, sizes 2, flags 1, base 8, extension 8 and
  /// the end's address 8 bytes.
  private static func lengthAfterClosing(_ file: Slice<UnsafeRawBufferPointer>) -> Int? {
    let superblock = Array(file.prefix(36))
    guard superblock.count == 36, superblock[8] == 2, superblock[9] == 8 else { return nil }
    return Int(exactly: superblock[28...].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  private func createFile(_ name: String, _ identity: String, _ userBlock: Int) throws -> HDF5File {
    try withLibrary {
      let failure = "cannot create the file in memory"
      let creation = try checkStatus(
        H5Pcreate(chdf5_file_create_class()), failure, file: name, object: nil)
      defer { H5Pclose(creation) }
      try checkStatus(chdf5_prepare_group(creation), failure, file: name, object: nil)
      try checkStatus(
        H5Pset_userblock(creation, hsize_t(userBlock)), failure, file: name, object: nil)
      return try HDF5File.open(reportedAs: name, failure: failure) { access in
        guard chdf5_keep_image(access, image) >= 0, chdf5_set_memory_driver(access) >= 0 else {
          return -1
        }
        return H5Fcreate(identity, chdf5_truncate(), creation, access)
      }
    }
  }
}

extension HDF5File {
  /// The length of an open file in which everything has been flushed; closing may shorten it.
  fileprivate func byteCount() throws -> Int {
    try file.use {
      var size: hsize_t = 0
      try check(H5Fget_filesize(file.identifier, &size), "cannot determine the file's length")
      return Int(size)
    }
  }
}
