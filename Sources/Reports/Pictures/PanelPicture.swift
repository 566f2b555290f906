import Foundation
import Support

/// The picture of a report: panels in at most two columns, with a title above and one legend below all panels.
/// Drawn by gnuplot as SVG, 760 units wide so that it is readable on a phone, and as a PNG of twice
/// as many pixels. The bytes depend only on the content and gnuplot's version.
struct PanelPicture {
  /// What explains a style.
  struct LegendEntry {
    var style: Style
    /// What it stands for.
    var title: String

    init(_ style: Style, _ title: String) {
      self.style = style
      self.title = title
    }
  }

  /// The picture's title.
  var title: String
  /// Row by row.
  var panels: [Panel]
  /// Below the panels.
  var legend: [LegendEntry] = []
  /// The height of a panel's inside.
  var plotHeight = 220.0
  /// The space left of a panel for the labels of its y axis.
  var leftMargin = 74.0
  /// The space below a panel for the labels of its x axis.
  var bottomMargin = 52.0

  /// The last panel has its colour bar below it, in place of a legend.
  private var hasColourBar: Bool { panels.contains { $0.colourBar != nil } }

  private static let width = 760.0
  private static let titleHeight = 36.0
  private static let panelTitleHeight = 30.0
  private static let rightMargin = 22.0
  private static let legendRowHeight = 22.0
  private static let characterWidth = 8.2

  private var columnCount: Int { min(max(panels.count, 1), 2) }
  private var rowCount: Int { (panels.count + columnCount - 1) / columnCount }
  private var legendColumnCount: Int {
    let longest = legend.map(\.title.count).max() ?? 0
    let entry = Double(longest) * Self.characterWidth + 74
    return max(1, min(legend.count, Int((Self.width - 20) / entry)))
  }
  private var footerHeight: Double {
    if hasColourBar { return 74 }
    guard !legend.isEmpty else { return 8 }
    let rows = (legend.count + legendColumnCount - 1) / legendColumnCount
    return Double(rows) * Self.legendRowHeight + 16
  }
  private var rowHeight: Double { Self.panelTitleHeight + plotHeight + bottomMargin }
  private var height: Double {
    (Self.titleHeight + Double(rowCount) * rowHeight + footerHeight).rounded(.up)
  }

  /// Draws `<name>.svg` and `<name>.png` into the folder. Whatever keeps gnuplot from it, the numbers of the
  /// picture are elsewhere: it is only missing.
  /// - Returns: why there is no picture, in one line; nil if it was drawn.
  func write(to folder: String, name: String) -> String? {
    guard Gnuplot.program != nil else { return Self.noGnuplot }
    guard !panels.isEmpty else { return "\(name): there is nothing to draw" }
    do {
      try draw(to: folder, name: name)
      return nil
    } catch {
      for ending in ["svg", "png"] {
        try? FileManager.default.removeItem(atPath: "\(folder)/\(name).\(ending)")
      }
      return "\(name): no plot, its numbers are written as CSV; \(error)"
    }
  }

  private static let noGnuplot =
    "gnuplot is not installed (apt-get install gnuplot-nox, or brew install gnuplot): the figures' numbers "
    + "are written as CSV, but there are no plots."

  private func draw(to folder: String, name: String) throws {
    let (width, height) = (Int(Self.width), Int(height))
    let shape = "noenhanced background rgb '#ffffff'"
    // Sizes of fonts: pixels in SVG, points of 4/3 pixels in PNG.
    for (terminal, file, pixel) in [
      (
        "svg size \(width),\(height) dynamic name 'figure' font 'sans-serif,14' \(shape)",
        "\(name).svg", 1.0
      ),
      (
        "pngcairo size \(2 * width),\(2 * height) font 'sans-serif,10.5' fontscale 2 "
          + "linewidth 2 pointscale 2 \(shape)", "\(name).png", 0.75
      ),
    ] {
      try Gnuplot.run(script(terminal: terminal, file: file, pixel: pixel), in: folder)
    }
  }

  private func script(terminal: String, file: String, pixel: Double) -> String {
    var lines = ["set encoding utf8", "set terminal \(terminal)"]
    lines += [
      "set output \(Escaping.gnuplot(file))", "small_font = ',\(12 * pixel)'",
      "large_font = ',\(17 * pixel)'", "$outside << end_of_data", "5 5", "end_of_data",
    ]
    for (panel, content) in panels.enumerated() {
      for (mark, data) in content.marks.enumerated() where !data.points.isEmpty {
        lines += ["\(Self.block(panel, mark)) << end_of_data"] + data.rows + ["end_of_data"]
      }
    }
    lines.append("set multiplot")
    for (index, panel) in panels.enumerated() {
      lines +=
        ["reset"] + place(index) + [
          "unset key", "set grid lc rgb '#dddddd' lt 1 lw 0.6", "set tics nomirror out scale 0.6",
          "set border 3 lc rgb '#555555'", "set format '%g'",
          "set title \(Escaping.gnuplot(panel.title)) offset 0,-0.5",
        ]
      if hasColourBar {
        lines.append("unset colorbox")
        if index == panels.count - 1 {
          lines.append(
            "set colorbox horizontal user origin screen 0.2,\(44 / height) "
              + "size screen 0.6,\(14 / height)")
        }
      }
      lines += panel.commands
      let plots = panel.marks.enumerated().filter { !$1.points.isEmpty }
        .map { "\(Self.block(index, $0)) \($1.style.plot)" }
      if !plots.isEmpty { lines.append("plot " + plots.joined(separator: ", ")) }
    }
    lines += footer + ["unset multiplot", "unset output"]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func block(_ panel: Int, _ mark: Int) -> String { "$data_\(panel)_\(mark)" }

  /// Margins as shares of the picture, so that panels line up whatever their labels are.
  private func place(_ index: Int) -> [String] {
    let cell = Self.width / Double(columnCount)
    let left = Double(index % columnCount) * cell
    let top =
      Self.titleHeight + Double(index / columnCount) * rowHeight + Self.panelTitleHeight
    return [
      "set lmargin at screen \((left + leftMargin) / Self.width)",
      "set rmargin at screen \((left + cell - Self.rightMargin) / Self.width)",
      "set tmargin at screen \(1 - top / height)",
      "set bmargin at screen \(1 - (top + plotHeight) / height)",
    ]
  }

  /// The title and the legend: a plot over the whole picture with one point, which is outside.
  private var footer: [String] {
    let titleAt = 1 - 0.55 * Self.titleHeight / height
    let entries = legend.map {
      "$outside using 1:2 \($0.style.legend) title \(Escaping.gnuplot($0.title))"
    }
    return [
      "reset", "set lmargin at screen 0", "set rmargin at screen 1", "set tmargin at screen 1",
      "set bmargin at screen 0", "unset border", "unset tics", "set xrange [0:1]",
      "set yrange [0:1]",
      "set label \(Escaping.gnuplot(title)) at screen 0.5,\(titleAt) center font large_font",
      legend.isEmpty
        ? "unset key"
        : "set key at screen 0.5,\(footerHeight / 2 / height) center center horizontal "
          + "maxcols \(legendColumnCount) noautotitle samplen 4 Left reverse",
      "plot "
        + (entries.isEmpty
          ? "$outside using 1:2 with points notitle" : entries.joined(separator: ", ")),
    ]
  }
}
