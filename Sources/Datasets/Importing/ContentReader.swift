import CZlib
import Support

/// Reads the uncompressed bytes of a plain or gzip (".gz") file in order, and digests them.
///
/// The number of bytes is known before the first one is read: from the file's size, or from the
/// length that gzip stores at the end. That is checked against what the compressed bytes can hold
/// before anything is allocated, and against what they do hold while reading.
final class ContentReader {
  let path: String
  /// Uncompressed bytes in the file; of a gzip file with several members (`cat a.gz b.gz`) those of the last
  /// one, until `holds(_:)` has counted.
  private(set) var byteCount: Int
  private let remedy: String
  private let file: InputFile
  private let inflater: GzipInflater?
  private var delivered = 0
  private var hash = StreamingDigest()

  /// `remedy` says how to fix a damaged file and ends every error line.
  init(path: String, remedy: String) throws {
    self.path = path
    self.remedy = remedy
    file = try InputFile(path: path)
    if path.hasSuffix(".gz") {
      let inflater = try GzipInflater(file: file, remedy: remedy)
      self.inflater = inflater
      byteCount = inflater.statedByteCount
    } else {
      inflater = nil
      byteCount = file.byteCount
    }
  }

  /// Whether the file has so many uncompressed bytes. If gzip's own length says otherwise, they are counted: it is
  /// that of the last member only.
  func holds(_ expected: Int) throws -> Bool {
    if byteCount != expected, inflater != nil {
      byteCount = try Self.contentByteCount(path, remedy: remedy, atMost: expected)
    }
    return byteCount == expected
  }

  /// Whether the file has at least so many uncompressed bytes.
  func reaches(_ count: Int) throws -> Bool {
    guard byteCount < count, inflater != nil else { return byteCount >= count }
    return try Self.contentByteCount(path, remedy: remedy, atMost: count) >= count
  }

  /// Uncompressed bytes of a gzip file, counted up to one more than `most`.
  private static func contentByteCount(_ path: String, remedy: String, atMost most: Int) throws
    -> Int
  {
    let reader = try ContentReader(path: path, remedy: remedy)
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { piece.deallocate() }
    var count = 0
    while count <= most {
      let next = try reader.inflater?.read(into: piece) ?? 0
      if next == 0 { break }
      count += next
    }
    return count
  }

  /// Fills `buffer` with the next bytes.
  ///
  /// Throws `DatasetError` (malformed) if the file ends before.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws {
    // In pieces that stay in the cache between reading and digesting.
    var rest = buffer
    while !rest.isEmpty {
      let piece = UnsafeMutableRawBufferPointer(rebasing: rest.prefix(1 << 18))
      let count = try inflater?.read(into: piece) ?? file.read(into: piece)
      guard count > 0 else {
        throw DatasetError(
          .malformed,
          "\(path): ends after \(delivered) bytes, expected \(byteCount); \(remedy)")
      }
      hash.update(UnsafeRawBufferPointer(rebasing: piece.prefix(count)))
      delivered += count
      rest = UnsafeMutableRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }

  /// The next `count` bytes, for headers.
  func read(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try read(into: $0) }
    return bytes
  }

  /// Checks that all was read and nothing follows, and returns the SHA-256 of the uncompressed
  /// bytes.
  func finish() throws -> String {
    let more = try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { byte in
      try inflater?.read(into: byte) ?? file.read(into: byte)
    }
    guard more == 0 else {
      throw DatasetError(
        .malformed, "\(path): has more than the expected \(delivered) bytes; \(remedy)")
    }
    return hash.hexadecimal
  }

  /// The SHA-256 of a file's uncompressed bytes; memory does not grow with the file.
  static func sha256(ofContent path: String, remedy: String) throws -> String {
    let reader = try ContentReader(path: path, remedy: remedy)
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { piece.deallocate() }
    // To the end, whatever length gzip states.
    while true {
      let count = try reader.inflater?.read(into: piece) ?? reader.file.read(into: piece)
      if count == 0 { break }
      reader.hash.update(UnsafeRawBufferPointer(rebasing: piece.prefix(count)))
      reader.delivered += count
    }
    return try reader.finish()
  }
}

/// Decompresses one gzip file, RFC 1952: one member or several, with nothing behind them.
private final class GzipInflater {
  /// The uncompressed length that the last four bytes of the file state.
  let statedByteCount: Int
  private let file: InputFile
  private let remedy: String
  // zlib keeps the address of the stream, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  private var isAtEnd = false
  private var isFirstMember = true

  init(file: InputFile, remedy: String) throws {
    self.file = file
    self.remedy = remedy
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let stated = file.bytes(at: file.byteCount - 4, count: 4).reversed().reduce(0) {
      $0 << 8 | Int($1)
    }
    statedByteCount = stated
    // The smallest gzip file: a header of 10 bytes, 2 of data and a trailer of 8.
    guard file.byteCount >= 20 else {
      throw DatasetError(
        .malformed, "\(file.path): has \(file.byteCount) bytes, too few for gzip; \(remedy)")
    }
    let magic = file.bytes(at: 0, count: 2)
    guard magic == [0x1f, 0x8b] else {
      throw DatasetError(
        .malformed,
        "\(file.path): begins with \(spelled(magic)), expected 1f 8b (gzip); \(remedy)")
    }
    guard czlib_inflate_init_gzip(stream) == Z_OK else {
      throw DatasetError(.system, "\(file.path): zlib cannot start; is the memory full?")
    }
    // Deflate packs at most 1032 bytes into one, so a larger promise is false.
    guard stated / 1032 <= file.byteCount else {
      throw DatasetError(
        .malformed,
        "\(file.path): claims \(stated) bytes, more than its \(file.byteCount) bytes of gzip can "
          + "hold; \(remedy)")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deinitialize(count: 1)
    stream.deallocate()
    input.deallocate()
  }

  /// Decompresses the next bytes and returns how many; 0 at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard !isAtEnd, !buffer.isEmpty else { return 0 }
    stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = uInt(buffer.count)
    while stream.pointee.avail_out > 0 {
      if stream.pointee.avail_in == 0 {
        let count = try file.read(into: input)
        guard count > 0 else {
          throw damage(
            isFirstMember || stream.pointee.total_out > 0
              ? "ends in the middle of its gzip data" : "has bytes after the end of its gzip data")
        }
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = uInt(count)
      }
      let status = inflate(stream, Z_NO_FLUSH)
      if status == Z_STREAM_END {
        if try refill() == 0 {
          isAtEnd = true
          break
        }
        isFirstMember = false
        guard inflateReset(stream) == Z_OK else { throw damage("zlib cannot go on with it") }
        continue
      }
      guard status == Z_OK else {
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
        throw damage(
          isFirstMember || stream.pointee.total_out > 0
            ? "its gzip data is damaged (\(reason))" : "has bytes after the end of its gzip data")
      }
    }
    return buffer.count - Int(stream.pointee.avail_out)
  }

  /// The compressed bytes that are there, after reading more where there are none.
  private func refill() throws -> Int {
    if stream.pointee.avail_in == 0 {
      let count = try file.read(into: input)
      stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_in = uInt(count)
    }
    return Int(stream.pointee.avail_in)
  }

  private func damage(_ finding: String) -> DatasetError {
    DatasetError(.malformed, "\(file.path): \(finding); \(remedy)")
  }
}
