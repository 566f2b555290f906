/// The JSON files of LEAF's FEMNIST (Caldas et al., *LEAF: a benchmark for federated settings*, arXiv:1812.01097), plain
/// or compressed (.gz): `users`, a list of names; `num_samples`, a number for each; and `user_data`, an object with the
/// lists `x` and `y` for each name. An element of `x` is a square image as a list of its pixels, (y, x), from 0 to 1, one
/// of `y` its class. Samples are in the order of `users`; pixels become bytes, 255 · x rounded to the nearest.
enum LEAFFormat: OwnFormat {
  static let name = "JSON of LEAF"

  static func recognises(_ start: [UInt8]) -> Bool {
    start.first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) } == UInt8(ascii: "{")
  }

  /// What a user has.
  private struct User {
    var pixels: [UInt8] = []
    var imageCount = 0
    var labels: [Int] = []
  }

  static func read(_ path: String, _ request: OwnRequest) throws -> OwnContent {
    guard request == [.images, .labels] else {
      throw DatasetError(
        .malformed,
        "\(path): a file of LEAF holds images and labels; leave labels out of dataset.files"
      )
    }
    let content = try ContentReader(path: path, remedy: OwnFormats.remedy)
    let bytes = try content.read(content.byteCount)
    let sha256 = try content.finish()
    var json = JSONReader(bytes, path: path)
    var names: [String]?
    var counts: [Double]?
    var users: [String: User] = [:]
    var pixelCount: Int?
    try json.object { json, key in
      switch key {
      case "users": names = try texts(&json)
      case "num_samples": counts = try numbers(&json)
      case "user_data":
        try json.object { json, name in
          let user = try user(&json, &pixelCount, "\(path): user \(short(name))")
          guard users.updateValue(user, forKey: name) == nil else {
            throw malformed(path, "user \(short(name)) is there twice, expected once")
          }
        }
      default: try json.skip()
      }
    }
    try json.finish()
    guard let names, let pixelCount else {
      throw malformed(
        path,
        "lacks \(names == nil ? "users" : "images in user_data"), expected users, num_samples and user_data"
      )
    }
    guard Set(names).count == names.count, names.count == users.count else {
      throw malformed(
        path,
        "lists \(names.count) users and has the data of \(users.count), expected the same ones")
    }
    guard counts == nil || counts?.count == names.count else {
      throw malformed(
        path,
        "num_samples has \(counts?.count ?? 0) numbers, expected \(names.count), one for each user")
    }
    let side = Int(Double(pixelCount).squareRoot())
    guard side * side == pixelCount, side <= DatasetFiles.mostPixels else {
      throw malformed(
        path, "has images of \(pixelCount) pixels, expected square ones, such as 784 for 28 x 28")
    }
    var (pixels, labels, owners) = ([UInt8](), [Int](), [String]())
    pixels.reserveCapacity(users.values.reduce(0) { $0 + $1.pixels.count })
    for (place, name) in names.enumerated() {
      guard let user = users[name] else {
        throw malformed(path, "has no data of user \(short(name)), expected them in user_data")
      }
      guard counts == nil || counts?[place] == Double(user.labels.count) else {
        throw malformed(
          path,
          "user \(short(name)) has \(user.labels.count) samples, expected \(counts?[place] ?? 0), as num_samples says"
        )
      }
      pixels += user.pixels
      labels += user.labels
      owners += Array(repeating: name, count: user.labels.count)
    }
    guard !labels.isEmpty else { throw malformed(path, "has no samples, expected at least 1") }
    return OwnContent(
      images: OwnImages(
        pixels: pixels, count: labels.count, channels: 1, height: side, width: side),
      labels: labels, owners: owners, sha256: sha256)
  }

  private static func user(
    _ json: inout JSONReader, _ pixelCount: inout Int?, _ source: String
  ) throws -> User {
    var user = User()
    try json.object { json, key in
      switch key {
      case "x":
        try json.array { json in
          let start = user.pixels.count
          try json.array { json in
            let value = try json.number()
            guard value >= 0, value <= 1 else {
              throw DatasetError(
                .malformed,
                "\(source): has a pixel of \(value), expected 0 to 1; \(OwnFormats.remedy)")
            }
            user.pixels.append(UInt8((255 * value).rounded()))
          }
          let count = user.pixels.count - start
          guard count == pixelCount ?? count, count > 0 else {
            throw DatasetError(
              .malformed,
              "\(source): has an image of \(count) pixels, expected "
                + (pixelCount.map { "\($0) as the images before" } ?? "at least 1"))
          }
          pixelCount = count
          user.imageCount += 1
        }
      case "y":
        user.labels = try numbers(&json).map { value in
          guard let label = Int(exactly: value) else {
            throw DatasetError(
              .malformed,
              "\(source): has the label \(value), expected a whole number; \(OwnFormats.remedy)")
          }
          return label
        }
      default: try json.skip()
      }
    }
    guard user.imageCount == user.labels.count else {
      throw DatasetError(
        .malformed,
        "\(source): has \(user.imageCount) images and \(user.labels.count) labels, expected as many of each"
      )
    }
    return user
  }

  private static func texts(_ json: inout JSONReader) throws -> [String] {
    var texts: [String] = []
    try json.array { texts.append(try $0.text()) }
    return texts
  }

  private static func numbers(_ json: inout JSONReader) throws -> [Double] {
    var numbers: [Double] = []
    try json.array { numbers.append(try $0.number()) }
    return numbers
  }

  private static func malformed(_ path: String, _ finding: String) -> DatasetError {
    DatasetError(.malformed, "\(path): \(finding); \(OwnFormats.remedy)")
  }

  /// A name from the file, short and without control characters.
  private static func short(_ name: String) -> String {
    String(
      name.unicodeScalars.prefix(40).map {
        $0.properties.generalCategory == .control ? "?" : Character($0)
      })
  }
}
