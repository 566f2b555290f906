import Foundation
import HDF5
import Support

/// A digest of all numbers of a result, and of nothing else: it does not depend on how HDF5 lays the
/// arrays out or compresses them, on texts, or on attributes. Two files with equal numbers have equal
/// digests, whichever version of the file format wrote them.
///
/// For every dataset of numbers in the file, in ascending order of its path (by bytes), there is a line
///
///     <SHA-256 of its elements>  <type>  <shape>  <path>
///
/// where the elements are in row-major order and little-endian, the type is float32, float64, int8, int32
/// or int64, and the shape is such as 30,10 (empty for a single value). Every line ends in a newline; the
/// digest is the SHA-256 of all lines.
public struct NumbersDigest: Sendable, Equatable {
  /// An array.
  public struct Array: Sendable, Equatable {
    /// Its path in the file, such as /test_accuracy_received.
    public let path: String
    /// Its line without the newline.
    public let line: String
  }

  /// The arrays in order.
  public let arrays: [Array]

  /// The digests of an open file. Throws `HDF5Error` if an array cannot be read.
  init(_ file: HDF5Group) throws {
    arrays = try file.numericDatasets().map { dataset in
      var digest = StreamingDigest()
      try dataset.forEachPiece { digest.update($0) }
      let shape = dataset.shape.map(String.init).joined(separator: ",")
      let type = try Self.name(dataset.storedElementType())
      return Array(
        path: dataset.path, line: "\(digest.hexadecimal)  \(type)  \(shape)  \(dataset.path)")
    }.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  }

  /// The lines of all arrays.
  public var lines: String { arrays.map { $0.line + "\n" }.joined() }

  /// The digest over all arrays, 64 hexadecimal digits.
  public var sha256: String { StreamingDigest.sha256(lines) }

  private static func name(_ type: HDF5ElementType?) -> String {
    switch type {
    case .float32: "float32"
    case .float64: "float64"
    case .int8, .bool: "int8"
    case .int32: "int32"
    case .int64: "int64"
    case .string, nil: "unknown"
    }
  }
}

/// A result file's numbers compared with the digest that it records.
public struct ResultVerification: Sendable {
  /// The file.
  public let path: String
  /// Whether all its bytes have a checksum, which was checked.
  public let isSealed: Bool
  /// The digest recorded in the file; nil in files of schema version 1, which have none.
  public let recorded: String?
  /// The digest of the numbers now.
  public let computed: NumbersDigest
  /// The lines of arrays as they were written, by path; empty in files of schema version 1.
  private let recordedLines: [String: String]

  /// Reads the file and computes its digest. Throws `HDF5Error` or `SpecificationError` if it is damaged or
  /// no result.
  public init(path: String) throws {
    self.path = path
    let file = try HDF5File.openForReading(path)
    defer { try? file.close() }
    try ResultFile.requireResult(file, path)
    isSealed = file.isSealed
    recorded =
      try file.hasAttribute(ResultFile.numbersAttribute)
      ? file.attribute(ResultFile.numbersAttribute) : nil
    computed = try NumbersDigest(file)
    let text: String =
      try file.exists(ResultFile.numbersDataset) ? file.readValue(ResultFile.numbersDataset) : ""
    recordedLines = Dictionary(
      text.split(separator: "\n").map { line in
        (line.components(separatedBy: "  ").last ?? "", String(line))
      }, uniquingKeysWith: { first, _ in first })
  }

  /// Whether the numbers are those that were written.
  public var isGood: Bool { recorded == computed.sha256 }

  /// Throws `SpecificationError` if the numbers are not those that were written. Without a recorded digest
  /// there is nothing to compare.
  public func requireUnchanged() throws {
    guard let recorded, !isGood else { return }
    let changed = changedArrays.joined(separator: ", ")
    throw SpecificationError(
      "\(path): its numbers have changed since it was written: found numbers_sha256 \(computed.sha256), "
        + "expected \(recorded)\(changed.isEmpty ? "" : "; changed: \(changed)"). Use an unchanged copy, or "
        + "make the result again")
  }

  /// The paths of arrays that have changed since they were written.
  public var changedArrays: [String] {
    let found = Dictionary(
      computed.arrays.map { ($0.path, $0.line) }, uniquingKeysWith: { first, _ in first })
    return Set(found.keys).union(recordedLines.keys)
      .filter { found[$0] != recordedLines[$0] }.sorted()
  }
}
