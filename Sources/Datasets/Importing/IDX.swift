import Support

/// A split in MNIST's format: one IDX file of images and one of labels.
struct IDXPart: ImagePart {
  let imageCount: Int
  private let dataset: DatasetDescription
  private let images: NamedReader
  private let labels: NamedReader
  private let firstLabel: Int
  private let isTransposed: Bool

  /// Opens both files and checks their headers against their sizes and each other.
  init(
    images: NamedReader, labels: NamedReader, firstLabel: Int, isTransposed: Bool,
    of dataset: DatasetDescription
  ) throws {
    self.dataset = dataset
    self.images = images
    self.labels = labels
    self.firstLabel = firstLabel
    self.isTransposed = isTransposed
    imageCount = try readIDXHeader(
      images.reader, itemShape: [dataset.height, dataset.width], item: "images",
      remedy: dataset.remedy)
    let labelCount = try readIDXHeader(
      labels.reader, itemShape: [], item: "labels", remedy: dataset.remedy)
    guard labelCount == imageCount else {
      throw DatasetError(
        .malformed,
        "\(labels.reader.path): has \(labelCount) labels, expected \(imageCount), the number of "
          + "images in \(images.reader.path); \(dataset.remedy)")
    }
  }

  func read(
    pixels: UnsafeMutableRawBufferPointer, classes: UnsafeMutableRawBufferPointer
  ) throws -> [ImageDataset.SourceFile] {
    try images.reader.read(into: pixels)
    if isTransposed {
      transposeImages(pixels, side: dataset.height)
    }
    try labels.reader.read(into: classes)
    try checkLabels(
      classes, first: firstLabel, classCount: dataset.classNames.count, remedy: dataset.remedy,
      in: labels.reader.path)
    return [
      ImageDataset.SourceFile(name: images.name, sha256: try images.reader.finish()),
      ImageDataset.SourceFile(name: labels.name, sha256: try labels.reader.finish()),
    ]
  }
}

/// An open file with the official name that its bytes are published under.
struct NamedReader {
  let name: String
  let reader: ContentReader
}

/// Swaps x and y of square images of `side` × `side` bytes, in place.
func transposeImages(_ pixels: UnsafeMutableRawBufferPointer, side: Int) {
  for start in stride(from: 0, to: pixels.count, by: side * side) {
    for y in 0..<side {
      for x in 0..<y {
        pixels.swapAt(start + y * side + x, start + x * side + y)
      }
    }
  }
}

/// Reads and checks the header of an IDX file of unsigned bytes with the dimensions
/// (count, `itemShape`...); returns the count.
private func readIDXHeader(
  _ reader: ContentReader, itemShape: [Int], item: String, remedy: String
) throws -> Int {
  let rank = 1 + itemShape.count
  let headerByteCount = 4 + 4 * rank
  func malformed(_ finding: String) -> DatasetError {
    DatasetError(.malformed, "\(reader.path): \(finding); \(remedy)")
  }

  guard try reader.reaches(headerByteCount) else {
    throw malformed(
      "has \(reader.byteCount) bytes, expected at least the \(headerByteCount) of its IDX header")
  }
  let header = try reader.read(headerByteCount)
  let magic: [UInt8] = [0, 0, 8, UInt8(rank)]
  guard header.starts(with: magic) else {
    throw malformed(
      "begins with \(spelled(header.prefix(4))), expected \(spelled(magic)) (IDX \(item): unsigned "
        + "bytes, \(rank) dimension\(rank == 1 ? "" : "s"))")
  }
  let dimensions = idxLengths(header.dropFirst(4))
  guard Array(dimensions.dropFirst()) == itemShape else {
    throw malformed(
      "its header says images of \(times(dimensions.dropFirst())) pixels, expected \(times(itemShape))"
    )
  }
  let count = dimensions[0]
  guard count > 0, count <= maximumImagesPerFile else {
    throw malformed(
      "its header says \(count) \(item), expected 1...\(maximumImagesPerFile)")
  }
  let expected = headerByteCount + count * itemShape.reduce(1, *)
  guard try reader.holds(expected) else {
    throw malformed(
      "has \(reader.byteCount) bytes, expected \(expected) for the \(count) \(item) that its "
        + "header says")
  }
  return count
}

/// The lengths of the axes in the bytes of an IDX header behind its magic.
func idxLengths(_ bytes: some Collection<UInt8>) -> [Int] {
  var (lengths, place, length) = ([Int](), 0, 0)
  for byte in bytes {
    length = length << 8 | Int(byte)
    place += 1
    if place % 4 == 0 {
      lengths.append(length)
      length = 0
    }
  }
  return lengths
}

private func times(_ shape: some Sequence<Int>) -> String {
  shape.map(String.init).joined(separator: " x ")
}
