import ArgumentParser
import Experiments
import Foundation
import Partitioning
import Reports
import Support

/// `pfedla partition`: make and inspect splits of a dataset over clients.
struct PartitionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "partition",
    abstract: "Split a dataset over clients, or inspect such a split.",
    discussion: """
      A partition file lists the training and test samples of each client. Any run can \
      use it as partition.file, so several methods can share it.

      Examples:
        pfedla partition make experiments/first-result.yaml \\
          --output runs/partition.h5
        pfedla partition inspect runs/partition.h5
        pfedla partition import split.json --output runs/imported.h5 \\
          --specification experiments/first-result.yaml
        pfedla partition hold-out runs/partition.h5 --output runs/validation.h5 \\
          --specification experiments/first-result.yaml
      """,
    subcommands: [Make.self, Import.self, HoldOut.self, Inspect.self])

  /// `pfedla partition make`.
  struct Make: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make the partition that a specification describes and save it.",
      usage:
        "pfedla partition make <specification> --output <output> [--set <key=value> ...] [<options>]",
      discussion: """
        Any run can use the file as partition.file, so all methods can share it.

        Examples:
          pfedla partition make experiments/first-result.yaml \\
            --output runs/partition.h5
          pfedla run experiments/first-result.yaml --output runs/pfedla.h5 \\
            --set 'partition={file: runs/partition.h5}'
        """)

    @Argument(help: "A specification; its dataset, partition and seed are used.")
    var specification: String?

    @OptionGroup var output: PartitionOutputOption

    @OptionGroup var datasets: DatasetsFolderOption

    @OptionGroup var changes: OverridesOption

    mutating func validate() throws {
      specification = try changes.separating(specification, "specification")
    }

    func run() throws {
      try output.require(inputs: [specification].compactMap { $0 })
      let document = try SpecificationDocument(
        file: specification ?? "", overrides: changes.overrides)
      let partition = try RunPreparation.partition(
        RunSpecification(document), datasetsFolder: datasets.folder)
      try output.save(partition)
    }
  }

  /// `pfedla partition hold-out`.
  struct HoldOut: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "hold-out",
      abstract: "Turn part of each client's training data into validation data.",
      usage: """
        pfedla partition hold-out <file> --specification <specification> --output <output> \
        [--set <key=value> ...] [<options>]
        """,
      discussion: """
        The test samples of the new partition are taken from the training samples of the given one, \
        whose own test samples are left out. Use it to choose hyperparameters without looking at any test \
        sample.

        Example:
          pfedla partition hold-out runs/partition.h5 --output runs/validation.h5 \\
            --specification experiments/first-result.yaml
        """)

    @Argument(help: "A partition file or a result file.")
    var file: String?

    @Option(help: "A specification; its dataset is used.")
    var specification: String

    @OptionGroup var output: PartitionOutputOption

    @Option(help: "The share of the training data to hold out, above 0 and below 1.")
    var share = 0.3

    @OptionGroup var datasets: DatasetsFolderOption

    @OptionGroup var changes: OverridesOption

    mutating func validate() throws { file = try changes.separating(file, "file") }

    func run() throws {
      try output.require(inputs: [specification, file].compactMap { $0 })
      let specification = try RunSpecification(
        SpecificationDocument(file: specification, overrides: changes.overrides))
      let file = file ?? ""
      let partition = try RunPreparation.holdOut(
        share: share, of: Partition.load(from: file), path: file, specification,
        datasetsFolder: datasets.folder)
      try output.save(partition)
    }
  }

  /// `pfedla partition inspect`.
  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show how many samples of each class each client has.",
      discussion: """
        Example:
          pfedla partition inspect runs/partition.h5 --picture runs/partition.svg
        """)

    @Argument(help: "A partition file or a result file.")
    var file: String

    @Option(help: ArgumentHelp("Plot the counts in this SVG file.", valueName: "file.svg"))
    var picture: String?

    @Option(help: ArgumentHelp("Write the counts to this CSV file.", valueName: "file.csv"))
    var csv: String?

    func run() throws {
      let partition = try Partition.load(from: file)
      print(PartitionTable(partition))
      if let picture {
        try OutputCheck.require(picture, overwrite: true, inputs: [file])
        try TextFile.write(PartitionPicture(partition).svg, to: picture)
        print(picture)
      }
      if let csv {
        try OutputCheck.require(csv, overwrite: true, inputs: [file])
        try TextFile.write(PartitionTable(partition).labelCountCSV, to: csv)
        print(csv)
      }
    }
  }
}
