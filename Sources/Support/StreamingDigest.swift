#if canImport(CryptoKit)
  import CryptoKit
#else
  import CCrypto
#endif

/// A cryptographic digest of bytes that come in pieces, by the system's library (libcrypto on Linux,
/// CryptoKit on Apple systems).
///
/// A value: a copy continues independently, and `hexadecimal` may be read at any time.
public struct StreamingDigest {
  /// The algorithms in use.
  public enum Algorithm: Sendable {
    /// SHA-256, for everything that is ours.
    case sha256
    /// MD5, for archives whose publisher lists nothing stronger.
    case md5
  }

  private var context: Context

  /// A digest of no bytes yet.
  public init(_ algorithm: Algorithm = .sha256) { context = Context(algorithm) }

  /// Takes the next bytes.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    if !isKnownUniquelyReferenced(&context) { context = Context(copying: context) }
    context.update(bytes)
  }

  /// Takes the bytes of a text in UTF-8.
  public mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  /// The digest of the bytes so far.
  public var bytes: [UInt8] { Context(copying: context).finish() }

  /// The digest of the bytes so far, in lower-case hexadecimal digits.
  public var hexadecimal: String { Support.hexadecimal(bytes) }

  /// The SHA-256 of a text in UTF-8, in lower-case hexadecimal digits.
  public static func sha256(_ text: String) -> String {
    var digest = StreamingDigest()
    digest.update(text)
    return digest.hexadecimal
  }
}

#if canImport(CryptoKit)
  private final class Context {
    private var function: any HashFunction

    init(_ algorithm: StreamingDigest.Algorithm) {
      switch algorithm {
      case .sha256: function = SHA256()
      case .md5: function = Insecure.MD5()
      }
    }

    init(copying other: Context) { function = other.function }

    func update(_ bytes: UnsafeRawBufferPointer) { function.update(bufferPointer: bytes) }

    func finish() -> [UInt8] {
      func finish(_ function: some HashFunction) -> [UInt8] { Array(function.finalize()) }
      return finish(function)
    }
  }
#else
  private final class Context {
    private let handle: OpaquePointer

    init(_ algorithm: StreamingDigest.Algorithm) {
      handle = Self.newHandle()
      let function =
        switch algorithm {
        case .sha256: EVP_sha256()
        case .md5: EVP_md5()
        }
      Self.check(EVP_DigestInit_ex(handle, function, nil))
    }

    init(copying other: Context) {
      handle = Self.newHandle()
      Self.check(EVP_MD_CTX_copy_ex(handle, other.handle))
    }

    deinit { EVP_MD_CTX_free(handle) }

    func update(_ bytes: UnsafeRawBufferPointer) {
      Self.check(EVP_DigestUpdate(handle, bytes.baseAddress, bytes.count))
    }

    func finish() -> [UInt8] {
      var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
      var count: UInt32 = 0
      Self.check(EVP_DigestFinal_ex(handle, &digest, &count))
      return Array(digest.prefix(Int(count)))
    }

    private static func newHandle() -> OpaquePointer {
      guard let handle = EVP_MD_CTX_new() else { preconditionFailure("libcrypto: no memory") }
      return handle
    }

    /// These fail only if the library was built without the algorithm.
    private static func check(_ status: Int32) {
      precondition(status == 1, "libcrypto: the digest is not available")
    }
  }
#endif
