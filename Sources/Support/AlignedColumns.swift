/// Cells of text in columns, two blanks apart, without blanks at the ends of lines: tables for a terminal.
public enum AlignedColumns {
  /// The lines of a table whose columns are as wide as their longest cells.
  /// - Parameters:
  ///   - rows: axes (row, column); rows may differ in length.
  ///   - rightAligned: the columns that end, not begin, below each other, such as those of numbers.
  public static func lines(_ rows: [[String]], rightAligned: Set<Int> = []) -> [String] {
    let widths = rows.reduce(into: [Int]()) { widths, row in
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = Swift.max(widths[column], cell.count)
      }
    }
    return rows.map { line($0, widths: widths, rightAligned: rightAligned) }
  }

  /// One line of a table whose columns have given widths, such as one that grows row by row.
  /// - Parameters:
  ///   - cells: axis (column); a cell that is longer than its column moves the rest of the line.
  ///   - widths: in characters; columns beyond them are as wide as their cells.
  public static func line(_ cells: [String], widths: [Int], rightAligned: Set<Int> = []) -> String {
    var line = cells.enumerated().map { column, cell in
      let width = column < widths.count ? widths[column] : 0
      let blanks = String(repeating: " ", count: Swift.max(0, width - cell.count))
      return rightAligned.contains(column) ? blanks + cell : cell + blanks
    }.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }
}

/// Prose in lines of a terminal.
public enum Wrapped {
  /// A text in lines of at most so many characters, broken at blanks; a longer word has a line of its own.
  public static func lines(_ text: String, width: Int) -> String {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines.joined(separator: "\n")
  }
}
