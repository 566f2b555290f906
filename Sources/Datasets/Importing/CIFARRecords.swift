/// A file in CIFAR's binary format: records of label bytes and pixels, without a header.
struct CIFARPart: ImagePart {
  let imageCount: Int
  private let file: NamedReader
  private let labelByteCount: Int
  private let imageByteCount: Int
  private let classCount: Int
  private let remedy: String

  /// Checks that the file is a whole number of records. The last of the `labelByteCount` label
  /// bytes is the class. `remedy` says how to mend a damaged file.
  init(
    file: NamedReader, labelByteCount: Int, imageByteCount: Int, classCount: Int, remedy: String
  ) throws {
    self.file = file
    self.labelByteCount = labelByteCount
    self.imageByteCount = imageByteCount
    self.classCount = classCount
    self.remedy = remedy
    let recordByteCount = labelByteCount + imageByteCount
    let byteCount = file.reader.byteCount
    imageCount = byteCount / recordByteCount
    guard imageCount > 0, byteCount % recordByteCount == 0 else {
      throw DatasetError(
        .malformed,
        "\(file.reader.path): has \(byteCount) bytes, expected a multiple of \(recordByteCount) "
          + "(\(labelByteCount) for labels and \(imageByteCount) for pixels a record); "
          + remedy)
    }
    guard imageCount <= maximumImagesPerFile else {
      throw DatasetError(
        .malformed,
        "\(file.reader.path): has \(imageCount) records, expected 1...\(maximumImagesPerFile); "
          + remedy)
    }
  }

  func read(
    pixels: UnsafeMutableRawBufferPointer, classes: UnsafeMutableRawBufferPointer
  ) throws -> [ImageDataset.SourceFile] {
    let recordByteCount = labelByteCount + imageByteCount
    let recordsPerPiece = 64
    let piece = UnsafeMutableRawBufferPointer.allocate(
      byteCount: recordsPerPiece * recordByteCount, alignment: 16)
    defer { piece.deallocate() }
    for start in stride(from: 0, to: imageCount, by: recordsPerPiece) {
      let count = min(recordsPerPiece, imageCount - start)
      try file.reader.read(
        into: UnsafeMutableRawBufferPointer(rebasing: piece.prefix(count * recordByteCount)))
      for index in 0..<count {
        let labelEnd = index * recordByteCount + labelByteCount
        classes[start + index] = piece[labelEnd - 1]
        let place = (start + index) * imageByteCount
        UnsafeMutableRawBufferPointer(rebasing: pixels[place..<(place + imageByteCount)])
          .copyMemory(
            from: UnsafeRawBufferPointer(rebasing: piece[labelEnd..<(labelEnd + imageByteCount)]))
      }
    }
    try checkLabels(
      classes, first: 0, classCount: classCount, remedy: remedy, in: file.reader.path)
    return [ImageDataset.SourceFile(name: file.name, sha256: try file.reader.finish())]
  }
}
