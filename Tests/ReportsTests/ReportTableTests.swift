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
        % needs \\usepackage{booktabs,graphicx}
        \\begin{table}
          \\centering
          \\caption{50 \\% \\& \\_more\\_}
          \\small
          \\setlength{\\tabcolsep}{4pt}
          \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%
          \\begin{tabular}{lr}
            \\toprule
            a$|$b & c\\_d \\\\
            \\midrule
            x*y* & \\textbf{1 $\\pm$ 2} \\\\
            \\textbf{$<$i$>$} & --3 $\\le$ 4 \\\\
            \\bottomrule
          \\end{tabular}}
          \\par\\smallskip
          \\parbox{\\linewidth}{\\footnotesize \\#1: \\textasciitilde{}a\\textasciicircum{}b\\textbackslash{}c \\$5 \\{6\\}}
        \\end{table}

        """)
  }

  @Test("LaTeX captions leave the number to LaTeX")
  func captions() {
    for (title, caption) in [
      ("Table 12: accuracy", "Accuracy"), ("Table 1 and 2: accuracy", "Table 1 and 2: accuracy"),
      ("See Table 1: accuracy", "See Table 1: accuracy"),
      ("Figure 1: weights", "Figure 1: weights"),
    ] {
      let table = ReportTable(title: title, header: ["a"], rows: [])
      #expect(table.latex.contains("\\caption{\(caption)}"), "\(title)")
      #expect(table.markdown.hasPrefix("## \(title)\n"), "\(title)")
    }
  }

  @Test("LaTeX: long headers take two lines, lists wrap, a bracket is no argument")
  func latexOfWideTables() {
    let table = ReportTable(
      title: "t", header: ["x", "paper's unit (paper)", "kept"],
      rows: [["[a]", "1", "fc1 100 %, conv1 20 %, fc2 10 %"]])
    #expect(table.latex.contains("\\shortstack{paper's\\\\unit (paper)} & kept"))
    #expect(table.latex.contains("\\begin{tabular}{lrl}"))
    #expect(
      table.latex.contains(
        "{[}a] & 1 & \\parbox[t]{3.2cm}{\\raggedright fc1 100 \\%, conv1 20 \\%, fc2 10 \\%\\strut}"
      ))
  }

  @Test("terminal: common columns above, at most 80 columns wide, marked cells bold")
  func terminal() {
    let accuracies = (0..<6).map { "61.4\($0) ± 0.20 (61.43)" }
    let table = ReportTable(
      title: "Table 1", header: ["method", "dataset"] + (0..<6).map { "column \($0)" },
      rows: [["pFedLA", "cifar10"] + accuracies, ["Local", "cifar10"] + accuracies],
      marked: [ReportTable.Place(row: 1, column: 3)])
    let lines = table.plainText(isBold: false).split(separator: "\n").map(String.init)
    #expect(lines[0] == "Table 1" && lines[1] == "dataset: cifar10")
    #expect(lines.allSatisfy { $0.count <= 80 })
    // Three columns of 20 characters fit beside the methods.
    #expect(lines.count == 2 + 2 * 3)
    #expect(lines[2] == "method              column 0              column 1              column 2")
    #expect(lines[3] == "pFedLA  61.40 ± 0.20 (61.43)  61.41 ± 0.20 (61.43)  61.42 ± 0.20 (61.43)")
    #expect(lines[5].hasPrefix("method "))
    #expect(
      table.plainText(isBold: true).contains("  \u{1b}[1m61.41 ± 0.20 (61.43)\u{1b}[0m  61.42"))
    #expect(!table.plainText(isBold: false).contains("\u{1b}"))
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
