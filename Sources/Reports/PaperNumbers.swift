import Foundation

/// The folder with the paper's own numbers: `paper`, next to the sweeps.
public struct PaperNumbers: Sendable {
  private let folder: String

  /// The numbers in a folder.
  public init(folder: String) { self.folder = folder }

  /// The rows of a CSV file, each by column name; none if the file is not there, as for a sweep of
  /// one's own.
  public func rows(_ file: String) -> [[String: String]] {
    guard let data = FileManager.default.contents(atPath: "\(folder)/\(file)") else { return [] }
    let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
    guard let header = lines.first?.split(separator: ",", omittingEmptySubsequences: false) else {
      return []
    }
    return lines.dropFirst().map { line in
      Dictionary(
        zip(
          header.map(String.init),
          line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)),
        uniquingKeysWith: { first, _ in first })
    }
  }
}
