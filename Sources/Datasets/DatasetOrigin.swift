import Foundation
import Support

/// What is known about the origin of the images and labels in memory.
public enum DatasetOrigin: String, Sendable, CaseIterable {
  /// Every file has the digest that its publisher's file has.
  case published
  /// At least one file has another digest, or none is known to compare with.
  case unverified
  /// The files were drawn by `pfedla datasets synthesize`.
  case synthetic
  /// The specification names files of the user's own, for which no digests are published.
  case own
}

/// The digests of files that `pfedla datasets fetch` took out of an archive with the published MD5:
/// the reference if the catalogue has no digest of the file itself. They are in
/// `fetched.sha256` in the dataset's folder, as `sha256sum` writes them, of the uncompressed contents.
struct FetchedDigests {
  private(set) var digests: [String: String] = [:]

  static func path(in folder: String) -> String { "\(folder)/fetched.sha256" }

  /// What was recorded in a folder; nothing if there is no such file.
  init(in folder: String) {
    guard let data = FileManager.default.contents(atPath: Self.path(in: folder)) else { return }
    for line in String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
      guard parts.count == 2 else { continue }
      digests[parts[1].trimmingCharacters(in: .whitespaces)] = String(parts[0])
    }
  }

  /// Adds digests to what a folder's record holds. Throws `DatasetError` (system) if it cannot be written.
  static func add(_ new: [String: String], in folder: String) throws {
    let all = FetchedDigests(in: folder).digests.merging(new) { $1 }
    let text = all.sorted { $0.key < $1.key }.map { "\($0.value)  \($0.key)\n" }.joined()
    do {
      try TextFile.write(text, to: path(in: folder))
    } catch {
      throw DatasetError(
        .system, "\(path(in: folder)): cannot be written; check the folder's permissions and space")
    }
  }
}

extension ImageDataset {
  /// Why a dataset of these files is not the published one, naming the first file that is not; nil if
  /// every digest matches.
  static func doubt(
    _ files: [SourceFile], of splits: [PublishedSplit], fetched: FetchedDigests
  ) -> String? {
    for (file, published) in zip(files, splits.flatMap(\.files)) {
      if let expected = published.sha256 {
        guard file.sha256 == expected else {
          return "\(file.name) has SHA-256 \(file.sha256), the published file has \(expected)"
        }
      } else if fetched.digests[file.name] != file.sha256 {
        return "no published digest of \(file.name) is known; "
          + "`pfedla datasets fetch` checks the archive that holds it"
      }
    }
    return nil
  }
}
