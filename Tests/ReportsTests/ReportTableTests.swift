import Foundation
import Reports
import TestSupport
import Testing

@Suite("Tables for readers")
struct ReportTableTests {
  private let table = ReportTable(
    title: "50 % & _more_", header: ["a|b", "c_d"],
    rows: [["x*y*", "1 ± 2"], ["<i>", "–3 ≤ 4"]], footers: ["#1: ~a^b\\c $5 {6}"],
    marked: [ReportTable.Place(row: 0, column: 1), ReportTable.Place(row: 1, column: 0)])

  @Test("Markdown")
  func markdown() {
    #expect(
      table.markdown == """
        ## 50 % &amp; \\_more\\_

        | a\\|b | c\\_d |
        | --- | --- |
        | x\\*y\\* | **1 ± 2** |
        | **&lt;i>** | –3 ≤ 4 |

        #1: ~a^b\\\\c $5 {6}

        """)
  }

  @Test("LaTeX")
  func latex() {
    #expect(
      table.latex == """
        % needs \\usepackage{booktabs}
        \\begin{table}
          \\centering
          \\caption{50 \\% \\& \\_more\\_}
          \\begin{tabular}{lr}
            \\toprule
            a$|$b & c\\_d \\\\
            \\midrule
            x*y* & \\textbf{1 $\\pm$ 2} \\\\
            \\textbf{$<$i$>$} & –3 $\\le$ 4 \\\\
            \\bottomrule
          \\end{tabular}

          \\footnotesize \\#1: \\textasciitilde{}a\\textasciicircum{}b\\textbackslash{}c \\$5 \\{6\\}

        \\end{table}

        """)
  }

  @Test("LaTeX captions leave the number to LaTeX")
  func captions() {
    for (title, caption) in [
      ("Table 12: accuracy", "accuracy"), ("Table 1 and 2: accuracy", "Table 1 and 2: accuracy"),
      ("See Table 1: accuracy", "See Table 1: accuracy"),
      ("Figure 1: weights", "Figure 1: weights"),
    ] {
      let table = ReportTable(title: title, header: ["a"], rows: [])
      #expect(table.latex.contains("\\caption{\(caption)}"), "\(title)")
      #expect(table.markdown.hasPrefix("## \(title)\n"), "\(title)")
    }
  }

  @Test("HTML")
  func html() {
    #expect(table.html.contains("<td><strong>1 ± 2</strong></td>"))
    #expect(table.html.contains("<th scope=\"row\"><strong>&lt;i&gt;</strong></th>"))
    #expect(!table.html.contains("<i>"))
  }

  @Test("both files are written")
  func files() throws {
    let folder = try TemporaryFolder()
    try table.write(to: folder.path)
    #expect(try String(contentsOf: folder.file("table.md"), encoding: .utf8) == table.markdown)
    #expect(try String(contentsOf: folder.file("table.tex"), encoding: .utf8) == table.latex)
  }
}
