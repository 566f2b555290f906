import HDF5

/// HDF5 files, such as h5py writes them, with the datasets `images` and `labels` and, for the natural partition, `users`:
/// whose each sample is, as whole numbers.
enum HDF5Format: OwnFormat {
  static let name = "HDF5"

  static func recognises(_ start: [UInt8]) -> Bool {
    start.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a])
  }

  static func read(_ path: String, _ request: OwnRequest) throws -> OwnContent {
    guard !path.hasSuffix(".gz") else {
      throw DatasetError(
        .malformed,
        "\(path): is a compressed HDF5 file; unpack it, or write with compression=\"gzip\"")
    }
    let file = try HDF5File.openForReading(path, takesAnyVersion: true)
    var content = OwnContent(sha256: try FileDigest.sha256(ofFile: path))
    if request.contains(.images) {
      let images = try file.dataset("images")
      let axes = try OwnImages.axes(images.shape, in: "\(path): /images")
      content.images = OwnImages(
        pixels: try images.readBytes(), count: axes.count, channels: axes.channels,
        height: axes.height, width: axes.width)
      if try file.exists("users") {
        // No words: libhdf5 1.10 may end the process where the heap that they lie in is damaged.
        content.owners = try file.dataset("users").readIntegers().map { "\($0)" }
      }
    }
    if request.contains(.labels) {
      let labels = try file.dataset("labels")
      guard labels.shape.count == 1 else {
        throw DatasetError(
          .malformed,
          "\(path): /labels: has \(labels.shape.count) axes, expected one: a label for each image")
      }
      content.labels = try labels.readIntegers().map { Int($0) }
    }
    return content
  }
}
