/// Why a partition cannot be made, read or used: one line that names the key or file, what was
/// found, what was expected and how to fix it.
public struct PartitionError: Error, CustomStringConvertible, Equatable, Sendable {
  /// What the line is about: a key as written in the specification (`partition.clients`), a file,
  /// or `partition` for a partition in memory.
  public let subject: String
  /// What was found, what was expected, and how to fix it.
  public let problem: String

  /// An error about `subject`.
  public init(_ subject: String, _ problem: String) {
    self.subject = subject
    self.problem = problem
  }

  /// An error about a key of the specification's `partition` section.
  public init(key: String, _ problem: String) {
    self.init("partition.\(key)", problem)
  }

  /// The whole line: `subject: problem`.
  public var description: String { "\(subject): \(problem)" }
}
