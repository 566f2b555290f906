/// The most images that one file may hold. The largest published file has 697,932; a header that
/// promises more is damaged.
let maximumImagesPerFile = 1 << 20

/// A part of a dataset whose headers and sizes are checked, and whose pixels are not read yet.
protocol ImagePart {
  /// The number of its images.
  var imageCount: Int { get }

  /// Reads `imageCount` images, as (sample, channel, y, x), and their zero-based classes.
  ///
  /// Returns the files with their digests, in order. Throws `DatasetError` (malformed) if a label
  /// is out of range or the files do not hold what their headers say.
  func read(
    pixels: UnsafeMutableRawBufferPointer, classes: UnsafeMutableRawBufferPointer
  ) throws -> [ImageDataset.SourceFile]
}

/// Turns labels into zero-based classes in place; `path` names the file in the error.
func checkLabels(
  _ labels: UnsafeMutableRawBufferPointer, first: Int, classCount: Int, remedy: String,
  in path: String
) throws {
  let last = first + classCount - 1
  for position in labels.indices {
    let label = Int(labels[position])
    guard label >= first, label <= last else {
      throw DatasetError(
        .malformed,
        "\(path): label \(label) at position \(position), expected \(first)...\(last); "
          + remedy)
    }
    labels[position] = UInt8(truncatingIfNeeded: label - first)
  }
}
