import Foundation

/// Files with images and labels of the user's own, as a specification lists them under `dataset.files`.
public struct DatasetFiles: Sendable, Hashable {
  /// Files that are pooled together.
  public struct Split: Sendable, Hashable {
    /// `train` or `test`; nil if the files are not divided.
    public let name: String?
    /// The files with the images, in order.
    public let images: [String]
    /// The files with the labels, as many; the same where images and labels lie together.
    public let labels: [String]

    /// Files of images, and as many of labels; nil if they lie together.
    public init(name: String? = nil, images: [String], labels: [String]? = nil) {
      self.name = name
      self.images = images
      self.labels = labels ?? images
    }
  }

  /// The shape of records without a header, as CIFAR's binary version has them.
  public struct RecordShape: Sendable, Hashable {
    /// Colour channels of an image.
    public let channels: Int
    /// Height of an image in pixels.
    public let height: Int
    /// Width of an image in pixels.
    public let width: Int
    /// Bytes ahead of the pixels; the last one is the class.
    public let labelByteCount: Int

    /// A shape with positive numbers.
    public init(channels: Int, height: Int, width: Int, labelByteCount: Int = 1) {
      self.channels = channels
      self.height = height
      self.width = width
      self.labelByteCount = labelByteCount
    }
  }

  /// The splits, in the order in which they are pooled.
  public let splits: [Split]
  /// The shape of the images, if the files are records; nil for formats that state it themselves.
  public let records: RecordShape?
  /// The number of classes; nil for one more than the largest label.
  public let classCount: Int?
  /// The classes' names in the order of their labels, as many as `classCount`; nil for the labels themselves.
  public let classNames: [String]?

  /// Names for the files of a dataset; they are opened by `ImageDataset.load`.
  public init(
    splits: [Split], records: RecordShape? = nil, classCount: Int? = nil,
    classNames: [String]? = nil
  ) {
    self.splits = splits
    self.records = records
    self.classCount = classNames?.count ?? classCount
    self.classNames = classNames
  }

  /// What a specification says instead for the published files of a dataset of the catalogue.
  public static let published = "published"

  /// Colour channels of an image, at most.
  public static let mostChannels = 64
  /// Pixels of an image along an axis, at most.
  public static let mostPixels = 4096
  /// Classes, at most.
  public static let mostClasses = 65_536

  /// As results record it: JSON in one line, which is YAML too. Equal lists of files give equal texts.
  public var text: String {
    var parts: [String] = splits.map { split in
      var lists = ["\"images\": \(Self.list(split.images))"]
      if split.labels != split.images { lists.append("\"labels\": \(Self.list(split.labels))") }
      let inside = lists.joined(separator: ", ")
      return split.name.map { "\"\($0)\": {\(inside)}" } ?? inside
    }
    if let records {
      parts += [
        "\"channels\": \(records.channels)", "\"height\": \(records.height)",
        "\"width\": \(records.width)", "\"label_bytes\": \(records.labelByteCount)",
      ]
    }
    if let classNames {
      parts.append("\"class_names\": \(Self.list(classNames))")
    } else if let classCount {
      parts.append("\"class_count\": \(classCount)")
    }
    return "{\(parts.joined(separator: ", "))}"
  }

  /// Words without control characters as a list in JSON.
  private static func list(_ words: [String]) -> String {
    let quoted = words.map {
      "\"\($0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
    return "[\(quoted.joined(separator: ", "))]"
  }
}
