import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct FetcherTests {
  /// A published file of random-looking bytes that two network buffers do not hold.
  private let content: [UInt8]
  private let compressed: [UInt8]
  private let entry: DatasetDescription

  init() throws {
    var state: UInt32 = 1
    content = (0..<300_000).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(truncatingIfNeeded: state >> 24)
    }
    compressed = try gzip(content)
    let (sha256, gzipSHA256) = try withTemporaryFolder { [content, compressed] folder in
      try write(content, to: "\(folder)/content")
      try write(compressed, to: "\(folder)/compressed")
      return (
        try FileDigest.sha256(ofFile: "\(folder)/content"),
        try FileDigest.sha256(ofFile: "\(folder)/compressed")
      )
    }
    entry = DatasetDescription(
      name: "sample", title: "Sample", folder: "sample", classNames: ["a", "b"], channels: 3,
      height: 32, width: 32, layout: .records(labelByteCount: 1),
      splits: [
        PublishedSplit(
          "train", imageCount: 1,
          files: [PublishedFile("sample.bin", sha256: sha256, gzipSHA256: gzipSHA256)])
      ],
      source: .files(baseAddress: "http://127.0.0.1:9/unused/"), citation: "")
  }

  /// Fetches `entry` from a server with these answers; returns the error line with the server's
  /// address and the folder cut out, or nil.
  private func fetch(
    from server: LocalServer, into folder: String,
    progress: @escaping @Sendable (Fetcher.Progress) -> Void = { _ in }
  ) async throws -> DatasetError? {
    do {
      try await Fetcher(folder: folder, mirror: server.address, progress: progress).fetch(entry)
      return nil
    } catch let error as DatasetError {
      return DatasetError(
        error.kind,
        error.description.replacing(server.address, with: "SERVER/").replacing(folder, with: "DIR"))
    }
  }

  private func withServer(
    _ answer: @escaping @Sendable (LocalServer.Request, Int) -> LocalServer.Response,
    _ body: (LocalServer, String) async throws -> Void
  ) async throws {
    let server = try LocalServer(answer)
    defer { server.stop() }
    try await withTemporaryFolder { folder in try await body(server, folder) }
  }

  private func part(in folder: String) -> String { "\(folder)/sample/sample.bin.gz.part" }

  /// Fetches and expects no error, and shows it if there is one.
  private func expectFetched(from server: LocalServer, into folder: String) async throws {
    let error = try await fetch(from: server, into: folder)
    #expect(error == nil)
  }

  /// That the whole file and nothing else is in the folder.
  private func expectWhole(in folder: String) throws {
    #expect(try names(in: "\(folder)/sample") == ["sample.bin.gz"])
    #expect(try read("\(folder)/sample/sample.bin.gz") == compressed)
  }

  @Test func freshDownload() async throws {
    try await withServer({ [compressed] request, _ in .file(compressed, request) }) {
      server, folder in
      let log = ProgressLog()
      #expect(try await fetch(from: server, into: folder) { log.append($0) } == nil)
      try expectWhole(in: folder)
      #expect(server.requests == [.init(path: "/sample.bin.gz", rangeStart: nil)])
      let size = compressed.count
      #expect(
        log.entries.first == .downloading(file: "sample.bin.gz", received: 0, total: size))
      #expect(
        log.entries.suffix(3) == [
          .downloading(file: "sample.bin.gz", received: size, total: size),
          .checking(file: "sample.bin.gz"), .placed(file: "sample.bin.gz"),
        ])
    }
  }

  @Test func aRightFileIsLeftAlone() async throws {
    try await withServer({ _, _ in .init(status: 500) }) { server, folder in
      // Plain or compressed, it is the same content.
      try write(content, to: "\(folder)/sample/sample.bin")
      try await expectFetched(from: server, into: folder)
      #expect(server.requests.isEmpty)
      #expect(try names(in: "\(folder)/sample") == ["sample.bin"])
    }
  }

  @Test func aDamagedFileIsReplaced() async throws {
    try await withServer({ [compressed] request, _ in .file(compressed, request) }) {
      server, folder in
      try write(content.dropLast(), to: "\(folder)/sample/sample.bin")
      try await expectFetched(from: server, into: folder)
      try expectWhole(in: folder)
    }
  }

  @Test func resumesAPart() async throws {
    try await withServer({ [compressed] request, _ in .file(compressed, request) }) {
      server, folder in
      try write(Array(compressed.prefix(100_000)), to: part(in: folder))
      try await expectFetched(from: server, into: folder)
      try expectWhole(in: folder)
      #expect(server.requests == [.init(path: "/sample.bin.gz", rangeStart: 100_000)])
    }
  }

  @Test func startsAgainWhereRangesAreIgnored() async throws {
    try await withServer({ [compressed] _, _ in .init(body: compressed) }) { server, folder in
      try write(Array(repeating: 7, count: 100_000), to: part(in: folder))
      try await expectFetched(from: server, into: folder)
      try expectWhole(in: folder)
      #expect(server.requests.map(\.rangeStart) == [100_000])
    }
  }

  @Test func takesAPartThatIsWholeAlready() async throws {
    try await withServer({ [compressed] request, _ in .file(compressed, request) }) {
      server, folder in
      try write(compressed, to: part(in: folder))
      try await expectFetched(from: server, into: folder)
      try expectWhole(in: folder)
      #expect(server.requests.map(\.rangeStart) == [compressed.count])
    }
  }

  @Test func startsAgainWhenThePartIsTooLong() async throws {
    try await withServer({ [compressed] request, _ in .file(compressed, request) }) {
      server, folder in
      try write(compressed + [0], to: part(in: folder))
      try await expectFetched(from: server, into: folder)
      try expectWhole(in: folder)
      #expect(server.requests.map(\.rangeStart) == [compressed.count + 1, nil])
    }
  }

  @Test func aBrokenConnectionKeepsWhatArrivedAndResumes() async throws {
    let half = compressed.count / 2
    try await withServer({ [compressed] request, number in
      var response = LocalServer.Response.file(compressed, request)
      if number == 0 { response.cutAfter = half }
      return response
    }) { server, folder in
      #expect(
        try await fetch(from: server, into: folder)
          == DatasetError(
            .interrupted,
            "SERVER/sample.bin.gz: the connection broke after \(half) of \(compressed.count) bytes; "
              + "they are kept: run the same command again to resume"))
      #expect(try names(in: "\(folder)/sample") == ["sample.bin.gz.part"])
      #expect(try read(part(in: folder)) == Array(compressed.prefix(half)))
      try await expectFetched(from: server, into: folder)
      try expectWhole(in: folder)
      #expect(server.requests.map(\.rangeStart) == [nil, half])
    }
  }

  @Test func wrongChecksumRemovesTheDownload() async throws {
    let wrong = compressed.dropLast() + [compressed[compressed.count - 1] ^ 1]
    try await withServer({ request, _ in .file(Array(wrong), request) }) { server, folder in
      let expected = try #require(entry.splits[0].files[0].gzipSHA256)
      try write(Array(wrong), to: "\(folder)/wrong")
      let found = try FileDigest.sha256(ofFile: "\(folder)/wrong")
      #expect(
        try await fetch(from: server, into: folder)
          == DatasetError(
            .checksum,
            "sample.bin.gz: the download has SHA-256 \(found), expected \(expected); it was removed. "
              + "Run the same command again, or give another address with --mirror"))
      #expect(try names(in: "\(folder)/sample") == [])
    }
  }

  @Test(arguments: [404, 403, 500, 401])
  func errorStatus(status: Int) async throws {
    let headers = status == 401 ? ["WWW-Authenticate": "Basic realm=\"x\""] : [:]
    try await withServer({ _, _ in
      .init(status: status, headers: headers, body: Array("sorry".utf8))
    }) {
      server, folder in
      let error = try await fetch(from: server, into: folder)
      #expect(
        error
          == DatasetError(
            .network,
            "SERVER/sample.bin.gz: HTTP status \(status), expected 200; the address may have moved: "
              + "give another one with --mirror"))
      #expect(try names(in: "\(folder)/sample") == [])
    }
  }

  @Test func moreBytesThanPublishedAreNotKept() async throws {
    let many = [UInt8](repeating: 7, count: 3 << 20)
    try await withServer({ _, _ in .init(body: many) }) { server, folder in
      let error = try await fetch(from: server, into: folder)
      #expect(error?.kind == .network)
      #expect(
        error?.description.hasPrefix(
          "SERVER/sample.bin.gz: sends \(many.count) bytes, expected at most ") == true)
      #expect(try names(in: "\(folder)/sample") == [])
    }
  }

  @Test func anEncodedTransferIsRefused() async throws {
    try await withServer({ [compressed] _, _ in
      .init(headers: ["Content-Encoding": "gzip"], body: compressed)
    }) { server, folder in
      let error = try await fetch(from: server, into: folder)
      #expect(error?.kind == .network || error?.kind == .interrupted)
      #expect(try names(in: "\(folder)/sample").allSatisfy { $0.hasSuffix(".part") })
    }
  }

  @Test func aLinkInPlaceOfThePartIsNotFollowed() async throws {
    try await withServer({ [compressed] request, _ in .file(compressed, request) }) {
      server, folder in
      let target = "\(folder)/precious"
      try write(Array("precious".utf8), to: target)
      try FileManager.default.createDirectory(
        atPath: "\(folder)/sample", withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: part(in: folder), withDestinationPath: target)
      let error = try await fetch(from: server, into: folder)
      #expect(error != nil)
      #expect(try read(target) == Array("precious".utf8))
      #expect(server.requests.isEmpty)
    }
  }

  @Test func anErrorStatusKeepsThePart() async throws {
    try await withServer({ _, _ in .init(status: 503, body: Array("later".utf8)) }) {
      server, folder in
      try write(Array(compressed.prefix(1000)), to: part(in: folder))
      #expect(try await fetch(from: server, into: folder)?.kind == .network)
      #expect(try read(part(in: folder)) == Array(compressed.prefix(1000)))
    }
  }

  @Test func aRangeThatWasNotAskedForIsRefused() async throws {
    try await withServer({ [compressed] _, _ in
      .init(status: 206, headers: ["Content-Range": "bytes 5-9/10"], body: compressed)
    }) { server, folder in
      try write(Array(compressed.prefix(1000)), to: part(in: folder))
      #expect(
        try await fetch(from: server, into: folder)
          == DatasetError(
            .network,
            "SERVER/sample.bin.gz: sent range \"bytes 5-9/10\", expected bytes from 1000; "
              + "try again, or another address with --mirror"))
      #expect(try read(part(in: folder)) == Array(compressed.prefix(1000)))
    }
  }

  @Test func followsARedirect() async throws {
    try await withServer({ [compressed] request, _ in
      request.path == "/sample.bin.gz"
        ? .init(status: 302, headers: ["Location": "/moved/sample.bin.gz"])
        : .file(compressed, request)
    }) { server, folder in
      try await expectFetched(from: server, into: folder)
      try expectWhole(in: folder)
      #expect(server.requests.map(\.path) == ["/sample.bin.gz", "/moved/sample.bin.gz"])
    }
  }

  @Test func noServer() async throws {
    let server = try LocalServer { _, _ in .init() }
    server.stop()
    try await withTemporaryFolder { folder in
      let error = try await fetch(from: server, into: folder)
      #expect(error?.kind == .network)
      #expect(error?.description.hasPrefix("SERVER/sample.bin.gz: cannot be reached (") == true)
      #expect(
        error?.description.hasSuffix(
          "); check the network, or give another address with --mirror") == true)
      #expect(try names(in: "\(folder)/sample") == [])
    }
  }

  @Test(arguments: ["ftp://example.org", "nonsense", ""])
  func badMirror(address: String) async throws {
    try await withTemporaryFolder { folder in
      await #expect(
        throws: DatasetError(
          .network,
          "\(address)/sample.bin.gz: not an address; expected http://… or https://… in --mirror")
      ) { try await Fetcher(folder: folder, mirror: address).fetch(entry) }
    }
  }

  @Test func aFileInPlaceOfTheFolder() async throws {
    try await withTemporaryFolder { folder in
      try write([1], to: "\(folder)/sample")
      let error = await #expect(throws: DatasetError.self) {
        try await Fetcher(folder: folder).fetch(entry)
      }
      #expect(error?.kind == .system)
      #expect(
        error?.description.hasPrefix("\(folder)/sample: is a file, expected the name of a folder")
          == true)
    }
  }

  @Test func twoFetchesDoNotMixTheirBytes() async throws {
    try await withServer({ [compressed] request, _ in .file(compressed, request) }) {
      server, folder in
      try write(Array(compressed.prefix(1000)), to: part(in: folder))
      let descriptor = open(part(in: folder), O_RDWR)
      defer { close(descriptor) }
      try #require(flock(descriptor, LOCK_EX) == 0)
      let error = try await fetch(from: server, into: folder)
      #expect(
        error
          == DatasetError(
            .refused,
            "DIR/sample/sample.bin.gz.part: another process is writing it; wait until it has finished"
          ))
      #expect(server.requests.isEmpty)
    }
  }

  @Test func refusesASyntheticFolder() async throws {
    try await withTemporaryFolder { folder in
      try Synthesizer.synthesize("mnist", into: folder, samplesPerClass: 2)
      await #expect(
        throws: DatasetError(
          .refused,
          "\(folder)/mnist: contains synthetic files, expected published ones or none; remove the folder "
            + "or give another one with --datasets")
      ) { try await Fetcher(folder: folder).fetch("mnist") }
    }
  }
}

/// A progress callback's record.
final class ProgressLog: @unchecked Sendable {
  private let lock = NSLock()
  private var log: [Fetcher.Progress] = []

  var entries: [Fetcher.Progress] { lock.withLock { log } }

  func append(_ progress: Fetcher.Progress) {
    lock.withLock { log.append(progress) }
  }
}
