/// The published files of a dataset, checked against their digests and formats.
public struct DatasetVerification: Sendable {
  /// What was found of one file or split.
  public struct Finding: Sendable, Equatable {
    /// What the finding says.
    public enum Outcome: Sendable, Equatable, CustomStringConvertible {
      /// The digest is the published one.
      case matches
      /// Nothing is wrong with the file, and no digest of it is known to compare with.
      case noKnownDigest
      /// The file was drawn by `synthesize`; nothing is wrong with it.
      case synthetic
      /// The file is missing.
      case absent
      /// The file is present, but another one of its split is missing.
      case splitIncomplete
      /// The digest is another one than published.
      case differs(found: String, expected: String)
      /// The file cannot be imported; the line says why.
      case damaged(String)

      /// The outcome in words.
      public var description: String {
        switch self {
        case .matches: "as published"
        case .noKnownDigest: "readable; no published digest is known for it"
        case .synthetic: "synthetic"
        case .absent: "absent"
        case .splitIncomplete: "present, but another file of its split is missing"
        case .differs(let found, let expected): "SHA-256 \(found), expected \(expected)"
        case .damaged(let reason): reason
        }
      }
    }

    /// The split: "train" or "test".
    public let split: String
    /// The file's official name, without ".gz".
    public let file: String
    /// What was found.
    public let outcome: Outcome
  }

  /// The dataset's catalogue name.
  public let dataset: String
  /// One finding per file, in the catalogue's order.
  public let findings: [Finding]

  /// Whether at least one split is present and no present file is bad. A split may be absent
  /// as a whole.
  public var isGood: Bool {
    let isThere = findings.contains { $0.outcome != .absent }
    return isThere && badFindings.isEmpty
  }

  /// Whether all files are present and none is bad.
  public var isComplete: Bool {
    badFindings.isEmpty && findings.allSatisfy { $0.outcome != .absent }
  }

  private var badFindings: [Finding] {
    findings.filter {
      switch $0.outcome {
      case .differs, .damaged, .splitIncomplete: true
      case .matches, .noKnownDigest, .synthetic, .absent: false
      }
    }
  }

  /// Imports every split that is present and compares the digests of its files.
  ///
  /// Throws `DatasetError` (unknownName) if the catalogue has no dataset of that name. Bad files are
  /// findings, not errors.
  public init(of name: String, in folder: String) throws {
    self.init(of: try DatasetCatalogue.entry(named: name), in: DatasetFolder(folder))
  }

  package init(of entry: DatasetDescription, in location: DatasetFolder) {
    dataset = entry.name
    var findings: [Finding] = []
    for split in entry.splits {
      let outcomes = Self.outcomes(of: split, entry, in: location)
      for (file, outcome) in zip(split.files, outcomes) {
        findings.append(Finding(split: split.name, file: file.name, outcome: outcome))
      }
    }
    self.findings = findings
  }

  private static func outcomes(
    of split: PublishedSplit, _ entry: DatasetDescription, in location: DatasetFolder
  ) -> [Finding.Outcome] {
    let paths = split.files.map { location.locate($0, of: entry) }
    guard paths.allSatisfy({ $0 != nil }) else {
      return paths.map { $0 == nil ? .absent : .splitIncomplete }
    }
    let fetched = FetchedDigests(in: location.folder(of: entry))
    do {
      let dataset = try ImageDataset.load(entry, splits: [split.name], from: location.path)
      return zip(split.files, dataset.files).map { file, found in
        dataset.isSynthetic ? .synthetic : compare(found.sha256, with: file, fetched)
      }
    } catch {
      // The line starts with the path of the bad file; the others are checked one by one.
      let reason = "\(error)"
      return zip(split.files, paths).map { file, path in
        guard let path, !reason.hasPrefix("\(path): ") else { return .damaged(reason) }
        do {
          let found = try ContentReader.sha256(ofContent: path, remedy: entry.remedy)
          return location.isSynthetic(entry) ? .synthetic : compare(found, with: file, fetched)
        } catch {
          return .damaged("\(error)")
        }
      }
    }
  }

  private static func compare(
    _ found: String, with file: PublishedFile, _ fetched: FetchedDigests
  ) -> Finding.Outcome {
    guard let expected = file.sha256 ?? fetched.digests[file.name] else { return .noKnownDigest }
    return found == expected ? .matches : .differs(found: found, expected: expected)
  }
}
