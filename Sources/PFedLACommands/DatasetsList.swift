import ArgumentParser
import Datasets
import Support

/// `pfedla datasets list`.
struct DatasetsList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the known datasets and which of their files are present.",
    discussion: """
      STATE is complete, "test only" or "train only" (one split is present), incomplete (a split has \
      missing files) or absent; "synthetic" marks files made by `pfedla datasets synthesize`. IMAGES counts \
      the published images. Contents are not checked; `pfedla datasets verify` does that.

      Examples:
        pfedla datasets list
        pfedla datasets list --datasets /data/images
      """)

  @OptionGroup var location: DatasetsFolderOption

  func run() {
    let folder = DatasetFolder(location.folder)
    var rows = [["NAME", "IMAGES", "CLASSES", "SIZE", "STATE", "FOLDER"]]
    for entry in DatasetCatalogue.all {
      rows.append([
        entry.name, "\(entry.imageCount)", "\(entry.classNames.count)",
        "\(entry.channels)x\(entry.height)x\(entry.width)",
        "\(folder.presence(of: entry))", folder.folder(of: entry),
      ])
    }
    for line in AlignedColumns.lines(rows, rightAligned: [1, 2]) { print(line) }
  }
}
