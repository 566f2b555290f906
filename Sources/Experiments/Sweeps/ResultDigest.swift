import Datasets
import Foundation
import Support

/// The SHA-256 of a cell's bytes, kept in its sidecar `NAME.run.json` as `result_sha256`.
///
/// Parts of an HDF5 file carry no checksum: a damaged one may read as other numbers, and libhdf5 1.10
/// may crash or hang on it. So a cell's bytes are compared before the file is opened.
enum ResultDigest {
  private static let key = "result_sha256"

  /// The sidecar of a result.
  static func file(besides result: String) -> String { RunSidecar.path(besides: result) }

  /// The recorded digest; nil if there is none.
  static func recorded(besides result: String) -> String? {
    guard let data = FileManager.default.contents(atPath: file(besides: result)),
      let values = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    else { return nil }
    return values[key] as? String
  }

  /// Adds the digest of a finished result to its sidecar. Throws if a file cannot be read or written.
  static func record(besides result: String) throws {
    let path = file(besides: result)
    guard let data = FileManager.default.contents(atPath: path),
      var values = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    else { throw SpecificationError("\(path): cannot read this sidecar of a result") }
    values[key] = try FileDigest.sha256(ofFile: result)
    try TextFile.write(
      JSONSerialization.data(withJSONObject: values, options: [.prettyPrinted, .sortedKeys]),
      to: path)
  }
}
