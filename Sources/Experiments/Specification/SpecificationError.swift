/// A specification that cannot be used.
public struct SpecificationError: Error, CustomStringConvertible, Equatable, Sendable {
  /// One line for the user: where, what was found, what was expected.
  public let description: String

  /// An error with that line.
  public init(_ description: String) { self.description = description }
}
