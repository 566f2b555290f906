import Foundation
import Support

/// A table for readers: rows of text under a header, with a title and footers. Rendered as
/// Markdown, LaTeX and HTML; the numbers for machines are in a CSV file beside it.
public struct ReportTable: Sendable, Equatable {
  /// A cell's place.
  public struct Place: Sendable, Hashable {
    /// The row, from 0 under the header.
    public let row: Int
    /// The column, from 0.
    public let column: Int

    /// A place.
    public init(row: Int, column: Int) {
      self.row = row
      self.column = column
    }
  }

  /// What it shows.
  public var title: String
  /// The header, axis (column).
  public var header: [String]
  /// The cells, axes (row, column); a missing one is empty.
  public var rows: [[String]]
  /// What a reader must know: profile, data, code version, meaning of the numbers.
  public var footers: [String]
  /// The cells in bold.
  public var marked: Set<Place>

  /// A table; every row must have the header's length.
  public init(
    title: String, header: [String], rows: [[String]], footers: [String] = [],
    marked: Set<Place> = []
  ) {
    self.title = title
    self.header = header
    self.rows = rows
    self.footers = footers
    self.marked = marked
  }

  /// The cells as a notation wants them: escaped, and marked where they are to be.
  private func written(_ escaped: (String) -> String, _ bold: (String) -> String) -> [[String]] {
    rows.enumerated().map { row, cells in
      cells.enumerated().map { column, text in
        marked.contains(Place(row: row, column: column)) && !text.isEmpty
          ? bold(escaped(text)) : escaped(text)
      }
    }
  }

  /// In Markdown.
  public var markdown: String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    let rule = "|" + String(repeating: " --- |", count: header.count)
    let lines = written(Escaping.markdown) { "**\($0)**" }.map(line)
    return "## \(Escaping.markdown(title))\n\n"
      + ([line(header.map(Escaping.markdown)), rule] + lines).joined(separator: "\n") + "\n"
      + footers.map { "\n\(Escaping.markdown($0))\n" }.joined()
  }

  /// As a LaTeX table of the packages booktabs and graphicx, as wide as the text at most. LaTeX numbers its
  /// captions itself, so that a number at the start of the title is left out there.
  public var latex: String {
    func line(_ cells: [String]) -> String {
      "    " + cells.joined(separator: " & ") + " \\\\"
    }
    let body = written(Escaping.latex) { "\\textbf{\($0)}" }.map { cells in
      line(cells.enumerated().map { isProse($0) ? Self.paragraph($1) : $1 })
    }
    let head = line(header.map(Self.latexHeader))
    let width = "\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi"
    return
      ([
        "% needs \\usepackage{booktabs,graphicx}",
        "\\begin{table}", "  \\centering", "  \\caption{\(Escaping.latex(unnumberedTitle))}",
        "  \\small", "  \\setlength{\\tabcolsep}{4pt}", "  \\resizebox{\(width)}{!}{%",
        "  \\begin{tabular}{\(header.indices.map { $0 == 0 || isProse($0) ? "l" : "r" }.joined())}",
        "    \\toprule", head, "    \\midrule",
      ] + body
      + ["    \\bottomrule", "  \\end{tabular}}"]
      + footers.map {
        "  \\par\\smallskip\n  \\parbox{\\linewidth}{\\footnotesize \(Escaping.latex($0))}"
      }
      + ["\\end{table}"])
      .joined(separator: "\n") + "\n"
  }

  /// Whether a column has texts that must wrap.
  private func isProse(_ column: Int) -> Bool {
    column > 0
      && rows.contains {
        $0.indices.contains(column) && $0[column].count > 24
          && $0[column].contains { $0 == "," }
      }
  }

  private static func paragraph(_ text: String) -> String {
    "\\parbox[t]{3.2cm}{\\raggedright \(text)\\strut}"
  }

  /// A header cell; a long one in two lines, broken at the blank nearest to its middle.
  private static func latexHeader(_ text: String) -> String {
    let words = text.split(separator: " ").map(String.init)
    guard text.count > 12, words.count > 1 else { return Escaping.latex(text) }
    let lines = (1..<words.count).map { count in
      (words[..<count].joined(separator: " "), words[count...].joined(separator: " "))
    }
    guard let best = lines.min(by: { max($0.0.count, $0.1.count) < max($1.0.count, $1.1.count) })
    else { return Escaping.latex(text) }
    return "\\shortstack{\(Escaping.latex(best.0))\\\\\(Escaping.latex(best.1))}"
  }

  /// The title without `Table 1: ` or the like at its start.
  private var unnumberedTitle: String {
    let number = title.range(of: "^Table [0-9]+: ", options: .regularExpression)
    return number.map { String(title[$0.upperBound...]).capitalisedFirst } ?? title
  }

  /// As an HTML table.
  public var html: String {
    func cells(_ texts: [String], _ tag: String) -> String {
      "<tr>"
        + texts.enumerated().map { column, text in
          column == 0 && tag == "td"
            ? "<th scope=\"row\"\(Self.prose(text))>\(text)</th>"
            : "<\(tag)\(Self.prose(text))>\(text)</\(tag)>"
        }.joined() + "</tr>"
    }
    let lines = written(Escaping.html) { "<strong>\($0)</strong>" }
    let head = cells(header.map(Escaping.html), "th")
    return
      "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"\(Escaping.html(title))\">"
      + "<table><thead>\(head)</thead><tbody>"
      + lines.map { cells($0, "td") }.joined(separator: "\n") + "</tbody></table></div>\n"
      + footers.map { "<p class=\"note\">\(Escaping.html($0))</p>\n" }.joined()
  }

  /// Marks a cell of prose, which must wrap where numbers must not.
  private static func prose(_ text: String) -> String { text.count > 40 ? " class=\"text\"" : "" }

  /// Writes `table.md` and `table.tex` into a folder that exists. Throws if that fails.
  public func write(to folder: String, name: String = "table") throws {
    for (name, text) in [("\(name).md", markdown), ("\(name).tex", latex)] {
      try TextFile.write(text, to: "\(folder)/\(name)")
    }
  }
}
