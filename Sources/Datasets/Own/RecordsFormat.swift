/// Records without a header, plain or compressed (.gz), as CIFAR's binary version has them: some bytes of which the
/// last is the class, then the pixels as (channel, y, x). The specification states the shape.
struct RecordsFormat {
  let shape: DatasetFiles.RecordShape
  let classCount: Int

  func read(_ path: String, _ request: OwnRequest) throws -> OwnContent {
    guard request == [.images, .labels] else {
      throw DatasetError(
        .malformed,
        "\(path): records hold images and labels; leave labels out of dataset.files, or channels, height and width if "
          + "the files are no records")
    }
    let start = try OwnFormats.start(of: path)
    if let format = OwnFormats.all.first(where: { $0.recognises(start) && !($0 is IDXFormat.Type) }
    ),
      !(format is LEAFFormat.Type)
    {
      throw DatasetError(
        .malformed,
        "\(path): is a file of the format \(format.name), which states the shape of its images; leave channels, height, "
          + "width and label_bytes out of dataset.files")
    }
    let part = try CIFARPart(
      file: NamedReader(
        name: path, reader: try ContentReader(path: path, remedy: OwnFormats.remedy)),
      labelByteCount: shape.labelByteCount,
      imageByteCount: shape.channels * shape.height * shape.width, classCount: classCount,
      remedy: OwnFormats.remedy)
    let size = part.imageCount * shape.channels * shape.height * shape.width
    var labels = [UInt8](repeating: 0, count: part.imageCount)
    var files: [ImageDataset.SourceFile] = []
    let pixels = try [UInt8](unsafeUninitializedCapacity: size) { buffer, initialised in
      files = try labels.withUnsafeMutableBytes { labels in
        try part.read(pixels: UnsafeMutableRawBufferPointer(buffer), classes: labels)
      }
      initialised = size
    }
    return OwnContent(
      images: OwnImages(
        pixels: pixels, count: part.imageCount, channels: shape.channels, height: shape.height,
        width: shape.width),
      labels: labels.map { Int($0) }, sha256: files.first?.sha256 ?? "")
  }
}
