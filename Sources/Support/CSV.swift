import Foundation

/// Comma-separated values as RFC 4180 has them, with a header and a point as decimal separator.
/// Missing numbers are empty.
public struct CSV: Sendable {
  /// The lines so far, header first.
  public private(set) var text: String

  /// Begins with the names of the columns.
  public init(_ columns: [String]) {
    text = Self.line(columns)
  }

  /// Appends a row.
  public mutating func append(_ fields: [String]) { text += Self.line(fields) }

  /// A number as short as reads back to the same value; empty if it is NaN.
  public static func number(_ value: Float) -> String { value.isNaN ? "" : "\(value)" }
  /// A number as short as reads back to the same value; empty if it is NaN.
  public static func number(_ value: Double) -> String {
    value.isNaN ? "" : value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }

  /// Writes the text, replacing a file that is there. Throws `FileError` if that fails.
  public func write(to path: String) throws { try TextFile.write(text, to: path) }

  private static func line(_ fields: [String]) -> String {
    fields.map(Escaping.csv).joined(separator: ",") + "\n"
  }
}
