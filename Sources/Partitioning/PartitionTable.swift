import Support

/// A partition as plain text: which client holds how much of which class.
///
/// Up to 20 clients and 20 classes every count is shown. With more classes a client's row says how
/// many it holds and which are its largest; with more clients only a summary is shown.
public struct PartitionTable: CustomStringConvertible, Sendable {
  /// With more clients than this only a summary is shown.
  public static let maximumClients = 20
  /// With more classes than this the table has no column for each.
  public static let maximumClasses = 20

  /// The partition that is shown.
  public let partition: Partition

  /// A table of `partition`.
  public init(_ partition: Partition) {
    self.partition = partition
  }

  /// The whole text: a heading, then the table or summary; it ends with a line break.
  public var description: String {
    var lines = heading
    lines.append("")
    if partition.clientCount > Self.maximumClients {
      lines += clientSummary + [""] + classSummary
    } else if partition.classCount > Self.maximumClasses {
      lines += clientRows
    } else {
      lines += matrix
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The counts in long form as CSV with the header `client,class,samples`: a line for each client
  /// and class, zeros included.
  public var labelCountCSV: String {
    var text = "client,class,samples\n"
    for (client, row) in partition.labelCounts.enumerated() {
      for (index, count) in row.enumerated() { text += "\(client),\(index),\(count)\n" }
    }
    return text
  }

  private var heading: [String] {
    let trainCount = partition.train.reduce(0) { $0 + $1.count }
    let testCount = partition.test.reduce(0) { $0 + $1.count }
    let dataset = partition.dataset.isEmpty ? "an unnamed dataset" : partition.dataset
    var lines = [
      "\(dataset) over \(partition.clientCount) clients, scheme \(partition.scheme), "
        + "seed \(partition.seed)",
      "\(trainCount + testCount) samples: \(trainCount) train, \(testCount) test; "
        + "\(partition.classCount) classes",
    ]
    for setting in partition.settings where setting.key != "clients" {
      lines.append("  \(setting.key): \(setting.value)")
    }
    lines.append("SHA-256 \(partition.sha256)")
    return lines
  }

  private var matrix: [String] {
    let classes = 0..<partition.classCount
    var rows = [["client"] + classes.map { "\($0)" } + ["train", "test", "total"]]
    for (client, counts) in partition.labelCounts.enumerated() {
      rows.append(
        ["\(client)"] + counts.map { $0 == 0 ? "." : "\($0)" } + sizes(of: client))
    }
    rows.append(
      ["total"] + classes.map { index in "\(classTotal(index))" }
        + [
          "\(partition.train.reduce(0) { $0 + $1.count })",
          "\(partition.test.reduce(0) { $0 + $1.count })",
          "\(partition.labelCounts.joined().reduce(0, +))",
        ])
    return ["Samples of each class (columns) that each client (rows) holds, train and test:"]
      + Self.aligned(rows)
  }

  private var clientRows: [String] {
    var rows = [
      ["client", "train", "test", "total", "classes", "largest classes (class: samples)"]
    ]
    for (client, counts) in partition.labelCounts.enumerated() {
      let largest = counts.indices.filter { counts[$0] > 0 }
        .sorted { (counts[$1], $0) < (counts[$0], $1) }
      rows.append(
        ["\(client)"] + sizes(of: client)
          + ["\(largest.count)", Self.largest(largest, counts: counts)])
    }
    return Self.aligned(rows, leftAlignedLast: true)
  }

  /// The first of some classes with their counts, abbreviated if all counts are equal.
  private static func largest(_ classes: [Int], counts: [Int]) -> String {
    let isEven = Set(classes.map { counts[$0] }).count == 1
    let shown = classes.prefix(isEven ? 16 : 6)
    let dots = shown.count < classes.count ? ", …" : ""
    if isEven, let first = shown.first {
      return "\(counts[first]) each of \(shown.map(String.init).joined(separator: ", "))\(dots)"
    }
    return shown.map { "\($0): \(counts[$0])" }.joined(separator: ", ") + dots
  }

  private var clientSummary: [String] {
    func row(_ name: String, _ values: [Int]) -> [String] {
      [name] + Self.summary(values)
    }
    let counts = partition.labelCounts
    return ["Over \(partition.clientCount) clients:"]
      + Self.aligned([
        ["", "least", "mean", "most"],
        row("train samples", partition.train.map(\.count)),
        row("test samples", partition.test.map(\.count)),
        row("classes held", counts.map { row in row.count { $0 > 0 } }),
        row("samples of the largest class", counts.map { $0.max() ?? 0 }),
      ])
  }

  private var classSummary: [String] {
    var rows = [["class", "samples", "clients", "least", "mean", "most"]]
    for index in 0..<partition.classCount {
      let held = partition.labelCounts.map { $0[index] }.filter { $0 > 0 }
      rows.append(["\(index)", "\(classTotal(index))", "\(held.count)"] + Self.summary(held))
    }
    return ["Each class over the clients that hold it:"] + Self.aligned(rows)
  }

  private func classTotal(_ index: Int) -> Int {
    partition.labelCounts.reduce(0) { $0 + $1[index] }
  }

  private func sizes(of client: Int) -> [String] {
    let train = partition.train[client].count
    let test = partition.test[client].count
    return ["\(train)", "\(test)", "\(train + test)"]
  }

  private static func summary(_ values: [Int]) -> [String] {
    guard let least = values.min(), let most = values.max() else { return [".", ".", "."] }
    // One decimal, rounded half up, in whole numbers: the same text everywhere.
    let tenths = (20 * values.reduce(0, +) + values.count) / (2 * values.count)
    return ["\(least)", "\(tenths / 10).\(tenths % 10)", "\(most)"]
  }

  /// Right-aligned columns.
  private static func aligned(_ rows: [[String]], leftAlignedLast: Bool = false) -> [String] {
    let columns = 0..<(rows.first?.count ?? 0)
    return AlignedColumns.lines(
      rows, rightAligned: Set(leftAlignedLast ? columns.dropLast() : columns))
  }
}
