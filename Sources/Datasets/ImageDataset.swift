import Support

/// The images and labels of a dataset in memory.
public struct ImageDataset: Sendable {
  /// A file that the images came from.
  public struct SourceFile: Sendable, Equatable {
    /// Its official name, without ".gz"; of the user's own files the path in the specification.
    public let name: String
    /// The SHA-256 of its uncompressed bytes, so that a plain file and its ".gz" are the same.
    public let sha256: String
  }

  /// The catalogue's name, such as "cifar10", or the specification's for files of the user's own.
  public let name: String
  /// The name for tables and figures, such as "CIFAR-10".
  public let title: String
  /// The names of the selected classes; a label is a place in this list.
  public let classNames: [String]
  /// Colour channels of an image; published datasets have 1 or 3.
  public let channels: Int
  /// Height of an image in pixels.
  public let height: Int
  /// Width of an image in pixels.
  public let width: Int
  /// All images, [sample, channel, y, x], 0...255, upright. A sample's index is its zero-based
  /// position in the pooled published files, whatever classes are selected.
  public let pixels: [UInt8]
  /// The class of each sample, [sample], 0 ..< classNames.count; -1 if it is not selected.
  public let labels: [Int32]
  /// The pooled splits, in order; empty for files of the user's own without any.
  public let splits: [String]
  /// The samples of each of the splits, in order; of all files together where there are none.
  public let splitCounts: [Int]
  /// Whose each sample is, [sample], a place in `ownerNames`; empty if the files do not say.
  public let owners: [Int32]
  /// The names of those whom the samples came from, in the order of the files.
  public let ownerNames: [String]
  /// The files, in order.
  public let files: [SourceFile]
  /// Where the images come from, by the digests of their files.
  public let origin: DatasetOrigin
  /// Why the files are not the published ones, in words; nil unless the origin is `unverified`.
  public let doubt: String?
  /// The SHA-256 over all files: of the lines of their `sha256`, each ended by a newline.
  public let sha256: String

  /// Whether the files were drawn by `synthesize` and are not the published ones.
  public var isSynthetic: Bool { origin == .synthetic }

  /// The title for people, marked if the images are not the published ones.
  public var markedTitle: String {
    switch origin {
    case .published, .own: title
    case .unverified: "\(title) (unverified files)"
    case .synthetic: "\(title) (synthetic data)"
    }
  }

  /// The number of samples, selected or not.
  public var count: Int { labels.count }

  /// Bytes of one image: channels × height × width.
  public var imageByteCount: Int { channels * height * width }

  /// Imports a dataset of the catalogue from its published files.
  ///
  /// - Parameters:
  ///   - name: its name in the catalogue.
  ///   - splits: the published splits to pool, in that order; all of them if `nil`.
  ///   - classes: the classes to keep, by name or else by index, in the order of their new labels;
  ///     all if `nil`.
  ///   - folder: the datasets folder, which holds a folder per dataset family.
  /// - Throws: `DatasetError`: unknownName, missing, malformed or system. Sizes, headers and labels
  ///   are checked exactly; no count in a header is trusted for an allocation. Digests decide the
  ///   `origin`; files with other digests than the published ones are imported anyway.
  public static func load(
    _ name: String, splits: [String]? = nil, classes: [String]? = nil, from folder: String
  ) throws -> ImageDataset {
    try load(
      DatasetCatalogue.entry(named: name), splits: splits, classes: classes, from: folder)
  }

  package static func load(
    _ entry: DatasetDescription, splits: [String]? = nil, classes: [String]? = nil,
    from folder: String
  ) throws -> ImageDataset {
    let selection = try ClassSelection(classes, of: entry)
    let location = DatasetFolder(folder)
    let splits = try selectedSplits(splits, of: entry)
    let partsOfSplits = try splits.map { try openParts(of: $0, entry, in: location) }
    let parts = partsOfSplits.joined()
    let count = parts.reduce(0) { $0 + $1.imageCount }

    var labels = [UInt8](repeating: 0, count: count)
    var files: [SourceFile] = []
    let pixels = try [UInt8](unsafeUninitializedCapacity: count * entry.imageByteCount) {
      buffer, initialised in
      let pixels = UnsafeMutableRawBufferPointer(buffer)
      var start = 0
      for part in parts {
        let end = start + part.imageCount
        files += try labels.withUnsafeMutableBytes { labels in
          try part.read(
            pixels: UnsafeMutableRawBufferPointer(
              rebasing: pixels[(start * entry.imageByteCount)..<(end * entry.imageByteCount)]),
            classes: UnsafeMutableRawBufferPointer(rebasing: labels[start..<end]))
        }
        start = end
      }
      initialised = count * entry.imageByteCount
    }

    let isSynthetic = location.isSynthetic(entry)
    let doubt =
      isSynthetic
      ? nil
      : doubt(files, of: splits, fetched: FetchedDigests(in: location.folder(of: entry)))
    return ImageDataset(
      name: entry.name, title: entry.title, classNames: selection.names,
      channels: entry.channels, height: entry.height, width: entry.width,
      pixels: pixels, labels: labels.map { selection.newLabels[Int($0)] },
      splits: splits.map(\.name),
      splitCounts: partsOfSplits.map { $0.reduce(0) { $0 + $1.imageCount } }, owners: [],
      ownerNames: [], files: files,
      origin: isSynthetic ? .synthetic : doubt == nil ? .published : .unverified, doubt: doubt,
      sha256: digest(of: files))
  }

  /// The SHA-256 over all files: of the lines of their `sha256`, each ended by a newline.
  static func digest(of files: [SourceFile]) -> String {
    StreamingDigest.sha256(files.map { $0.sha256 + "\n" }.joined())
  }

  private static func selectedSplits(
    _ names: [String]?, of entry: DatasetDescription
  ) throws -> [PublishedSplit] {
    try selectedSplits(names, among: entry.splits.map(\.name), of: entry.name)
      .map { entry.splits[$0] }
  }

  /// The places of the named splits among the known ones; all of them if `nil`.
  static func selectedSplits(
    _ names: [String]?, among known: [String], of dataset: String
  ) throws -> [Int] {
    guard let names else { return Array(known.indices) }
    var selected: [Int] = []
    for name in names {
      guard let split = known.firstIndex(of: name) else {
        throw DatasetError(
          .unknownName,
          "splits of \(dataset): unknown split \"\(name)\"; "
            + "expected one or more of: \(known.joined(separator: ", "))")
      }
      guard !selected.contains(split) else {
        throw DatasetError(.unknownName, "splits of \(dataset): \"\(name)\" is listed twice")
      }
      selected.append(split)
    }
    guard !selected.isEmpty else {
      throw DatasetError(
        .unknownName,
        "splits of \(dataset): the list is empty; "
          + "expected one or more of: \(known.joined(separator: ", "))")
    }
    return selected
  }

  /// Opens the files of a split and checks their headers and sizes.
  private static func openParts(
    of split: PublishedSplit, _ entry: DatasetDescription, in location: DatasetFolder
  ) throws -> [any ImagePart] {
    let readers = try split.files.map { file in
      NamedReader(
        name: file.name,
        reader: try ContentReader(
          path: try location.path(of: file, in: split, entry), remedy: entry.remedy))
    }
    switch entry.layout {
    case .idx(let firstLabel, let isTransposed):
      return [
        try IDXPart(
          images: readers[0], labels: readers[1], firstLabel: firstLabel,
          isTransposed: isTransposed, of: entry)
      ]
    case .records(let labelByteCount):
      return try readers.map {
        try CIFARPart(
          file: $0, labelByteCount: labelByteCount, imageByteCount: entry.imageByteCount,
          classCount: entry.classNames.count, remedy: entry.remedy)
      }
    }
  }
}
