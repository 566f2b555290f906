import ArgumentParser
import Experiments
import Partitioning

/// Where a command that makes a partition writes it.
struct PartitionOutputOption: ParsableArguments {
  @Option(name: .shortAndLong, help: "The partition file to write (HDF5).")
  var output: String

  @Flag(help: "Replace the file if it exists.")
  var overwrite = false

  /// Throws, before any work, if the file cannot be written or is one of the inputs.
  func require(inputs: [String]) throws {
    try OutputCheck.require(output, overwrite: overwrite, inputs: inputs)
  }

  /// Writes the partition, and prints its table and the file's name.
  func save(_ partition: Partition) throws {
    try partition.save(to: output, overwrite: overwrite)
    print(PartitionTable(partition))
    print(output)
  }
}
