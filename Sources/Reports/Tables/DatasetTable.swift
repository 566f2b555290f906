import Datasets
import Support

/// A dataset as plain text: what its images are, and how many samples of each class each split has.
public struct DatasetTable: CustomStringConvertible, Sendable {
  private let dataset: ImageDataset

  /// A table of `dataset`.
  public init(_ dataset: ImageDataset) { self.dataset = dataset }

  /// The samples of each class, [split][class]; one row for files without splits.
  private var counts: [[Int]] {
    var start = 0
    return dataset.splitCounts.map { count in
      var counts = [Int](repeating: 0, count: dataset.classNames.count)
      for label in dataset.labels[start..<start + count] where label >= 0 {
        counts[Int(label)] += 1
      }
      start += count
      return counts
    }
  }

  /// The whole text: a heading, then a row for each class; it ends without a line break.
  public var description: String {
    let counts = counts
    let selected = counts.joined().reduce(0, +)
    var lines = [
      "\(dataset.markedTitle): \(selected) samples of \(dataset.classNames.count) classes"
        + (selected < dataset.count ? ", of \(dataset.count) in the files" : ""),
      "  images: \(dataset.channels) x \(dataset.height) x \(dataset.width) (channel, y, x), 1 byte each",
    ]
    if !dataset.ownerNames.isEmpty { lines.append("  users: \(dataset.ownerNames.count)") }
    for file in dataset.files { lines.append("  \(file.sha256)  \(file.name)") }
    lines += ["SHA-256 \(dataset.sha256)", ""]
    let splits = dataset.splits.count > 1 ? dataset.splits : []
    var rows = [["LABEL", "CLASS"] + splits.map { $0.uppercased() } + ["SAMPLES"]]
    func row(_ first: [String], _ numbers: [Int]) -> [String] {
      first + (splits.isEmpty ? [] : numbers.map { "\($0)" }) + ["\(numbers.reduce(0, +))"]
    }
    for (label, name) in dataset.classNames.enumerated() {
      rows.append(row(["\(label)", name], counts.map { $0[label] }))
    }
    rows.append(row(["", "total"], counts.map { $0.reduce(0, +) }))
    lines += AlignedColumns.lines(rows, rightAligned: [0, 2, 3, 4])
    return lines.joined(separator: "\n")
  }
}
