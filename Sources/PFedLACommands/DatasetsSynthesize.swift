import ArgumentParser
import Datasets

/// `pfedla datasets synthesize`.
struct DatasetsSynthesize: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synthesize",
    abstract: "Draw a learnable stand-in for a dataset, in its published layout.",
    discussion: """
      For machines without a network. The files have the published names and are read by the same \
      importers. The folder is marked, and every result on it says that its data are synthetic. The \
      same arguments give the same bytes everywhere.

      Examples:
        pfedla datasets synthesize mnist
        pfedla datasets synthesize cifar10 --seed 7 --datasets synthetic
      """)

  @Argument(help: ArgumentHelp("The dataset to stand in for.", valueName: "name"))
  var name: String

  @Option(help: ArgumentHelp("Samples per class, a sixth of them for testing.", valueName: "n"))
  var samplesPerClass = 600

  @Option(help: ArgumentHelp("The seed.", valueName: "s"))
  var seed: UInt64 = 1

  @Flag(help: "Replace synthetic files of this dataset.")
  var overwrite = false

  @OptionGroup var location: DatasetsFolderOption

  func run() throws {
    let entry = try DatasetCatalogue.entry(named: name)
    let folder = DatasetFolder(location.folder)
    try Synthesizer.synthesize(
      name, into: folder.path, samplesPerClass: samplesPerClass, seed: seed, overwrite: overwrite)
    print(
      "\(name): \(samplesPerClass * entry.classNames.count) synthetic images in "
        + folder.folder(of: entry))
  }
}
