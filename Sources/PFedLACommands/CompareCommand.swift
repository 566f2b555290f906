import ArgumentParser
import Experiments
import Foundation
import Reports

/// `pfedla compare`: results side by side.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Put results of several methods and seeds into one table and one picture.",
    discussion: """
      Runs that differ by their seeds alone are one row; whatever else differs between rows is a column. \
      Accuracies are those of the last evaluation, never of the best round. With --output the table \
      (CSV and Markdown), the curves over rounds (CSV) and, where gnuplot is installed, their picture \
      (SVG and PNG) are written.

      Example:
        pfedla compare runs/first-result/*.h5 --output runs/first-result
      """)

  @Argument(help: "Result files of pfedla run.")
  var files: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The folder for table and picture.", valueName: "folder"))
  var output: String?

  func run() throws {
    let comparison = try Comparison(files.map { try RunResult(path: $0) })
    print(comparison.plainText)
    for warning in comparison.warnings { printToStandardError("Warning: \(warning).") }
    guard let output else { return }
    let names = try comparison.write(to: output)
    for name in names { print("\(output)/\(name)") }
    if !names.contains("curves.png") {
      print(
        "No picture was drawn: gnuplot is not installed (apt-get install gnuplot-nox, or "
          + "brew install gnuplot); curves.csv holds the same numbers.")
    }
  }
}
