/// A specification that cannot be used.
public struct SpecificationError: Error, CustomStringConvertible, Equatable, Sendable {
  /// One line for the user: where, what was found, what was expected.
  public let description: String

  /// The characters of a line, at most: what was found may be a megabyte.
  private static let mostCharacters = 2_000

  /// An error with that line.
  public init(_ description: String) {
    let line = description.split(whereSeparator: \.isNewline).joined(separator: " ")
    self.description =
      line.count <= Self.mostCharacters ? line : line.prefix(Self.mostCharacters) + "…"
  }
}
