import Foundation
import Support
import Testing

@Suite("Escaping")
struct EscapingTests {
  /// Every sign with a meaning somewhere, alone and with an accent on it, between letters.
  static let hostile: [String] = {
    let signs = Array("\"'`@\\$%&#_{}~^<>|*[]=+-,;:\n\r\t\0\u{1b}\u{202e}\u{2066}\u{200f}")
      .map(String.init)
    return signs.flatMap { ["a\($0)b", "a\($0)\u{301}b", "\($0)x", "\($0)\u{301}"] }
      + ["`\u{301};touch x;`\u{301}", "\"\u{301} ; system 'touch x'", "]]>", "</script>", "&#34;"]
  }()

  /// Bytes of UTF-8 that may stand in an escaped text.
  private func bytes(_ text: String) -> Set<UInt8> { Set(text.utf8) }

  @Test(
    "HTML: no sign that begins or ends something is left, and nothing hidden", arguments: hostile)
  func html(text: String) {
    let escaped = Escaping.html(text)
    #expect(bytes(escaped).isDisjoint(with: "<>\"'".utf8))
    #expect(escaped.unicodeScalars.allSatisfy { !Self.isHidden($0) })
    // Every & begins a name or number.
    let rest = escaped.replacing(
      /&(amp|lt|gt|quot|#39);/.matchingSemantics(.unicodeScalar), with: "")
    #expect(!rest.utf8.contains(UInt8(ascii: "&")))
  }

  @Test("Markdown: one line, and every mark has a backslash", arguments: hostile)
  func markdown(text: String) {
    let escaped = Escaping.markdown(text)
    #expect(bytes(escaped).isDisjoint(with: "\n\r<".utf8))
    let scalars = Array(escaped.unicodeScalars)
    var place = 0
    while place < scalars.count {
      if scalars[place] == "\\" {
        place += 2
        continue
      }
      #expect(!"|*_`[]".unicodeScalars.contains(scalars[place]))
      place += 1
    }
  }

  @Test("LaTeX: one line, and no sign does anything", arguments: hostile)
  func latex(text: String) {
    let escaped = Escaping.latex(text)
    #expect(bytes(escaped).isDisjoint(with: "\n\r".utf8))
    // Nothing that pdfLaTeX does not know: ASCII, and letters of Western European languages.
    #expect(escaped.unicodeScalars.allSatisfy { $0.isASCII || ("\u{c0}"..."\u{ff}").contains($0) })
    let known = /\{\[\}|\\text[a-z]+\{\}|\\[&%$#_{}]|\$(?:\\[a-zA-Z]+|[-<>|])\$/
      .matchingSemantics(.unicodeScalar)
    let rest = String(
      String.UnicodeScalarView(escaped.unicodeScalars.map { $0.isASCII ? $0 : "x" })
    )
    .replacing(known, with: "")
    #expect(bytes(rest).isDisjoint(with: "\\&%$#_{}~^<>|".utf8), "\(rest)")
  }

  @Test(
    "CSV: a reader gets the text back, but for formulas, which get an apostrophe",
    arguments: hostile)
  func csv(text: String) {
    let field = Escaping.csv(text)
    var scalars = Array(field.unicodeScalars)
    if scalars.first == "\"" {
      #expect(scalars.count > 1 && scalars.last == "\"")
      scalars = Array(scalars.dropFirst().dropLast())
      var read: [Unicode.Scalar] = []
      var place = 0
      while place < scalars.count {
        if scalars[place] == "\"" {
          #expect(place + 1 < scalars.count && scalars[place + 1] == "\"")
          place += 1
        }
        read.append(scalars[place])
        place += 1
      }
      scalars = read
    } else {
      #expect(scalars.allSatisfy { !",\"\n\r".unicodeScalars.contains($0) })
    }
    let isFormula =
      text.unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
    #expect(scalars == Array((isFormula ? "'" + text : text).unicodeScalars))
  }

  @Test("CSV: numbers stay numbers", arguments: ["-3.5", "+2", "-1e-05", "0"])
  func numbers(text: String) {
    #expect(Escaping.csv(text) == text)
  }

  @Test(
    "gnuplot: nothing but harmless signs and octal codes between two quotes", arguments: hostile)
  func gnuplot(text: String) {
    let literal = Escaping.gnuplot(text)
    #expect(literal.hasPrefix("\"") && literal.hasSuffix("\""))
    let rest = literal.dropFirst().dropLast().replacing(
      /\\(?:0[0-3][0-7][0-7]|[1-3][0-7][0-7])/.matchingSemantics(.unicodeScalar), with: "")
    #expect(rest.wholeMatch(of: /[A-Za-z0-9 .,:;()+\-\/]*/) != nil, "\(rest)")
  }

  @Test(
    "names of files",
    arguments: [
      ("table1", true), ("own_sweep-2.1", true), ("", false), (".", false), ("..", false),
      ("../x", false), ("a/b", false), ("-o", false), ("a b", false), ("é", false),
      ("a\u{301}", false),
      ("a\0", false),
    ])
  func fileNames(name: String, isOne: Bool) {
    #expect(isFileName(name) == isOne)
  }

  @Test(
    "the folder of a file",
    arguments: [
      ("a", "."), ("-", "."), (".", "."), ("é", "."), ("", "."), ("/a", "/"), ("//a", "/"),
      ("x/", "x"), ("x/y", "x"), ("x//y", "x"), ("../a.h5", ".."), ("./a", "."), ("/x/y/z", "/x/y"),
    ])
  func folders(path: String, expected: String) {
    #expect(folder(ofFile: path) == expected)
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    (scalar.value < 0x20 && !"\n\r\t".unicodeScalars.contains(scalar))
      || (0x7f..<0xa0).contains(scalar.value) || scalar.properties.isBidiControl
  }
}
