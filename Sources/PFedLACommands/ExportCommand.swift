import ArgumentParser
import Experiments
import Reports

/// `pfedla export`: a result file as CSV, for GNU Octave, and its models for PyTorch.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract:
      "Write a result file's numbers as tidy CSV files, its models for PyTorch, or all for Octave.",
    discussion: """
      Writes rounds.csv (means and standard deviations over clients; for losses, over the finite ones, \
      and the number of clients that have diverged), clients.csv (every client in \
      every evaluated round), spread.csv (how accuracies differ between clients), for methods that have them aggregation_weights.csv (round, client, \
      layer, source client, weight) and aggregation_summary.csv (mean weight of the client itself \
      and of other clients by the number of classes in common), class_counts.csv (correct test \
      samples of each client and class) and class_confusion.csv (which classes they were taken for) if they were recorded, and new_clients.csv if clients joined after training. Every row begins with method, dataset, \
      scheme, number of clients and seed. Prints the digest of the numbers. A file whose numbers do not \
      match the digest recorded in it is refused; a file of schema version 1 has no digest and is exported \
      without this check.

      --pytorch writes each client's model as client-0000.npz, …: arrays named as in a state \
      dictionary, such as conv1.weight, which numpy.load reads.

      --octave writes everything to an HDF5 file that GNU Octave's load reads; it stops at a result \
      file's text of variable length.

      Examples:
        pfedla export runs/pfedla.h5 --csv runs/pfedla-csv
        pfedla export runs/pfedla.h5 --pytorch runs/pfedla-models
        pfedla export runs/pfedla.h5 --octave runs/pfedla-octave.h5
      """)

  @Argument(help: "A result file of pfedla run.")
  var file: String

  @Option(help: ArgumentHelp("The folder for the CSV files.", valueName: "folder"))
  var csv: String?

  @Option(help: ArgumentHelp("The folder for the clients' models.", valueName: "folder"))
  var pytorch: String?

  @Option(help: ArgumentHelp("The HDF5 file for GNU Octave.", valueName: "file.h5"))
  var octave: String?

  func validate() throws {
    guard csv != nil || pytorch != nil || octave != nil else {
      throw ValidationError("found none of --csv, --pytorch and --octave, expected one of them")
    }
  }

  func run() throws {
    let result = try VerifiedResult.read(file)
    if let csv {
      for name in try ResultExport(result).write(to: csv) { print("\(csv)/\(name)") }
    }
    if let pytorch {
      let files = try ModelExport(result).write(to: pytorch)
      print("\(pytorch): \(files.count) models, \(files.first ?? "") …")
    }
    if let octave {
      try OctaveExport(result).write(to: octave)
      print(octave)
    }
    if let digest = result.numbersSHA256 { print("numbers_sha256 \(digest)") }
  }
}
