import Foundation

/// Draws learnable stand-ins for the published datasets, in the published layout and under the
/// official names, so that they pass through the same importers.
public enum Synthesizer {
  /// Draws a synthetic version of a dataset and marks its folder as synthetic.
  ///
  /// The same arguments give the same bytes everywhere. A sixth of each class's samples (at least
  /// one) goes into the test split, the rest into the training split.
  ///
  /// - Parameters:
  ///   - name: its name in the catalogue.
  ///   - folder: the datasets folder; created when needed.
  ///   - samplesPerClass: samples of a class in both splits together, at least 2. CIFAR-10's five
  ///     training files share them evenly.
  ///   - seed: the seed of the random numbers.
  ///   - overwrite: whether to replace this dataset's synthetic files.
  /// - Throws: `DatasetError`: unknownName, refused (the folder holds files that were not drawn, or
  ///   that were and `overwrite` is false; or the sample count is out of range) or system. The files
  ///   get their names only when whole.
  public static func synthesize(
    _ name: String, into folder: String, samplesPerClass: Int = 600, seed: UInt64 = 1,
    overwrite: Bool = false
  ) throws {
    try synthesize(
      DatasetCatalogue.entry(named: name), into: folder, samplesPerClass: samplesPerClass,
      seed: seed, overwrite: overwrite)
  }

  package static func synthesize(
    _ entry: DatasetDescription, into folder: String, samplesPerClass: Int, seed: UInt64,
    overwrite: Bool
  ) throws {
    let most = maximumImagesPerFile / entry.classNames.count
    guard samplesPerClass >= 2, samplesPerClass <= most else {
      throw DatasetError(
        .refused,
        "synthetic \(entry.name): \(samplesPerClass) samples per class, expected 2...\(most)")
    }
    let location = DatasetFolder(folder)
    try checkFree(location, entry, overwrite: overwrite)

    let target = location.folder(of: entry)
    try FileSystem.createFolder(target)
    // The marker comes first: whatever happens later, synthetic files never pass for published ones.
    try write(
      Array("Made by `pfedla datasets synthesize`. Not the published files.\n".utf8),
      to: "\(target)/\(DatasetFolder.syntheticMarker)")
    let images = SyntheticImages(entry, seed: seed)
    let testCount = max(1, samplesPerClass / 6)
    for split in entry.splits {
      let count = split.name == "test" ? testCount : samplesPerClass - testCount
      try write(
        split, of: entry, classes: images.classes(of: split.name, samplesPerClass: count),
        images: images, into: target)
    }
  }

  private static func checkFree(
    _ location: DatasetFolder, _ entry: DatasetDescription, overwrite: Bool
  ) throws {
    let folder = location.folder(of: entry)
    if location.isSynthetic(entry) {
      // Where one is missing, an earlier call was ended.
      let found = entry.files.compactMap { location.locate($0, of: entry) }
      if !overwrite, found.count == entry.files.count, let old = found.first {
        throw DatasetError(
          .refused, "\(old): already contains synthetic data; add --overwrite to replace it")
      }
    } else if let other = try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      .first(where: { !$0.hasPrefix(".") && $0 != "\(DatasetFolder.syntheticMarker).part" })
    {
      throw DatasetError(
        .refused,
        "\(folder): contains \(other), which is not synthetic; expected an empty or synthetic folder; give "
          + "another one with --datasets")
    }
  }

  /// Writes the files of a split, whose samples have these classes in this order.
  private static func write(
    _ split: PublishedSplit, of entry: DatasetDescription, classes: [Int],
    images: SyntheticImages, into folder: String
  ) throws {
    switch entry.layout {
    case .idx(let firstLabel, let isTransposed):
      let header = [classes.count, entry.height, entry.width]
      let pixels = idxFile(dimensions: header) { pixels in
        for (index, label) in classes.enumerated() {
          let start = index * entry.imageByteCount
          images.draw(
            index, of: split.name, label: label,
            into: UnsafeMutableRawBufferPointer(
              rebasing: pixels[start..<(start + entry.imageByteCount)]))
        }
        if isTransposed { transposeImages(pixels, side: entry.height) }
      }
      let labels = idxFile(dimensions: [classes.count]) { labels in
        for (index, label) in classes.enumerated() {
          labels[index] = UInt8(truncatingIfNeeded: firstLabel + label)
        }
      }
      for (file, bytes) in zip(split.files, [pixels, labels]) {
        try place(bytes, file, in: folder)
      }
    case .records(let labelByteCount):
      let fileCount = split.files.count
      for (number, file) in split.files.enumerated() {
        let range =
          (classes.count * number / fileCount)..<(classes.count * (number + 1) / fileCount)
        try place(
          records(range, of: split.name, entry, classes, images, labelByteCount), file, in: folder)
      }
    }
  }

  /// An IDX file of unsigned bytes; `fill` writes what follows the header.
  private static func idxFile(
    dimensions: [Int], fill: (UnsafeMutableRawBufferPointer) -> Void
  ) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, 8, UInt8(truncatingIfNeeded: dimensions.count)]
    for dimension in dimensions {
      for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: dimension >> shift)) }
    }
    let headerByteCount = bytes.count
    bytes += [UInt8](repeating: 0, count: dimensions.reduce(1, *))
    bytes.withUnsafeMutableBytes {
      fill(UnsafeMutableRawBufferPointer(rebasing: $0.dropFirst(headerByteCount)))
    }
    return bytes
  }

  private static func records(
    _ range: Range<Int>, of split: String, _ entry: DatasetDescription, _ classes: [Int],
    _ images: SyntheticImages, _ labelByteCount: Int
  ) -> [UInt8] {
    let recordByteCount = labelByteCount + entry.imageByteCount
    var bytes = [UInt8](repeating: 0, count: range.count * recordByteCount)
    bytes.withUnsafeMutableBytes { bytes in
      for index in range {
        let start = (index - range.lowerBound) * recordByteCount
        let pixels = start + labelByteCount
        // CIFAR-100's coarse class, which is never read: five fine ones each.
        if labelByteCount == 2 { bytes[start] = UInt8(truncatingIfNeeded: classes[index] / 5) }
        bytes[pixels - 1] = UInt8(truncatingIfNeeded: classes[index])
        images.draw(
          index, of: split, label: classes[index],
          into: UnsafeMutableRawBufferPointer(
            rebasing: bytes[pixels..<(start + recordByteCount)]))
      }
    }
    return bytes
  }

  private static func place(_ bytes: [UInt8], _ file: PublishedFile, in folder: String) throws {
    try write(bytes, to: "\(folder)/\(file.name)")
    for other in file.acceptedNames where other != file.name {
      FileSystem.remove("\(folder)/\(other)")
    }
  }

  private static func write(_ bytes: [UInt8], to path: String) throws {
    let temporary = path + ".part"
    do {
      let file = try OutputFile(path: temporary)
      try file.truncate(to: 0)
      try bytes.withUnsafeBytes { try file.write($0) }
      try file.synchronise()
      try FileSystem.move(temporary, to: path)
    } catch {
      FileSystem.remove(temporary)
      throw error
    }
  }
}
