import Support

/// A NumPy file that cannot be read: one line that names the file and the array, what was found and what was expected.
public struct NumPyError: Error, CustomStringConvertible, Equatable, Sendable {
  /// The whole line.
  public let description: String

  /// An error about `subject`.
  package init(_ subject: String, _ problem: String) {
    // Names and types come from the file.
    description = Escaping.error("\(subject): \(problem)", atMost: 400)
  }
}
