import Foundation

/// What is made of a sweep's results: tables, CSV files and pictures.
public struct ReportSection: Sendable {
  /// A picture, as files in the section's folder.
  public struct Picture: Sendable {
    /// What it shows, in a sentence.
    public let caption: String
    /// The SVG file's name.
    public let file: String
  }

  /// The sweep's name; its files lie in the folder of that name.
  public var name: String
  /// What it shows.
  public var title: String
  /// Tables in order.
  public var tables: [ReportTable] = []
  /// Pictures in order.
  public var pictures: [Picture] = []
  /// The names of the files written for machines.
  public var files: [String] = []
  /// What a reader must know, in plain words.
  public var notes: [String] = []
  /// What is wrong with the results: files that could not be used, runs that do not belong together.
  public var problems: [String] = []
}

/// Where the paper's own numbers lie: the folder `paper` beside the sweeps.
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
