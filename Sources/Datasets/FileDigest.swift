import Support

/// Digests of whole files, read in pieces: memory does not grow with the file.
public enum FileDigest {
  /// The SHA-256 of the file's bytes, as 64 lower-case hexadecimal digits.
  ///
  /// Throws `DatasetError` (system) if the file cannot be read.
  public static func sha256(ofFile path: String) throws -> String {
    try digest(.sha256, ofFile: path)
  }

  /// The MD5 of the file's bytes, as 32 lower-case hexadecimal digits. Only for archives whose
  /// publisher lists nothing stronger.
  ///
  /// Throws `DatasetError` (system) if the file cannot be read.
  public static func md5(ofFile path: String) throws -> String {
    try digest(.md5, ofFile: path)
  }

  private static func digest(
    _ algorithm: StreamingDigest.Algorithm, ofFile path: String
  ) throws -> String {
    let file = try InputFile(path: path)
    var hash = StreamingDigest(algorithm)
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { piece.deallocate() }
    while true {
      let count = try file.read(into: piece)
      if count == 0 { return hash.hexadecimal }
      hash.update(UnsafeRawBufferPointer(rebasing: piece[..<count]))
    }
  }
}
