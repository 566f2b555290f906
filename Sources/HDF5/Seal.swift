import Foundation
import Support

/// A block of text ahead of an HDF5 file with the length and the SHA-256 of everything after it.
///
/// libhdf5 1.10 may end the process where it opens a damaged file, so damage has to be noticed before.
/// HDF5 calls it a user block; every reader skips it.
struct Seal {
  /// The smallest user block that HDF5 knows.
  static let byteCount = 512
  /// How every seal begins.
  static let mark = Array("sealed HDF5\n".utf8)

  /// The words of a seal.
  static let words = ["sealed HDF5\n", "\nbytes ", "\nsha256 "]

  private var hash = StreamingDigest()
  private var length = 0

  /// Takes the next bytes after the block.
  mutating func enter(_ bytes: UnsafeRawBufferPointer) {
    hash.update(bytes)
    length += bytes.count
  }

  /// What the block has to be, by the bytes entered.
  var block: [UInt8] {
    let text = Self.mark + Array("bytes \(length)\nsha256 \(hash.hexadecimal)\n".utf8)
    return text + [UInt8](repeating: 0, count: Self.byteCount - text.count)
  }
}

extension HDF5File {
  /// A file's bytes with a new seal, for tests of what a seal does not keep out.
  package static func sealed(_ contents: [UInt8]) -> [UInt8] {
    var seal = Seal()
    contents.withUnsafeBytes { seal.enter($0) }
    return seal.block + contents
  }

  /// Checks a file that was written sealed (`writeAtomically`) without opening it as HDF5.
  ///
  /// - Throws: `HDF5Error` if it cannot be read, was not sealed, or a single bit of it differs.
  public static func checkSeal(of path: String) throws { try readAgainstSeal(path) }
}

private func readAgainstSeal(_ path: String) throws {
  func failure(_ verb: String) -> HDF5Error {
    HDF5Error(file: path, "cannot \(verb) the file (\(systemErrorText()))")
  }
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw failure("open") }
  defer { close(descriptor) }
  let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
  defer { piece.deallocate() }
  var found: [UInt8] = []
  var seal = Seal()
  while true {
    let count = read(descriptor, piece.baseAddress, piece.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { throw failure("read") }
    if count == 0 { break }
    let bytes = UnsafeRawBufferPointer(rebasing: piece[..<count])
    let missing = min(Seal.byteCount - found.count, count)
    found += bytes[..<missing]
    seal.enter(UnsafeRawBufferPointer(rebasing: bytes[missing...]))
  }
  // The whole block, byte for byte: there is nothing in it to trust or to parse.
  guard found == seal.block else {
    throw HDF5Error(
      file: path, "damaged, truncated or changed: its bytes do not match its checksum")
  }
}
