import ArgumentParser
import Experiments
import Foundation
import Reports

/// `pfedla report`: tables, figures and report.html of the runs finished so far.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write tables, figures and report.html for an output folder of reproduce.",
    discussion: """
      Each sweep's CSV, Markdown, LaTeX, SVG and PNG files go into a folder with its name; report.html \
      shows them all on one page that works offline. Missing runs stay empty. A file that is damaged, or \
      holds another run than its name says, is reported and shown as missing. pfedla reproduce does the same \
      when it ends.

      Examples:
        pfedla report runs/reproduce-quick
        pfedla report runs/reproduce-paper --at-round 100
      """)

  @Argument(help: "The output folder.")
  var folder: String

  @Option(help: "The folder with the sweeps, and the paper's numbers in paper/.")
  var experiments = "experiments"

  @Option(
    help: ArgumentHelp(
      "Show every run as of this round, in FOLDER/at-round-N.", valueName: "round"))
  var atRound: Int?

  func validate() throws {
    if let atRound, atRound < 1 {
      throw ValidationError("--at-round: found \(atRound), expected a round of at least 1")
    }
  }

  func run() throws {
    let report = try Report(
      output: folder, paperFolder: "\(experiments)/paper", atRound: atRound)
    let written = try report.write()
    report.printProblems(of: written)
    print(written.plainText(isBold: Terminal.isBold), terminator: "")
    print("\(report.destination)/report.html")
  }
}

extension Report {
  /// Prints on standard error what is wrong with results and why pictures are missing, each line once.
  func printProblems(of written: Written) {
    var seen = Set<String>()
    let lines = sweeps.flatMap(\.problems) + written.sections.flatMap(\.missingPictures)
    for problem in lines where seen.insert(problem).inserted {
      printToStandardError(problem)
    }
  }
}
