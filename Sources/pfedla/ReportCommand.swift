import ArgumentParser
import Experiments
import Foundation

/// `pfedla report`: tables, figures and report.html of what `pfedla reproduce` has done so far.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write tables, figures and report.html of an output folder of reproduce.",
    discussion: """
      Each sweep's CSV, Markdown, LaTeX, SVG and PNG files go into the folder of its name; report.html \
      shows them all on one page that needs no network. Missing runs stay empty; a file that is damaged, or \
      holds another run than its name says, is named and shown as missing. pfedla reproduce does the same \
      at its end.

      Example:
        pfedla report runs/reproduce-quick
      """)

  @Argument(help: "The output folder.")
  var folder: String

  @Option(help: "Where the sweeps are, with the paper's numbers in paper/.")
  var experiments = "experiments"

  func run() throws {
    let report = try Report(output: folder, paperFolder: "\(experiments)/paper")
    try report.write()
    report.printProblems()
    print("\(folder)/report.html")
  }
}

extension Report {
  /// Prints on standard error what is wrong with results, each thing once.
  func printProblems() {
    var seen = Set<String>()
    for problem in sweeps.flatMap(\.problems) where seen.insert(problem).inserted {
      FileHandle.standardError.write(Data((problem + "\n").utf8))
    }
  }
}
