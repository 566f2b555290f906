import Datasets
import Foundation
import TestSupport
import Testing

/// `published` means that the digests match.
@Suite("Where images come from")
struct DatasetOriginTests {
  private let record: [UInt8] = [1] + OfficialFiles.colourImage(base: 3)

  /// A dataset of one CIFAR-like record.
  private func entry(sha256: String?) -> DatasetDescription {
    DatasetDescription(
      name: "one", title: "One", folder: "one", classNames: ["a", "b"], channels: 3, height: 32,
      width: 32, layout: .records(labelByteCount: 1),
      splits: [
        PublishedSplit("test", imageCount: 1, files: [PublishedFile("one.bin", sha256: sha256)])
      ],
      source: .files(baseAddress: "http://127.0.0.1:9/"), citation: "")
  }

  @Test("one changed pixel is enough for unverified, and the line names file and digests")
  func changedPixel() throws {
    try withTemporaryFolder { folder in
      try write(record, to: "\(folder)/one/one.bin")
      let digest = try FileDigest.sha256(ofFile: "\(folder)/one/one.bin")
      let published = try ImageDataset.load(entry(sha256: digest), from: folder)
      #expect(published.origin == .published && published.doubt == nil)
      #expect(published.markedTitle == "One")

      var changed = record
      changed[100] ^= 1
      try write(changed, to: "\(folder)/one/one.bin")
      let other = try ImageDataset.load(entry(sha256: digest), from: folder)
      #expect(other.origin == .unverified)
      #expect(other.markedTitle == "One (unverified files)")
      #expect(
        other.doubt
          == "one.bin has SHA-256 \(other.files[0].sha256), the published file has \(digest)")
    }
  }

  @Test("without a known digest the files are unverified, and the line says what to do")
  func unknownDigest() throws {
    try withTemporaryFolder { folder in
      try write(record, to: "\(folder)/one/one.bin")
      let dataset = try ImageDataset.load(entry(sha256: nil), from: folder)
      #expect(dataset.origin == .unverified)
      #expect(
        dataset.doubt
          == "no published digest of one.bin is known; `pfedla datasets fetch` checks "
          + "the archive that holds it")
      // A record of what was fetched that does not match is none.
      try write(
        Array("\(String(repeating: "0", count: 64))  one.bin\n".utf8),
        to: "\(folder)/one/fetched.sha256")
      #expect(try ImageDataset.load(entry(sha256: nil), from: folder).origin == .unverified)
      try write(
        Array("\(dataset.files[0].sha256)  one.bin\n".utf8),
        to: "\(folder)/one/fetched.sha256")
      #expect(try ImageDataset.load(entry(sha256: nil), from: folder).origin == .published)
    }
  }

  @Test("drawn images are synthetic, whatever their digests")
  func drawn() throws {
    try withTemporaryFolder { folder in
      try write(record, to: "\(folder)/one/one.bin")
      try write([], to: "\(folder)/one/SYNTHETIC")
      let dataset = try ImageDataset.load(entry(sha256: nil), from: folder)
      #expect(dataset.origin == .synthetic && dataset.doubt == nil)
      #expect(dataset.markedTitle == "One (synthetic data)")
    }
  }
}
