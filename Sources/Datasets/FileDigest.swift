import Crypto

/// Digests of whole files, read in pieces: memory does not grow with the file.
public enum FileDigest {
  /// The SHA-256 of the file's bytes, as 64 lower-case hexadecimal digits.
  ///
  /// Throws `DatasetError` (system) if the file cannot be read.
  public static func sha256(ofFile path: String) throws -> String {
    try digest(SHA256(), ofFile: path)
  }

  /// The MD5 of the file's bytes, as 32 lower-case hexadecimal digits. Only for archives whose
  /// publisher lists nothing stronger.
  ///
  /// Throws `DatasetError` (system) if the file cannot be read.
  public static func md5(ofFile path: String) throws -> String {
    try digest(Insecure.MD5(), ofFile: path)
  }

  private static func digest(_ empty: some HashFunction, ofFile path: String) throws -> String {
    let file = try InputFile(path: path)
    var hash = empty
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { piece.deallocate() }
    while true {
      let count = try file.read(into: piece)
      if count == 0 { return hexadecimal(hash.finalize()) }
      hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: piece[..<count]))
    }
  }
}

/// The bytes as lower-case hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}

/// The bytes as hexadecimal numbers with blanks between them, for error lines.
func spelled(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { hexadecimal([$0]) }.joined(separator: " ")
}
