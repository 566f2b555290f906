import ArgumentParser
import Datasets

/// `pfedla datasets`: published image datasets and synthetic stand-ins.
struct DatasetsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "datasets",
    abstract: "List, fetch, verify, describe and synthesize datasets.",
    discussion: """
      Datasets are read from --datasets DIR, or the folder that PFEDLA_DATASETS names, or \
      datasets/, in this order.

      Examples:
        pfedla datasets list                  known datasets and which are present
        pfedla datasets fetch fashion-mnist   download from the publisher and check
        pfedla datasets verify                check all files that are present
        pfedla datasets describe mnist        count samples by class; --image draws some
        pfedla datasets synthesize cifar10 --datasets synthetic
                                              a stand-in for machines without a network
      """,
    subcommands: [
      DatasetsList.self, DatasetsFetch.self, DatasetsVerify.self, DatasetsDescribe.self,
      DatasetsSynthesize.self,
    ])
}

/// The option of all commands that read or write datasets.
struct DatasetsFolderOption: ParsableArguments {
  @Option(
    name: .customLong("datasets"),
    help: ArgumentHelp(
      "The datasets folder. (default: $PFEDLA_DATASETS, otherwise datasets)", valueName: "dir"))
  var explicit: String?

  /// The folder to use.
  var folder: String { DatasetFolder.resolve(explicit: explicit) }
}
