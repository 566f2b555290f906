/// What went wrong with an HDF5 file, as one line: the file, the object in it, what was attempted,
/// and why it failed.
public struct HDF5Error: Error, CustomStringConvertible, Equatable, Sendable {
  /// The file's path, as the caller gave it.
  public let file: String
  /// The path of the object within the file, such as `/partition/client`; nil if it is the file
  /// as a whole.
  public let object: String?
  /// The whole line.
  public let description: String

  init(file: String, object: String? = nil, _ message: String) {
    self.file = file
    self.object = object
    let place = object.map { "\(file): \($0)" } ?? file
    description = Self.oneLine("\(place): \(message)")
  }

  /// An error whose line starts with the file's path and continues as a sentence.
  init(file: String, sentence: String) {
    self.file = file
    object = nil
    description = Self.oneLine("\(file) \(sentence)")
  }

  private static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
