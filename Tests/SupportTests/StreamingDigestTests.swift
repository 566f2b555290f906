import Support
import Testing

@Suite("Digests")
struct StreamingDigestTests {
  @Test("SHA-256 and MD5 of the published examples")
  func knownAnswers() {
    // FIPS 180-2 and RFC 1321.
    #expect(
      StreamingDigest.sha256("abc")
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      StreamingDigest.sha256("")
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    var digest = StreamingDigest(.md5)
    digest.update("abc")
    #expect(digest.hexadecimal == "900150983cd24fb0d6963f7d28e17f72")
  }

  @Test("pieces give the digest of the whole, and a copy continues by itself")
  func pieces() {
    var first = StreamingDigest()
    first.update("a")
    var second = first
    first.update("bc")
    #expect(first.hexadecimal == StreamingDigest.sha256("abc"))
    // Reading a digest does not end it.
    #expect(first.hexadecimal == StreamingDigest.sha256("abc"))
    second.update("x")
    #expect(second.hexadecimal == StreamingDigest.sha256("ax"))
  }
}
