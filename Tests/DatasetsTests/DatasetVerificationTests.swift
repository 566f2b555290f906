import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct DatasetVerificationTests {
  private func outcomes(_ name: String, in folder: String) throws
    -> [DatasetVerification.Finding.Outcome]
  {
    try DatasetVerification(of: name, in: folder).findings.map(\.outcome)
  }

  @Test func wrongDigests() throws {
    try withTemporaryFolder { folder in
      try OfficialFiles.writeMNIST(in: folder)
      let verification = try DatasetVerification(of: "mnist", in: folder)
      #expect(!verification.isGood)
      let found = try FileDigest.sha256(ofFile: "\(folder)/mnist/t10k-labels-idx1-ubyte")
      let expected = "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
      let last = try #require(verification.findings.last)
      #expect(last.file == "t10k-labels-idx1-ubyte")
      #expect(last.split == "test")
      #expect(last.outcome == .differs(found: found, expected: expected))
      #expect("\(last.outcome)" == "SHA-256 \(found), expected \(expected)")
    }
  }

  @Test func onlyTheDamagedFileIsBlamed() throws {
    try withTemporaryFolder { folder in
      try OfficialFiles.writeMNIST(in: folder)
      let images = "\(folder)/mnist/t10k-images-idx3-ubyte"
      try write([0, 0, 8, 1], to: "\(folder)/mnist/t10k-labels-idx1-ubyte")
      #expect(
        try outcomes("mnist", in: folder).suffix(2) == [
          .differs(
            found: FileDigest.sha256(ofFile: images),
            expected: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
          .damaged(
            "\(folder)/mnist/t10k-labels-idx1-ubyte: has 4 bytes, expected at least the 8 of its "
              + "IDX header; fetch it with `pfedla datasets fetch mnist`"),
        ])
    }
  }

  @Test func aFileWithoutAKnownDigestIsImported() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/cifar-100-binary/train.bin"
      try write([0, 1] + OfficialFiles.colourImage(base: 0), to: path)
      #expect(try outcomes("cifar100", in: folder) == [.noKnownDigest, .absent])
      #expect(try DatasetVerification(of: "cifar100", in: folder).isGood)
      try write([0, 100] + OfficialFiles.colourImage(base: 0), to: path)
      #expect(
        try outcomes("cifar100", in: folder) == [
          .damaged(
            "\(path): label 100 at position 0, expected 0...99; "
              + "fetch it with `pfedla datasets fetch cifar100`"), .absent,
        ])
      #expect(try !DatasetVerification(of: "cifar100", in: folder).isGood)
    }
  }

  @Test func anAbsentDatasetAndAHalfSplitAreNotGood() throws {
    try withTemporaryFolder { folder in
      #expect(try outcomes("emnist-letters", in: folder).allSatisfy { $0 == .absent })
      #expect(try !DatasetVerification(of: "emnist-letters", in: folder).isGood)
      try write(
        OfficialFiles.idx([1], [1]), to: "\(folder)/emnist/emnist-letters-test-labels-idx1-ubyte")
      #expect(
        try outcomes("emnist-letters", in: folder) == [.absent, .absent, .absent, .splitIncomplete])
      #expect(try !DatasetVerification(of: "emnist-letters", in: folder).isGood)
    }
  }
}
