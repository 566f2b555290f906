import Foundation

/// The date in a PDF file that cairo made, which would make equal pictures differ.
enum CreationDate {
  private static let mark = Data("/CreationDate (D:".utf8)
  private static let zero = Data("20000101000000".utf8)

  /// Replaces its digits, so that nothing moves in the file. Throws if the file cannot be read or written.
  static func remove(from path: String) throws {
    let url = URL(fileURLWithPath: path)
    var file = try Data(contentsOf: url)
    guard let found = file.range(of: mark) else { return }
    let digits = found.upperBound..<min(found.upperBound + zero.count, file.endIndex)
    guard digits.count == zero.count, file[digits].allSatisfy({ (0x30...0x39).contains($0) }) else {
      return
    }
    file.replaceSubrange(digits, with: zero)
    try file.write(to: url)
  }
}
