import Foundation

/// The folder that holds a folder per dataset family.
public struct DatasetFolder: Sendable {
  /// Its path.
  public let path: String

  /// The file whose presence in a family's folder says that its files were drawn, not published.
  static let syntheticMarker = "SYNTHETIC"

  /// A datasets folder; it need not exist.
  public init(_ path: String) {
    self.path = path
  }

  /// Where to look for datasets: `explicit` (`--datasets`), otherwise the environment's
  /// `PFEDLA_DATASETS`, otherwise `datasets`. An empty value counts as absent.
  public static func resolve(
    explicit: String?, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    [explicit, environment["PFEDLA_DATASETS"]].compactMap { $0 }.first { !$0.isEmpty }
      ?? "datasets"
  }

  /// Which published splits of a dataset are present.
  public func presence(of entry: DatasetDescription) -> DatasetPresence {
    let hasAnyFile = entry.files.contains { locate($0, of: entry) != nil }
    return DatasetPresence(
      publishedSplits: entry.splits.map(\.name),
      presentSplits: presentSplits(of: entry),
      isSynthetic: hasAnyFile && isSynthetic(entry),
      hasAnyFile: hasAnyFile)
  }

  /// The path of a dataset's own folder.
  public func folder(of entry: DatasetDescription) -> String { "\(path)/\(entry.folder)" }

  /// Whether the dataset's folder is marked as synthetic.
  func isSynthetic(_ entry: DatasetDescription) -> Bool {
    FileSystem.isFile("\(folder(of: entry))/\(Self.syntheticMarker)")
  }

  /// The path of a published file that is present, the preferred spelling first.
  package func locate(_ file: PublishedFile, of entry: DatasetDescription) -> String? {
    for place in [entry.folder] + entry.otherFolders {
      let names = file.acceptedNames.map { "\(path)/\(place)/\($0)" }
      if let found = names.first(where: FileSystem.isFile) { return found }
    }
    return nil
  }

  /// What is there instead of a dataset's files, and what to do about it; nil for nothing that is known.
  private func hint(_ entry: DatasetDescription) -> String? {
    let folder = folder(of: entry)
    if FileSystem.isFolder(folder), access(folder, R_OK | X_OK) != 0 {
      return "the folder cannot be read (no permission)"
    }
    if let python = entry.pythonFolder, FileSystem.isFolder("\(path)/\(python)") {
      return
        "found \(path)/\(python), the version for Python; this program reads the binary version"
    }
    guard case .archive(let archive) = entry.source else { return nil }
    let packed = ["\(path)/\(archive.fileName)", "\(folder)/\(archive.fileName)"]
      .first(where: FileSystem.isFile)
    return packed.map { file in
      switch archive.format {
      case .tarGzip: "found \(file), which is not unpacked: tar -xzf \(file) -C \(path)"
      case .zip: "found \(file), which is not unpacked: unzip -j \(file) -d \(folder)"
      }
    }
  }

  /// The path of a file that must be present.
  ///
  /// Throws `DatasetError` (missing) that names the folder, the accepted names and, if another split
  /// is present, that one.
  func path(
    of file: PublishedFile, in split: PublishedSplit, _ entry: DatasetDescription
  ) throws -> String {
    if let found = locate(file, of: entry) { return found }
    let present = presentSplits(of: entry)
    let alternative =
      present.isEmpty
      ? "" : " or use the present files with `splits: [\(present.joined(separator: ", "))]`,"
    let hint = hint(entry).map { "\($0); or " } ?? ""
    throw DatasetError(
      .missing,
      "\(folder(of: entry)): no \(split.name) file of \(entry.name) (looked for "
        + "\(file.acceptedNames.joined(separator: ", "))); \(hint)\(entry.remedy),\(alternative) "
        + "or give another folder with --datasets or PFEDLA_DATASETS")
  }

  private func presentSplits(of entry: DatasetDescription) -> [String] {
    entry.splits.filter { split in
      split.files.allSatisfy { locate($0, of: entry) != nil }
    }.map(\.name)
  }
}

/// Which published splits of a dataset are in a folder; their contents are not checked.
public struct DatasetPresence: Sendable, CustomStringConvertible {
  /// All published splits, in order.
  public let publishedSplits: [String]
  /// Those of which every file is present.
  public let presentSplits: [String]
  /// Whether the files are present and were made by `synthesize`.
  public let isSynthetic: Bool
  /// Whether at least one published file is present.
  public let hasAnyFile: Bool

  /// "complete", "test only", "incomplete" (a split has missing files) or "absent"; with ", synthetic".
  public var description: String {
    let state =
      if presentSplits.count == publishedSplits.count {
        "complete"
      } else if !presentSplits.isEmpty {
        presentSplits.joined(separator: ", ") + " only"
      } else {
        hasAnyFile ? "incomplete" : "absent"
      }
    return isSynthetic ? state + ", synthetic" : state
  }
}
