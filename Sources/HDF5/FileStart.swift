import Foundation

/// What the first bytes of a file say about it.
struct FileStart {
  /// Whether the signature of HDF5 is where libhdf5 looks for it.
  let isHDF5: Bool
  /// Whether a seal comes before it.
  let isSealed: Bool

  private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
  /// The signature is at byte 0, 512, 1024, …; no program leaves more room before it than this.
  private static let last = 1 << 20

  /// Reads them. A pipe, a device or a folder is never opened: opening may wait for ever.
  ///
  /// - Throws: `HDF5Error` if the file is missing, no regular file or not readable.
  init(of path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw errno == ENOENT
        ? HDF5Error(file: path, "found no such file; expected an HDF5 file")
        : HDF5Error(file: path, "cannot open the file (\(systemErrorText()))")
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw HDF5Error(file: path, "found a folder; expected an HDF5 file")
    default:
      throw HDF5Error(file: path, "found a pipe, socket or device; expected an HDF5 file")
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw errno == EACCES
        ? HDF5Error(file: path, "cannot open the file: no permission to read it")
        : HDF5Error(file: path, "cannot open the file (\(systemErrorText()))")
    }
    defer { close(descriptor) }
    func bytes(_ count: Int, at offset: Int) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: count)
      let found = pread(descriptor, &bytes, count, off_t(offset))
      return found == count ? bytes : []
    }
    // Any part of a seal is one: where its mark is damaged, the rest must not be opened unchecked.
    let block = String(decoding: bytes(Seal.byteCount, at: 0), as: UTF8.self)
    isSealed = Seal.words.contains { block.contains($0) }
    var places = [0]
    var place = 512
    while place <= Self.last {
      places.append(place)
      place *= 2
    }
    isHDF5 = places.contains { bytes(Self.signature.count, at: $0) == Self.signature }
  }
}
