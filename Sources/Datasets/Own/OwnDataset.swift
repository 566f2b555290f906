extension ImageDataset {
  /// Imports files of the user's own.
  ///
  /// - Parameters:
  ///   - name: the dataset's name for results and tables.
  ///   - own: the files; relative paths start in the folder where the program runs.
  ///   - splits: the splits to pool, in that order; all of them if `nil`.
  ///   - classes: the classes to keep, by name or else by index, in the order of their new labels; all if `nil`.
  /// - Throws: `DatasetError`, `NumPyError` or `HDF5Error`, one line that names the file: it is missing or damaged, has
  ///   another format, images that are not bytes or differ in size from those before, as many labels as images in no
  ///   other file, or labels out of range.
  public static func load(
    _ name: String, own: DatasetFiles, splits: [String]? = nil, classes: [String]? = nil
  ) throws -> ImageDataset {
    let known = own.splits.compactMap(\.name)
    guard splits == nil || !known.isEmpty else {
      throw DatasetError(
        .unknownName,
        "splits of \(name): the files have none; leave splits out, or list the files under train and test in "
          + "dataset.files")
    }
    let chosen =
      known.isEmpty
      ? own.splits : try selectedSplits(splits, among: known, of: name).map { own.splits[$0] }
    var pool = OwnPool(records: own.records, classCount: own.classCount)
    var splitCounts: [Int] = []
    for split in chosen {
      let start = pool.labels.count
      for (images, labels) in zip(split.images, split.labels) { try pool.add(images, labels) }
      splitCounts.append(pool.labels.count - start)
    }
    let classNames = try own.classNames ?? (0..<pool.checkedClassCount(name)).map(String.init)
    let selection = try ClassSelection(classes, known: classNames, of: name)
    guard let first = pool.first else {
      throw DatasetError(.missing, "dataset.files of \(name): lists no file, expected at least one")
    }
    return ImageDataset(
      name: name, title: name, classNames: selection.names, channels: first.channels,
      height: first.height, width: first.width, pixels: pool.pixels,
      labels: pool.labels.map { selection.newLabels[Int($0)] }, splits: chosen.compactMap(\.name),
      splitCounts: splitCounts, owners: pool.owners, ownerNames: pool.ownerNames,
      files: pool.files, origin: .own, doubt: nil, sha256: digest(of: pool.files))
  }
}

/// The samples of the user's own files, one file after another.
private struct OwnPool {
  let records: DatasetFiles.RecordShape?
  let classCount: Int?
  private(set) var pixels: [UInt8] = []
  private(set) var labels: [Int32] = []
  private(set) var owners: [Int32] = []
  private(set) var ownerNames: [String] = []
  private(set) var files: [ImageDataset.SourceFile] = []
  /// The size of the images and the file that decided it.
  private(set) var first: (path: String, channels: Int, height: Int, width: Int)?
  private var places: [String: Int32] = [:]
  /// The files of images by their digests.
  private var imageDigests: [String: String] = [:]

  init(records: DatasetFiles.RecordShape?, classCount: Int?) {
    self.records = records
    self.classCount = classCount
  }

  /// Adds a file of images and one of labels, which may be the same.
  mutating func add(_ imagesPath: String, _ labelsPath: String) throws {
    let isTogether = imagesPath == labelsPath
    var content = try read(imagesPath, isTogether ? [.images, .labels] : .images)
    if let other = imageDigests.updateValue(imagesPath, forKey: content.sha256) {
      throw DatasetError(
        .malformed,
        "\(imagesPath): has the same bytes as \(other), expected each sample once in all the files")
    }
    files.append(ImageDataset.SourceFile(name: imagesPath, sha256: content.sha256))
    if !isTogether {
      let other = try read(labelsPath, .labels)
      files.append(ImageDataset.SourceFile(name: labelsPath, sha256: other.sha256))
      content.labels = other.labels
    }
    guard let images = content.images, let newLabels = content.labels else {
      throw DatasetError(.malformed, "\(imagesPath): has no images or no labels, expected both")
    }
    guard newLabels.count == images.count else {
      throw DatasetError(
        .malformed,
        "\(labelsPath): has \(newLabels.count) labels, expected \(images.count), the number of images in "
          + imagesPath)
    }
    try checkSize(images, imagesPath)
    guard labels.count + images.count <= Int(Int32.max) else {
      throw DatasetError(
        .malformed,
        "\(imagesPath): makes more than \(Int32.max) samples together with the files before")
    }
    try addOwners(content.owners, images.count, imagesPath)
    try addLabels(newLabels, labelsPath)
    if pixels.isEmpty { pixels = images.pixels } else { pixels += images.pixels }
  }

  private func read(_ path: String, _ request: OwnRequest) throws -> OwnContent {
    guard let records else { return try OwnFormats.read(path, request) }
    return try RecordsFormat(shape: records, classCount: classCount ?? 0).read(path, request)
  }

  private mutating func checkSize(_ images: OwnImages, _ path: String) throws {
    guard let first else {
      first = (path, images.channels, images.height, images.width)
      return
    }
    guard
      (images.channels, images.height, images.width) == (first.channels, first.height, first.width)
    else {
      throw DatasetError(
        .malformed,
        "\(path): has images of \(images.channels) x \(images.height) x \(images.width) (channel, y, x), expected "
          + "\(first.channels) x \(first.height) x \(first.width) as in \(first.path)")
    }
  }

  private mutating func addLabels(_ new: [Int], _ path: String) throws {
    let largest = (classCount ?? DatasetFiles.mostClasses) - 1
    for (position, label) in new.enumerated() {
      guard (0...largest).contains(label) else {
        throw DatasetError(
          .malformed,
          "\(path): label \(label) at position \(position), expected 0...\(largest)"
            + (label < 0 ? ": labels count from 0" : ""))
      }
      labels.append(Int32(label))
    }
  }

  private mutating func addOwners(_ new: [String]?, _ count: Int, _ path: String) throws {
    let isFirst = labels.isEmpty
    guard isFirst || (new == nil) == owners.isEmpty else {
      throw DatasetError(
        .malformed,
        "\(path): \(new == nil ? "does not say" : "says") whose each sample is, unlike the files before; expected "
          + "all files to, or none")
    }
    guard let new else { return }
    guard new.count == count else {
      throw DatasetError(
        .malformed,
        "\(path): has \(new.count) users, expected \(count), one for each image")
    }
    for owner in new {
      if let place = places[owner] {
        owners.append(place)
      } else {
        let place = Int32(ownerNames.count)
        places[owner] = place
        ownerNames.append(owner)
        owners.append(place)
      }
    }
  }

  /// The number of classes: as stated, otherwise one more than the largest label, if every class occurs.
  func checkedClassCount(_ name: String) throws -> Int {
    if let classCount { return classCount }
    let count = Int(labels.max() ?? -1) + 1
    var occurs = [Bool](repeating: false, count: count)
    for label in labels { occurs[Int(label)] = true }
    guard let missing = occurs.firstIndex(of: false) else { return count }
    throw DatasetError(
      .malformed,
      "dataset.files of \(name): no sample has the label \(missing), but the largest is \(count - 1); labels count from "
        + "0. If classes without samples are meant, state class_count: \(count)")
  }
}
