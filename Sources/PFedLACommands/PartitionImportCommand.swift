import ArgumentParser
import Experiments
import Partitioning

extension PartitionCommand {
  /// `pfedla partition import`.
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a partition file of the samples that another program gave each client.",
      usage: """
        pfedla partition import <file> --specification <specification> --output <output> \
        [--set <key=value> ...] [<options>]
        """,
      discussion: """
        The ending of the file's name says how it is read: .csv with columns client, split (train or \
        test) and index; .json with the lists train and test of each client; .npz with arrays client, split \
        and index, or train_0, test_0, train_1, …. Documentation/partitions.md shows each. An index is a \
        sample's place in the dataset's files one after another, from 0; with --test-offset 60000, test \
        indices count from MNIST's test file.

        Example:
          pfedla partition import split.json --output runs/partition.h5 \\
            --specification experiments/first-result.yaml
        """)

    @Argument(help: "A .csv, .json or .npz file.")
    var file: String?

    @Option(help: "A specification; its dataset is used.")
    var specification: String

    @OptionGroup var output: PartitionOutputOption

    @Option(help: "Add this to each test index.")
    var testOffset = 0

    @OptionGroup var datasets: DatasetsFolderOption

    @OptionGroup var changes: OverridesOption

    mutating func validate() throws { file = try changes.separating(file, "file") }

    func run() throws {
      let file = file ?? ""
      try output.require(inputs: [specification, file])
      let partition = try RunPreparation.importPartition(
        from: file, testOffset: testOffset,
        RunSpecification(
          SpecificationDocument(file: specification, overrides: changes.overrides)),
        datasetsFolder: datasets.folder)
      try output.save(partition)
    }
  }
}
