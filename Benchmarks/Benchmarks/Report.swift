import BenchmarkFigures
import Foundation
import Support

/// Shows the rows of each section as soon as it is done, and keeps them all in a CSV file.
final class Report {
  private let path: String
  private let machine: Machine
  private var figures: [Figure] = []
  private var shown = 0
  private var hasHeader = false

  /// - Parameter path: of the CSV file; its folder is made.
  init(path: String, machine: Machine) throws {
    self.path = path
    self.machine = machine
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  func add(_ figure: Figure) { figures.append(figure) }

  /// Prints the rows that were not shown yet and writes the file with all.
  func show() throws {
    if !hasHeader {
      for (name, value) in machine.facts { print("\(name): \(value)") }
      print()
      print(TableLayout.line(TableLayout.header))
      hasHeader = true
    }
    for figure in figures[shown...] { print(TableLayout.line(TableLayout.cells(of: figure))) }
    shown = figures.count
    fflush(nil)
    var csv = CSV(Figure.columns)
    for figure in figures { csv.append(figure.fields) }
    // Comments before the header: pandas reads the file with comment="#".
    let facts = machine.facts.map { "# \($0.name): \($0.value)\n" }.joined()
    try TextFile.write(facts + csv.text, to: path)
  }
}

/// How a row looks on the terminal.
enum TableLayout {
  static let header = [
    "section", "case", "quantity", "median", "quartiles", "unit", "ratio", "quartiles", "target",
    "ratio of",
  ]
  // Wide enough for every section, so that the table stays aligned though it grows row by row.
  private static let widths = [11, 34, 35, 9, 19, 8, 8, 17, 6, 0]
  private static let rightAligned: Set<Int> = [3, 6]

  static func cells(of figure: Figure) -> [String] {
    [
      figure.section, figure.subject, figure.quantity, number(figure.values.median),
      spread(figure.values), figure.unit, figure.ratio.map { number($0.values.median) } ?? "",
      figure.ratio.map { spread($0.values) } ?? "", figure.ratio?.target ?? "",
      figure.ratio?.meaning ?? "",
    ]
  }

  static func line(_ cells: [String]) -> String {
    AlignedColumns.line(cells, widths: widths, rightAligned: rightAligned)
  }

  /// Four significant digits.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    guard value != 0 else { return "0" }
    let digits = max(0, 3 - Int(log10(abs(value)).rounded(.down)))
    return String(format: "%.\(min(digits, 6))f", value)
  }

  private static func spread(_ series: Series) -> String {
    series.values.count < 2
      ? "" : "\(number(series.lowerQuartile)) – \(number(series.upperQuartile))"
  }
}
