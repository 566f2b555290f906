import ArgumentParser
import Datasets
import Support

/// `pfedla datasets list`.
struct DatasetsList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the known datasets and which of their files are there.",
    discussion: """
      STATE is complete, "test only" or "train only" (one split is there), incomplete (a split lacks \
      files) or absent; "synthetic" marks files drawn by `pfedla datasets synthesize`. IMAGES counts \
      the published ones. Contents are not checked: that is `pfedla datasets verify`.

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
