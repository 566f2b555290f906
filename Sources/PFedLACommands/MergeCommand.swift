import ArgumentParser
import Experiments
import Reports

/// `pfedla merge`: many results in one file.
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Put the numbers of many results into one HDF5 file with common axes.",
    discussion: """
      The axes are method, seed, setting, round and client; xarray.open_dataset reads the file with their \
      coordinates. A setting is what differs between the results besides these: keys of the dataset and the \
      partition, and other keys in which two results of one method on the same data differ. Results may have \
      different numbers of rounds and clients, and combinations may be missing: what a result does not have is \
      NaN. Two results in one place are refused. Aggregation weights, counts of classes and models stay in the \
      results.

      Example:
        pfedla merge runs/first-result/*.h5 --output runs/first-result/all.h5
      """)

  @Argument(help: "Result files of pfedla run.")
  var files: [String]

  @Option(name: .shortAndLong, help: "The file to write (HDF5).")
  var output: String

  @Flag(help: "Replace the file if it exists.")
  var overwrite = false

  func run() throws {
    try OutputCheck.require(output, overwrite: overwrite, inputs: files)
    let merged = try MergedResults(files.map { MergedResults.Run(try VerifiedResult.read($0)) })
    try merged.write(to: output, overwrite: overwrite)
    print("\(output): \(merged)")
  }
}
