import Foundation
import Support

// A table for a terminal of 80 columns.
extension ReportTable {
  /// The characters of a line.
  static let terminalWidth = 80

  /// The table in aligned columns that fit a terminal: columns that are the same in all rows are named once
  /// above it, and one that is too wide continues below with the columns that name its
  /// rows again. Footers are left out.
  /// - Parameter isBold: whether to write marked cells in bold, by the terminal's codes.
  public func plainText(isBold: Bool) -> String {
    let (shared, kept) = sharedColumns
    var lines = [title] + shared
    for block in blocks(kept) {
      lines.append("")
      lines += text(block, isBold: isBold)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What all rows have in common, such as `dataset cifar10`, and the columns that are left.
  private var sharedColumns: (shared: [String], kept: [Int]) {
    guard rows.count > 1 else { return ([], Array(header.indices)) }
    var shared: [String] = []
    var kept: [Int] = []
    for column in header.indices {
      let values = Set(rows.map { cell($0, column) })
      if column > 0, values.count == 1, let value = values.first, !isNumeric(column) {
        if !value.isEmpty { shared.append("\(header[column]): \(value)") }
      } else {
        kept.append(column)
      }
    }
    return (shared.isEmpty ? [] : [shared.joined(separator: "; ")], kept)
  }

  /// Columns of measured numbers stay, even if they are equal.
  private func isNumeric(_ column: Int) -> Bool {
    rows.allSatisfy { cell($0, column).contains(".") }
  }

  private func cell(_ row: [String], _ column: Int) -> String {
    row.indices.contains(column) ? row[column] : ""
  }

  private func width(_ column: Int) -> Int {
    max(header[column].count, rows.map { cell($0, column).count }.max() ?? 0)
  }

  /// The columns of each block, each beginning with those that name the rows.
  private func blocks(_ columns: [Int]) -> [[Int]] {
    let names = nameColumns(columns)
    let start = names.reduce(0) { $0 + width($1) + 2 } - 2
    var blocks: [[Int]] = []
    var block = names
    var length = start
    for column in columns.dropFirst(names.count) {
      let added = 2 + width(column)
      if length + added > Self.terminalWidth, block.count > names.count {
        blocks.append(block)
        (block, length) = (names, start)
      }
      block.append(column)
      length += added
    }
    return blocks + [block]
  }

  /// The first columns that distinguish all rows, three at most.
  private func nameColumns(_ columns: [Int]) -> [Int] {
    let counts = 1...max(1, min(3, columns.count))
    let count = counts.first { count in
      Set(rows.map { row in columns.prefix(count).map { cell(row, $0) } }).count == rows.count
    }
    return Array(columns.prefix(count ?? 1))
  }

  private func text(_ columns: [Int], isBold: Bool) -> [String] {
    let cells = [columns.map { header[$0] }] + rows.map { row in columns.map { cell(row, $0) } }
    let numbers = Set(columns.indices).subtracting(nameColumns(columns).indices)
    let lines = AlignedColumns.lines(cells, rightAligned: numbers)
    guard isBold else { return lines }
    // Codes take no room, so they come after the alignment.
    var starts: [Int] = []
    var place = 0
    for column in columns {
      starts.append(place)
      place += width(column) + 2
    }
    return lines.enumerated().map { index, line in
      guard index > 0 else { return line }
      var characters = Array(line)
      for (position, column) in columns.enumerated().reversed()
      where marked.contains(Place(row: index - 1, column: column)) {
        let end = min(starts[position] + width(column), characters.count)
        guard starts[position] < end else { continue }
        characters.insert(contentsOf: "\u{1b}[0m", at: end)
        characters.insert(contentsOf: "\u{1b}[1m", at: starts[position])
      }
      return String(characters)
    }
  }
}
