/// A file in CIFAR's binary format: records of label bytes and pixels, without a header.
struct CIFARPart: ImagePart {
  let imageCount: Int
  private let dataset: DatasetDescription
  private let file: NamedReader
  private let labelByteCount: Int

  /// Checks that the file is a whole number of records. The last of the `labelByteCount` label
  /// bytes is the class.
  init(file: NamedReader, labelByteCount: Int, of dataset: DatasetDescription) throws {
    self.dataset = dataset
    self.file = file
    self.labelByteCount = labelByteCount
    let recordByteCount = labelByteCount + dataset.imageByteCount
    let byteCount = file.reader.byteCount
    imageCount = byteCount / recordByteCount
    guard imageCount > 0, byteCount % recordByteCount == 0 else {
      throw DatasetError(
        .malformed,
        "\(file.reader.path): has \(byteCount) bytes, expected a multiple of \(recordByteCount) "
          + "(\(labelByteCount) for labels and \(dataset.imageByteCount) for pixels a record); "
          + dataset.remedy)
    }
    guard imageCount <= maximumImagesPerFile else {
      throw DatasetError(
        .malformed,
        "\(file.reader.path): has \(imageCount) records, expected 1...\(maximumImagesPerFile); "
          + dataset.remedy)
    }
  }

  func read(
    pixels: UnsafeMutableRawBufferPointer, classes: UnsafeMutableRawBufferPointer
  ) throws -> [ImageDataset.SourceFile] {
    let imageByteCount = dataset.imageByteCount
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
    try checkLabels(classes, first: 0, of: dataset, in: file.reader.path)
    return [ImageDataset.SourceFile(name: file.name, sha256: try file.reader.finish())]
  }
}
