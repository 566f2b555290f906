import Foundation
import NumPyFiles
import Support

/// NumPy's files: an array (.npy), or an archive (.npz) with the arrays `images`, `labels` and, for the natural partition,
/// `users`: whose each sample is, as whole numbers or words.
enum NumPyFormat: OwnFormat {
  static let name = "NumPy (.npy, .npz)"

  static func recognises(_ start: [UInt8]) -> Bool {
    start.starts(with: [0x93] + Array("NUMPY".utf8)) || start.starts(with: [0x50, 0x4b, 3, 4])
      || start.starts(with: [0x50, 0x4b, 5, 6])
  }

  static func read(_ path: String, _ request: OwnRequest) throws -> OwnContent {
    guard !path.hasSuffix(".gz") else {
      throw DatasetError(
        .malformed, "\(path): is a compressed NumPy file; unpack it, or use numpy.savez_compressed")
    }
    let bytes: Data
    do {
      bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw DatasetError(.system, "\(path): cannot be read; it must be readable")
    }
    let file = try NumPyFile(bytes, path: path)
    guard file.isArchive || request != [.images, .labels] else {
      throw DatasetError(
        .malformed,
        "\(path): holds one array, expected images and labels; give both, as files: {images: FILE, labels: FILE}, "
          + "or one .npz file")
    }
    var hash = StreamingDigest()
    bytes.withUnsafeBytes { hash.update($0) }
    var content = OwnContent(sha256: hash.hexadecimal)
    if request.contains(.images) {
      content.images = try images(file.array("images", atMost: .max))
      if file.names.contains("users") {
        let users = try file.array("users", atMost: content.images?.count ?? 0)
        content.owners =
          try users.isText ? users.words() : users.integers().map { "\($0)" }
      }
    }
    if request.contains(.labels) {
      let labels = try file.array("labels", atMost: .max)
      guard labels.shape.count == 1 else {
        throw DatasetError(
          .malformed,
          "\(labels.source): has \(labels.shape.count) axes, expected one: a label for each image")
      }
      content.labels = try labels.integers()
    }
    return content
  }

  private static func images(_ array: NumPyArray) throws -> OwnImages {
    guard array.isBytes else {
      throw DatasetError(
        .malformed,
        "\(array.source): has elements of the type \(array.type), expected numpy.uint8 from 0 to 255"
          + (array.isFloatingPoint
            ? "; for values from 0 to 1 save (255 * images).round().astype(numpy.uint8)" : ""))
    }
    let axes = try OwnImages.axes(array.shape, in: array.source)
    return OwnImages(
      pixels: try array.bytes(), count: axes.count, channels: axes.channels, height: axes.height,
      width: axes.width)
  }
}
