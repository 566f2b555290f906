import ArgumentParser
import Datasets

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
    for line in alignedColumns(rows, rightAligned: [1, 2]) { print(line) }
  }
}

/// The rows with their cells padded to common column widths, without trailing blanks.
private func alignedColumns(_ rows: [[String]], rightAligned: Set<Int>) -> [String] {
  let widths = rows.reduce(into: [Int]()) { widths, row in
    for (column, cell) in row.enumerated() {
      if column == widths.count { widths.append(0) }
      widths[column] = max(widths[column], cell.count)
    }
  }
  return rows.map { row in
    zip(row, widths).enumerated().map { column, cell in
      let padding = String(repeating: " ", count: cell.1 - cell.0.count)
      if column == widths.count - 1 { return cell.0 }
      return rightAligned.contains(column) ? padding + cell.0 : cell.0 + padding
    }.joined(separator: "  ")
  }
}
