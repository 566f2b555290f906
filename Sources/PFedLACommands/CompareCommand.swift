import ArgumentParser
import Experiments
import Foundation
import Reports

/// `pfedla compare`: results side by side.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare results of several methods and seeds in one table and one plot.",
    discussion: """
      Runs that differ only in their seeds share a row; any other difference between rows is a column. \
      Accuracies are those of the last evaluation, never of the best round. With --output the table \
      (CSV and Markdown), the learning curves (CSV) and, if gnuplot is installed, their plot \
      (SVG and PNG) are written.

      Example:
        pfedla compare runs/first-result/*.h5 --output runs/first-result
      """)

  @Argument(help: "Result files of pfedla run.")
  var files: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The folder for the table and the plot.", valueName: "folder"))
  var output: String?

  func run() throws {
    let results = try files.map { try RunResult(path: $0) }
    for warning in results.compactMap(\.sealWarning) {
      printToStandardError("Warning: \(warning).")
    }
    let comparison = try Comparison(results)
    print(comparison.plainText(isBold: Terminal.isBold))
    for warning in comparison.warnings { printToStandardError("Warning: \(warning).") }
    guard let output else { return }
    let (names, problem) = try comparison.write(to: output)
    for name in names { print("\(output)/\(name)") }
    if let problem { print("No plot was drawn: \(problem)") }
  }
}
