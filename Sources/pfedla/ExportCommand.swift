import ArgumentParser
import Experiments

/// `pfedla export`: a result file as CSV.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a result file's contents as tidy CSV files.",
    discussion: """
      Writes rounds.csv (means and standard deviations over clients), clients.csv (every client in \
      every evaluated round) and, for methods that have them, aggregation_weights.csv (round, client, \
      layer, source client, weight) and aggregation_summary.csv (mean weight of the client itself \
      and of other clients by the number of classes in common), and class_counts.csv (correct test \
      samples of each client and class) where they were recorded. Every row begins with method, dataset, \
      scheme, number of clients and seed. Prints the digest of the numbers.

      Example:
        pfedla export runs/pfedla.h5 --csv runs/pfedla-csv
      """)

  @Argument(help: "A result file of pfedla run.")
  var file: String

  @Option(help: ArgumentHelp("The folder for the CSV files.", valueName: "folder"))
  var csv: String

  func run() throws {
    let result = try RunResult(path: file)
    for name in try ResultExport(result).write(to: csv) { print("\(csv)/\(name)") }
    if let digest = result.numbersSHA256 { print("numbers_sha256 \(digest)") }
  }
}
