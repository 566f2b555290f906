import Foundation
import Yams

/// YAML from anyone: texts that would need much more time, memory or stack than a specification does are refused
/// before the parser, which is recursive, sees them.
enum BoundedYAML {
  /// Bytes of a specification, at most.
  static let mostBytes = 1 << 20
  /// Values inside one another, at most.
  static let mostDepth = 64
  /// Aliases in one file, at most: so many cannot multiply into a large tree.
  static let mostAliases = 16

  /// The tree of a text; nil for an empty one. Throws `YamlError`, or `SpecificationError` for a text that is too
  /// large, too deep or has too many aliases.
  /// - Parameters:
  ///   - text: the text.
  ///   - place: where it stands, for the error.
  static func compose(_ text: String, place: String) throws -> Node? {
    guard text.utf8.count <= mostBytes else {
      throw SpecificationError(
        "\(place): \(text.utf8.count) bytes, expected a specification of at most \(mostBytes)")
    }
    let shape = Shape(text)
    guard shape.depth <= mostDepth else {
      throw SpecificationError(
        "\(place): values are nested more than \(mostDepth) deep; no key needs that")
    }
    guard shape.aliases <= mostAliases else {
      throw SpecificationError(
        "\(place): found more than \(mostAliases) aliases (*name); write the values out")
    }
    return try Yams.compose(yaml: text)
  }

  /// Upper bounds that need no parser.
  private struct Shape {
    /// Of flow brackets, indentation and marks such as `- - -`, quotes and comments not looked at.
    var depth = 0
    /// Asterisks before a letter or digit.
    var aliases = 0

    init(_ text: String) {
      var (flow, column, marks, indentation) = (0, 0, 0, 0)
      var isStart = true
      var indentations: [Int] = []
      var last: UInt8 = 0
      for byte in text.utf8 {
        if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
          (column, marks, indentation, isStart, last) = (0, 0, 0, true, byte)
          continue
        }
        column += 1
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "{"): flow += 1
        case UInt8(ascii: "]"), UInt8(ascii: "}"): flow = max(0, flow - 1)
        default: break
        }
        if last == UInt8(ascii: "*"), Self.isWord(byte) { aliases += 1 }
        if isStart {
          switch byte {
          case UInt8(ascii: " "), UInt8(ascii: "\t"): break
          case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"): marks += 1
          default:
            isStart = false
            indentation = column
            while let top = indentations.last, top >= indentation { indentations.removeLast() }
            indentations.append(indentation)
          }
        }
        depth = max(depth, flow + marks + indentations.count)
        last = byte
        if depth > BoundedYAML.mostDepth || aliases > BoundedYAML.mostAliases { return }
      }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
      Unicode.Scalar(byte).properties.isAlphabetic || (0x30...0x39).contains(byte)
        || byte == UInt8(ascii: "_") || byte >= 0x80
    }
  }
}
