/// A catalogue entry: everything known about a published dataset before one of its files is opened.
public struct DatasetDescription: Sendable {
  /// The name in specifications and on the command line, such as "emnist-letters".
  public let name: String
  /// The name for tables and figures, such as "EMNIST Letters".
  public let title: String
  /// The folder of its files inside the datasets folder.
  public let folder: String
  /// The classes in the order of their labels.
  public let classNames: [String]
  /// Colour channels of an image (1 or 3).
  public let channels: Int
  /// Height of an image in pixels.
  public let height: Int
  /// Width of an image in pixels.
  public let width: Int
  /// How the bytes of its files are laid out.
  public let layout: DatasetLayout
  /// The published splits, in the order they are pooled by default.
  public let splits: [PublishedSplit]
  /// Where its publisher keeps it.
  public let source: DatasetSource
  /// The work to cite.
  public let citation: String
  /// What it decides of an experiment.
  public let defaults: ExperimentDefaults
  /// The datasets that share its images; nil if there are none.
  public let family: DatasetFamily?

  package init(
    name: String, title: String, folder: String, classNames: [String], channels: Int, height: Int,
    width: Int, layout: DatasetLayout, splits: [PublishedSplit], source: DatasetSource,
    citation: String, defaults: ExperimentDefaults = ExperimentDefaults(),
    family: DatasetFamily? = nil
  ) {
    self.name = name
    self.title = title
    self.defaults = defaults
    self.family = family
    self.folder = folder
    self.classNames = classNames
    self.channels = channels
    self.height = height
    self.width = width
    self.layout = layout
    self.splits = splits
    self.source = source
    self.citation = citation
  }

  /// Bytes of one image.
  public var imageByteCount: Int { channels * height * width }

  /// Images of all published splits together.
  public var imageCount: Int { splits.reduce(0) { $0 + $1.imageCount } }

  /// The files of all splits, in order.
  var files: [PublishedFile] { splits.flatMap(\.files) }

  /// Other folders in which the files may be: torchvision's, and that of the archive.
  var otherFolders: [String] {
    switch folder {
    case "mnist": ["MNIST/raw"]
    case "fashion-mnist": ["FashionMNIST/raw"]
    case "emnist": ["EMNIST/raw", "emnist/gzip", "gzip"]
    default: []
    }
  }

  /// The folder of the version for Python, which is not read; nil for none.
  var pythonFolder: String? {
    switch folder {
    case "cifar-10-batches-bin": "cifar-10-batches-py"
    case "cifar-100-binary": "cifar-100-python"
    default: nil
    }
  }

  /// How to fix a damaged or missing file of this dataset.
  var remedy: String { "fetch it with `pfedla datasets fetch \(name)`" }
}

/// The byte layout of a dataset's files.
public enum DatasetLayout: Sendable, Equatable {
  /// IDX: an image file (magic 00 00 08 03, then count, height, width) and a label file (magic
  /// 00 00 08 01, then count) per split; all numbers big-endian, <http://yann.lecun.com/exdb/mnist/>.
  /// The label of the first class is `firstLabel`; `isTransposed` says whether x and y are swapped.
  case idx(firstLabel: Int, isTransposed: Bool)
  /// CIFAR's binary version: records of `labelByteCount` label bytes, the last one the class, and
  /// the pixels as (channel, y, x); no header, <https://www.cs.toronto.edu/~kriz/cifar.html>.
  case records(labelByteCount: Int)
}

/// A split as its publisher divides the dataset.
public struct PublishedSplit: Sendable {
  /// "train" or "test".
  public let name: String
  /// Its images, all files together.
  public let imageCount: Int
  /// Its files in order; for IDX the images, then the labels.
  public let files: [PublishedFile]

  package init(_ name: String, imageCount: Int, files: [PublishedFile]) {
    self.name = name
    self.imageCount = imageCount
    self.files = files
  }
}

/// A published file. Every file may be plain or compressed (".gz").
public struct PublishedFile: Sendable {
  /// Its official name, without ".gz".
  public let name: String
  /// The SHA-256 of its uncompressed bytes, if known.
  public let sha256: String?
  /// The SHA-256 of the gzip file as published, if there is one and its digest is known.
  public let gzipSHA256: String?

  package init(_ name: String, sha256: String? = nil, gzipSHA256: String? = nil) {
    self.name = name
    self.sha256 = sha256
    self.gzipSHA256 = gzipSHA256
  }

  /// The file names under which it is accepted, the preferred one first. Some copies of the IDX
  /// files spell "-idx" as ".idx".
  var acceptedNames: [String] {
    let dotted = name.replacing("-idx", with: ".idx")
    let plain = dotted == name ? [name] : [name, dotted]
    return plain + plain.map { $0 + ".gz" }
  }
}

/// Where a publisher keeps a dataset.
public enum DatasetSource: Sendable, Equatable {
  /// Each file by itself, as `baseAddress` + name + ".gz". The address ends with a slash.
  case files(baseAddress: String)
  /// All files in one archive.
  case archive(PublishedArchive)
}

/// A published archive.
public struct PublishedArchive: Sendable, Equatable {
  /// The program that unpacks it.
  public enum Format: Sendable {
    /// A tar archive compressed with gzip.
    case tarGzip
    /// A zip archive.
    case zip
  }

  /// The official address.
  public let address: String
  /// The MD5 that its publisher lists.
  public let md5: String
  /// How it is packed.
  public let format: Format
  /// The folder inside the archive that holds the files, with its slash.
  public let memberFolder: String
  /// ".gz" when the files inside are compressed again.
  public let memberSuffix: String
  /// Bytes that it has at most: a download with more is given up.
  public let mostBytes: Int

  package init(
    address: String, md5: String, format: Format, memberFolder: String, memberSuffix: String = "",
    mostBytes: Int = 1 << 30
  ) {
    self.mostBytes = mostBytes
    self.address = address
    self.md5 = md5
    self.format = format
    self.memberFolder = memberFolder
    self.memberSuffix = memberSuffix
  }

  /// The last part of the address.
  var fileName: String { address.split(separator: "/").last.map(String.init) ?? address }
}
