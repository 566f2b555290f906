import Datasets
import Foundation
import TestSupport
import Testing

/// Datasets that come in an archive.
@Suite struct ArchiveFetchTests {
  /// Two datasets in one archive, each with a test file of one CIFAR-like record.
  private func entries(_ archive: PublishedArchive) -> [DatasetDescription] {
    ["one", "two"].map { name in
      DatasetDescription(
        name: name, title: name, folder: "pair", classNames: ["a", "b"], channels: 3, height: 32,
        width: 32, layout: .records(labelByteCount: 1),
        splits: [
          PublishedSplit("test", imageCount: 1, files: [PublishedFile("\(name).bin")])
        ],
        source: .archive(archive), citation: "")
    }
  }

  private let record: [UInt8] = [1] + OfficialFiles.colourImage(base: 3)

  /// Packs pair-folder/one.bin and two.bin and an unwanted file, and describes the archive.
  private func makeArchive(
    _ format: PublishedArchive.Format, in folder: String, md5: String? = nil
  ) throws -> (description: PublishedArchive, bytes: [UInt8]) {
    let suffix = format == .zip ? ".gz" : ""
    for name in ["one.bin", "two.bin", "unwanted.bin"] {
      try write(
        format == .zip ? try gzip(record) : record, to: "\(folder)/pair-folder/\(name)\(suffix)")
    }
    let name = format == .zip ? "pair.zip" : "pair.tar.gz"
    try run(
      format == .zip
        ? ["zip", "-q", "-r", name, "pair-folder"] : ["tar", "-czf", name, "pair-folder"],
      in: folder)
    return (
      PublishedArchive(
        address: "http://127.0.0.1:9/\(name)",
        md5: try md5 ?? FileDigest.md5(ofFile: "\(folder)/\(name)"),
        format: format, memberFolder: "pair-folder/", memberSuffix: suffix),
      try read("\(folder)/\(name)")
    )
  }

  @Test(arguments: [PublishedArchive.Format.tarGzip, .zip])
  func unpacksTheFilesOfAllDatasetsThatShareIt(format: PublishedArchive.Format) async throws {
    try await withTemporaryFolder { work in
      let (archive, bytes) = try makeArchive(format, in: work)
      let server = try LocalServer { request, _ in .file(bytes, request) }
      defer { server.stop() }
      let all = entries(archive)
      let folder = "\(work)/datasets"
      let fetcher = Fetcher(folder: folder, mirror: server.address)
      try await fetcher.fetch(all[0], sharing: all)
      #expect(
        try names(in: "\(folder)/pair")
          == ["fetched.sha256"] + ["one.bin", "two.bin"].map { $0 + archive.memberSuffix })
      for entry in all {
        let dataset = try ImageDataset.load(entry, from: folder)
        #expect(dataset.labels == [1])
        #expect(dataset.pixels == Array(record.dropFirst()))
        // No digest of these files is published, but that of their archive is.
        #expect(dataset.origin == .published && dataset.doubt == nil)
      }
      try await fetcher.fetch(all[1], sharing: all)
      #expect(server.requests.count == 1)
    }
  }

  @Test func aWrongArchiveIsRemoved() async throws {
    try await withTemporaryFolder { work in
      let wrong = String(repeating: "0", count: 32)
      let (archive, bytes) = try makeArchive(.tarGzip, in: work, md5: wrong)
      let server = try LocalServer { request, _ in .file(bytes, request) }
      defer { server.stop() }
      let found = try FileDigest.md5(ofFile: "\(work)/pair.tar.gz")
      await #expect(
        throws: DatasetError(
          .checksum,
          "pair.tar.gz: the download has MD5 \(found), expected \(wrong); it was removed. Run the "
            + "same command again, or give another address with --mirror")
      ) {
        try await Fetcher(folder: "\(work)/datasets", mirror: server.address)
          .fetch(entries(archive)[0])
      }
      #expect(try names(in: "\(work)/datasets/pair") == [])
    }
  }

  @Test func aMissingMemberPutsNothingInPlaceAndKeepsTheArchive() async throws {
    try await withTemporaryFolder { work in
      let (archive, bytes) = try makeArchive(.tarGzip, in: work)
      let server = try LocalServer { request, _ in .file(bytes, request) }
      defer { server.stop() }
      let all = entries(archive)
      let lacking = DatasetDescription(
        name: "three", title: "three", folder: "pair", classNames: ["a", "b"], channels: 3,
        height: 32, width: 32, layout: .records(labelByteCount: 1),
        splits: [
          PublishedSplit(
            "test", imageCount: 2, files: [PublishedFile("one.bin"), PublishedFile("three.bin")])
        ],
        source: .archive(archive), citation: "")
      let fetcher = Fetcher(folder: "\(work)/datasets", mirror: server.address)
      let error = await #expect(throws: DatasetError.self) {
        try await fetcher.fetch(lacking, sharing: all)
      }
      #expect(error?.kind == .system)
      #expect(
        error?.description.hasPrefix(
          "\(work)/datasets/pair/pair.tar.gz: tar failed with status 2: ") == true)
      #expect(try names(in: "\(work)/datasets/pair") == ["pair.tar.gz"])
      // The kept archive is used without a second download.
      try await fetcher.fetch(all[0], sharing: all)
      #expect(server.requests.count == 1)
      #expect(try names(in: "\(work)/datasets/pair") == ["fetched.sha256", "one.bin", "two.bin"])
    }
  }

  @Test(arguments: [(PublishedArchive.Format.tarGzip, "tar"), (.zip, "unzip")])
  func aMissingProgramIsNamed(format: PublishedArchive.Format, program: String) throws {
    try withTemporaryFolder { work in
      let (archive, _) = try makeArchive(format, in: work)
      #expect(
        throws: DatasetError(
          .system,
          "\(work)/archive: the program \(program), which unpacks it, is not on PATH; install it and "
            + "run the same command again (the archive is kept)")
      ) {
        try Unpacking.unpack(
          ["one.bin"], of: archive, at: "\(work)/archive", into: "\(work)/unpacked",
          searchPath: "\(work)/pair-folder:/nonexistent")
      }
    }
  }
}
