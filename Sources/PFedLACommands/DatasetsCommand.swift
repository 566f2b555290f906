import ArgumentParser
import Datasets

/// `pfedla datasets`: published image datasets and synthetic stand-ins.
struct DatasetsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "datasets",
    abstract: "List, fetch, verify and synthesize datasets.",
    discussion: """
      Datasets are looked for in --datasets DIR, else in the folder that PFEDLA_DATASETS names, else \
      in datasets/.

      Examples:
        pfedla datasets list                  what is known and what is there
        pfedla datasets fetch fashion-mnist   from the publisher, checked
        pfedla datasets verify                check all files that are there
        pfedla datasets synthesize cifar10 --datasets synthetic
                                              a stand-in, where there is no network
      """,
    subcommands: [
      DatasetsList.self, DatasetsFetch.self, DatasetsVerify.self, DatasetsSynthesize.self,
    ])
}

/// The option that all commands share which read or write datasets.
struct DatasetsFolderOption: ParsableArguments {
  @Option(
    name: .customLong("datasets"),
    help: ArgumentHelp(
      "The datasets folder. (default: $PFEDLA_DATASETS, else datasets)", valueName: "dir"))
  var explicit: String?

  /// The folder to use.
  var folder: String { DatasetFolder.resolve(explicit: explicit) }
}
