/// What went wrong with a dataset, as one line that names the file or address, what was found, what
/// was expected and how to fix it.
public struct DatasetError: Error, CustomStringConvertible, Equatable, Sendable {
  /// The family of a failure, for code that reacts to it.
  public enum Kind: Sendable {
    /// A published file is not in the datasets folder.
    case missing
    /// A file's size, header, labels or compressed data break its format.
    case malformed
    /// A file's digest is not the published one.
    case checksum
    /// A dataset, split or class of that name does not exist, or is named twice.
    case unknownName
    /// The address answers with an error, or cannot be reached.
    case network
    /// The connection broke; what arrived is kept and the next fetch resumes.
    case interrupted
    /// The disk or an outside program failed.
    case system
    /// The request would harm existing files.
    case refused
  }

  /// The family of the failure.
  public let kind: Kind
  /// The line for the user.
  public let description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
