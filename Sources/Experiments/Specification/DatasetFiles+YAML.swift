import Datasets
import Support
import Yams

extension ConfigurationReader {
  /// Bytes of the list of files as it is recorded, at most: an attribute of HDF5 has no more room.
  private static let mostBytes = 32_000

  /// The files of a dataset: one, a list, or keys that say what lies where; nil if the key is absent or says that the
  /// published files are meant. Throws `SpecificationError`.
  /// - Parameter name: the dataset's name, which must not be that of a published one.
  mutating func datasetFiles(_ key: String, of name: String) throws -> DatasetFiles? {
    guard let node = value(key), node.scalar?.string != DatasetFiles.published else { return nil }
    let isName =
      !name.isEmpty && name.count <= 60 && !name.hasPrefix("-")
      && name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }
    guard isName else {
      throw error(
        "name", value("name"),
        "found \(name), expected up to 60 lowercase letters, digits and hyphens for files of your own"
      )
    }
    guard !DatasetCatalogue.all.contains(where: { $0.name == name || $0.family?.name == name })
    else {
      throw error(
        "name", value("name"),
        "found \(name), a published dataset, together with files of your own; give them another name"
      )
    }
    let files: DatasetFiles
    if node.mapping == nil {
      files = DatasetFiles(splits: [DatasetFiles.Split(images: try paths(key) ?? [])])
    } else {
      var section = try section(key)
      files = try section.datasetFiles()
    }
    guard files.text.utf8.count <= Self.mostBytes else {
      throw error(
        key, node,
        "lists files with names of \(files.text.utf8.count) bytes together, expected at most \(Self.mostBytes): join "
          + "files")
    }
    return files
  }

  /// The keys inside `dataset.files`.
  private mutating func datasetFiles() throws -> DatasetFiles {
    try require([
      "images", "labels", "train", "test", "channels", "height", "width", "label_bytes",
      "class_count", "class_names",
    ])
    var splits: [DatasetFiles.Split] = []
    for name in ["train", "test"] {
      guard let node = value(name) else { continue }
      if node.mapping == nil {
        splits.append(DatasetFiles.Split(name: name, images: try paths(name) ?? []))
      } else {
        var section = try section(name)
        try section.require(["images", "labels"])
        splits.append(try section.split(name))
      }
    }
    if splits.isEmpty {
      splits = [try split(nil)]
    } else if let other = ["images", "labels"].first(where: { value($0) != nil }) {
      throw error(other, value(other), "found beside train or test, expected inside of them")
    }
    let records = try recordShape()
    let names = try texts("class_names")
    let count = try integer(
      "class_count", 1...DatasetFiles.mostClasses,
      "a whole number in 1 … \(DatasetFiles.mostClasses)")
    if let names { try checkClassNames(names, count: count) }
    guard records == nil || names != nil || count != nil else {
      throw missing("class_count", "the number of classes, as records do not state it")
    }
    return DatasetFiles(splits: splits, records: records, classCount: count, classNames: names)
  }

  /// Throws if there is a key that is none of these, before what it stands for is missed.
  private mutating func require(_ keys: [String]) throws {
    for key in keys { _ = value(key) }
    try finish()
  }

  private func checkClassNames(_ names: [String], count: Int?) throws {
    var reader = self
    func refusal(_ problem: String) -> SpecificationError {
      error("class_names", reader.value("class_names"), problem)
    }
    guard (1...DatasetFiles.mostClasses).contains(names.count), Set(names).count == names.count,
      names.allSatisfy(Self.isPlain)
    else {
      throw refusal("found \(names.count) names, expected different ones, without line breaks")
    }
    guard count == nil || count == names.count else {
      throw refusal("found \(names.count) names, expected class_count, \(count ?? 0)")
    }
  }

  /// `images` and `labels`; without labels both lie together.
  private mutating func split(_ name: String?) throws -> DatasetFiles.Split {
    guard let images = try paths("images") else {
      throw missing("images", "the file or files with the images")
    }
    let labels = try paths("labels")
    guard labels == nil || labels?.count == images.count else {
      throw error(
        "labels", value("labels"),
        "found \(labels?.count ?? 0) files, expected \(images.count), as many as of images")
    }
    return DatasetFiles.Split(name: name, images: images, labels: labels)
  }

  private mutating func recordShape() throws -> DatasetFiles.RecordShape? {
    func pixels(_ key: String, _ most: Int) throws -> Int? {
      try integer(key, 1...most, "a whole number in 1 … \(most)")
    }
    let shape = [
      "channels": try pixels("channels", DatasetFiles.mostChannels),
      "height": try pixels("height", DatasetFiles.mostPixels),
      "width": try pixels("width", DatasetFiles.mostPixels),
    ]
    let labelBytes = try pixels("label_bytes", 8)
    guard labelBytes != nil || shape.values.contains(where: { $0 != nil }) else { return nil }
    guard let channels = shape["channels"] ?? nil, let height = shape["height"] ?? nil,
      let width = shape["width"] ?? nil
    else {
      let absent = ["channels", "height", "width"].first { (shape[$0] ?? nil) == nil } ?? ""
      throw missing(
        absent, "all of channels, height and width for records, and none of them for other formats")
    }
    return DatasetFiles.RecordShape(
      channels: channels, height: height, width: width, labelByteCount: labelBytes ?? 1)
  }

  /// One path or a list of them.
  private mutating func paths(_ key: String) throws -> [String]? {
    guard let node = value(key) else { return nil }
    let paths = node.sequence == nil ? try text(key).map { [$0] } : try texts(key)
    guard let paths, !paths.isEmpty, paths.allSatisfy({ !$0.isEmpty && Self.isPlain($0) }) else {
      throw error(
        key, node, "found \(Self.describe(node)), expected the path of a file, or a list of paths")
    }
    return paths
  }

  private static func isPlain(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  }
}
