import Support

/// Images of one file.
struct OwnImages {
  /// (sample, channel, y, x), 0...255.
  let pixels: [UInt8]
  let count: Int
  let channels: Int
  let height: Int
  let width: Int

  /// The axes of an array (sample, y, x) or (sample, channel, y, x), checked.
  ///
  /// Throws `DatasetError` (malformed) for other axes, and for sizes that no image has.
  static func axes(_ shape: [Int], in source: String) throws -> (
    count: Int, channels: Int, height: Int, width: Int
  ) {
    let words = "(\(shape.map(String.init).joined(separator: ", ")))"
    guard shape.count == 3 || shape.count == 4 else {
      throw DatasetError(
        .malformed,
        "\(source): has images of shape \(words), expected (sample, y, x) or (sample, channel, y, x)"
      )
    }
    // No other array has so many channels and ends in so few columns.
    guard shape.count == 3 || shape[1] <= 4 || ![1, 3, 4].contains(shape[3]) else {
      throw DatasetError(
        .malformed,
        "\(source): has images of shape \(words), expected (sample, channel, y, x); if the channels come last, save "
          + "images.transpose(0, 3, 1, 2)")
    }
    let channels = shape.count == 3 ? 1 : shape[1]
    let (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
    guard shape[0] > 0, (1...DatasetFiles.mostChannels).contains(channels),
      (1...DatasetFiles.mostPixels).contains(height), (1...DatasetFiles.mostPixels).contains(width)
    else {
      throw DatasetError(
        .malformed,
        "\(source): has images of shape \(words), expected at least 1 sample, 1...\(DatasetFiles.mostChannels) "
          + "channels and 1...\(DatasetFiles.mostPixels) pixels along each axis")
    }
    return (shape[0], channels, height, width)
  }
}

/// What a file of the user's own holds, of what was asked of it.
struct OwnContent {
  var images: OwnImages?
  /// [sample]; not checked against the number of classes.
  var labels: [Int]?
  /// Whose each sample is, [sample]; nil if the file does not say.
  var owners: [String]?
  /// The SHA-256 of the file's bytes; of a compressed file (.gz) those inside.
  let sha256: String
}

/// What is asked of a file.
struct OwnRequest: OptionSet {
  let rawValue: Int
  static let images = OwnRequest(rawValue: 1)
  static let labels = OwnRequest(rawValue: 2)
}

/// A format of files with the user's own images and labels. To add one, write one file with a conforming type and name
/// it in `OwnFormats`.
protocol OwnFormat: Sendable {
  /// Its name for errors.
  static var name: String { get }

  /// Whether a file that begins with these bytes, up to 16, has this format.
  static func recognises(_ start: [UInt8]) -> Bool

  /// Reads what is asked for.
  ///
  /// Throws one line that names the file, what was found and what was expected. No number in the file is trusted for
  /// an allocation.
  static func read(_ path: String, _ request: OwnRequest) throws -> OwnContent
}

/// The formats that are recognised by the beginning of a file. Records without a header are read where a
/// specification states their shape.
enum OwnFormats {
  /// One line a format.
  static let all: [any OwnFormat.Type] = [
    NumPyFormat.self,
    HDF5Format.self,
    IDXFormat.self,
    LEAFFormat.self,
  ]

  /// How to mend a damaged file.
  static let remedy = "write it again, or correct dataset.files"

  /// Reads what is asked for, in the format that the file has.
  static func read(_ path: String, _ request: OwnRequest) throws -> OwnContent {
    let start = try start(of: path)
    guard let format = all.first(where: { $0.recognises(start) }) else {
      throw DatasetError(
        .malformed,
        "\(path): begins with \(spelled(start.prefix(8))), expected \(all.map { $0.name }.joined(separator: ", ")); "
          + "for records without a header state channels, height, width and class_count in dataset.files"
      )
    }
    return try format.read(path, request)
  }

  /// The first bytes of a file, unpacked.
  static func start(of path: String) throws -> [UInt8] {
    let reader = try ContentReader(path: path, remedy: remedy)
    guard reader.byteCount > 0 else {
      throw DatasetError(.malformed, "\(path): is empty; \(remedy)")
    }
    return try reader.read(min(16, reader.byteCount))
  }
}
