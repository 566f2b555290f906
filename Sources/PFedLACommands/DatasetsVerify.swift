import ArgumentParser
import Datasets

/// `pfedla datasets verify`.
struct DatasetsVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Import datasets and compare their files with the published digests.",
    discussion: """
      Without names, every dataset with at least one file is checked. The exit status is 1 if a \
      file is damaged or is not the published one, or if a named dataset is absent. Digests are \
      SHA-256 of the uncompressed bytes, so a plain file and its .gz have the same digest.

      Examples:
        pfedla datasets verify
        pfedla datasets verify cifar10 emnist-byclass --datasets /data/images
      """)

  @Argument(
    help: ArgumentHelp("Names of datasets. Default: all that are present.", valueName: "name"))
  var names: [String] = []

  @OptionGroup var location: DatasetsFolderOption

  func run() throws {
    let folder = DatasetFolder(location.folder)
    let entries =
      names.isEmpty
      ? DatasetCatalogue.all.filter { folder.presence(of: $0).hasAnyFile }
      : try names.map(DatasetCatalogue.entry(named:))
    if entries.isEmpty {
      print("\(folder.path): contains no dataset; fetch one with `pfedla datasets fetch NAME`")
    }
    var isGood = true
    for entry in entries {
      let verification = try DatasetVerification(of: entry.name, in: folder.path)
      isGood = isGood && verification.isGood
      print(
        "\(entry.name): \(verification.isGood ? "good" : "BAD") (\(folder.presence(of: entry)))")
      for finding in verification.findings {
        print("  \(finding.split)  \(finding.file): \(finding.outcome)")
      }
    }
    if !isGood { throw ExitCode.failure }
  }
}
