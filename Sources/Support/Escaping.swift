/// Text from outside (labels, titles, names, layers) as part of a language that gives some signs a meaning. The
/// only place that escapes: every writer of HTML, Markdown, LaTeX, CSV and gnuplot calls it.
///
/// All of it works on Unicode scalars or bytes, never on characters: a quote with an accent on it is one
/// character that equals no quote, and still ends a string.
public enum Escaping {
  /// Text for HTML and SVG: the signs that would begin or end something there are written by their names.
  public static func html(_ text: String) -> String {
    scalars(of: shown(text)) { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      default: nil
      }
    }
  }

  /// Text in Markdown, on one line.
  public static func markdown(_ text: String) -> String {
    scalars(of: oneLine(shown(text))) { scalar in
      switch scalar {
      case "\\", "|", "*", "_", "`", "[", "]": "\\\(scalar)"
      case "<": "&lt;"
      case "&": "&amp;"
      default: nil
      }
    }
  }

  /// Text in LaTeX, on one line, with signs of mathematics in mathematics. A sign that pdfLaTeX does not know
  /// without more packages is written by its number, such as `[U+4E2D]`, so that every document compiles.
  public static func latex(_ text: String) -> String {
    scalars(of: oneLine(shown(text))) { scalar in
      switch scalar {
      case "&", "%", "$", "#", "_", "{", "}": "\\\(scalar)"
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "\\": "\\textbackslash{}"
      // After the end of a line of a table it would begin an argument.
      case "[": "{[}"
      case "±": "$\\pm$"
      case "−": "$-$"
      case "×": "$\\times$"
      case "Δ": "$\\Delta$"
      case "≤": "$\\le$"
      case "≥": "$\\ge$"
      case "<", ">", "|": "$\(scalar)$"
      case "\u{2013}": "--"
      case "\u{2014}": "---"
      case "\u{2018}": "`"
      case "\u{2019}": "'"
      case "\u{201c}": "``"
      case "\u{201d}": "''"
      // Letters of Western European languages, but the signs among them.
      case "\u{c0}"..."\u{ff}"
      where scalar.properties.isAlphabetic
        && !"\u{d0}\u{de}\u{f0}\u{fe}".unicodeScalars.contains(scalar):
        nil
      case "\u{80}"...: "{[}U+\(String(scalar.value, radix: 16, uppercase: true))]"
      default: nil
      }
    }
  }

  /// A field of CSV (RFC 4180), between quotes where it must be. Text that a spreadsheet would take for a
  /// formula gets an apostrophe in front; numbers stay as they are.
  public static func csv(_ field: String) -> String {
    let starts = field.unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
    let text = starts && Double(field) == nil ? "'" + field : field
    guard text.unicodeScalars.contains(where: { ",\"\n\r".unicodeScalars.contains($0) }) else {
      return text
    }
    return "\"" + scalars(of: text) { $0 == "\"" ? "\"\"" : nil } + "\""
  }

  /// A string of a gnuplot script, for terminals that show it as it is (`noenhanced`): between double quotes,
  /// with every byte but letters, digits and a few harmless signs as an octal code, so that no text can end the
  /// string, run a command between backquotes or expand a macro.
  public static func gnuplot(_ text: String) -> String {
    "\""
      + shown(text).utf8.map { byte in
        let scalar = Unicode.Scalar(byte)
        let isPlain =
          byte < 0x80
          && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
            || " .,:;()+-/".unicodeScalars.contains(scalar))
        guard !isPlain else { return String(scalar) }
        // Three digits; gnuplot takes a fourth if the first is 0, and a digit may follow.
        let octal = String(byte, radix: 8)
        return "\\" + String(repeating: "0", count: (byte < 0o100 ? 4 : 3) - octal.count) + octal
      }.joined() + "\""
  }

  /// The beginning of a text, as an error line shows it: control characters become question marks.
  public static func error(_ text: some StringProtocol, atMost length: Int) -> String {
    scalars(of: String(String(text).unicodeScalars.prefix(length))) {
      $0.properties.generalCategory == .control ? "?" : nil
    }
  }

  /// Text without what nobody can see and some programs obey: control characters but tab and newline, and
  /// marks that turn the direction of writing, become U+FFFD.
  private static func shown(_ text: String) -> String {
    scalars(of: text) { scalar in
      let isHidden =
        switch scalar.value {
        case 0x09, 0x0a, 0x0d: false
        case 0..<0x20, 0x7f..<0xa0: true
        case 0x061c, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069: true
        case 0x2028, 0x2029, 0xfffe, 0xffff: true
        default: false
        }
      return isHidden ? "\u{fffd}" : nil
    }
  }

  private static func oneLine(_ text: String) -> String {
    scalars(of: text) { "\n\r\t".unicodeScalars.contains($0) ? " " : nil }
  }

  /// The text with some scalars replaced.
  private static func scalars(
    of text: String, _ replacement: (Unicode.Scalar) -> String?
  ) -> String {
    var result = String.UnicodeScalarView()
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      if let replacement = replacement(scalar) {
        result.append(contentsOf: replacement.unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}
