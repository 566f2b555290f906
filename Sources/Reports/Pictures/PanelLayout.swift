import Support

/// Where the panels, the title and the legend of a picture are, and its script for gnuplot.
struct PanelLayout {
  private let picture: PanelPicture
  /// In pixels.
  let width: Double
  private let columnCount: Int
  private let titleHeight: Double

  /// - Parameters:
  ///   - picture: what is drawn.
  ///   - width: in pixels.
  ///   - columns: panels side by side, where there are as many.
  ///   - hasTitle: whether its title is drawn.
  init(_ picture: PanelPicture, width: Double, columns: Int, hasTitle: Bool) {
    self.picture = picture
    self.width = width
    columnCount = min(max(picture.panels.count, 1), columns)
    titleHeight = hasTitle ? 36 : 4
  }

  private static let panelTitleHeight = 38.0
  private static let legendRowHeight = 22.0
  private static let characterWidth = 8.2
  private static let rightMargin = 22.0

  /// The last panel has its colour bar below it, in place of a legend.
  private var hasColourBar: Bool { picture.panels.contains { $0.colourBar != nil } }
  private var rowCount: Int { (picture.panels.count + columnCount - 1) / columnCount }
  private var legendColumnCount: Int {
    let longest = picture.legend.map(\.title.count).max() ?? 0
    let entry = Double(longest) * Self.characterWidth + 74
    return max(1, min(picture.legend.count, Int((width - 20) / entry)))
  }
  private var footerHeight: Double {
    if hasColourBar { return 96 }
    guard !picture.legend.isEmpty else { return 8 }
    let rows = (picture.legend.count + legendColumnCount - 1) / legendColumnCount
    return Double(rows) * Self.legendRowHeight + 16
  }
  private var rowHeight: Double {
    Self.panelTitleHeight + picture.plotHeight + picture.bottomMargin
  }
  /// In pixels.
  var height: Double {
    (titleHeight + Double(rowCount) * rowHeight + footerHeight).rounded(.up)
  }

  /// What gnuplot has to do.
  /// - Parameters:
  ///   - terminal: the kind of file.
  ///   - file: its name.
  ///   - pixel: a pixel in the unit of the terminal's fonts.
  func script(terminal: String, file: String, pixel: Double) -> String {
    var lines = ["set encoding utf8", "set terminal \(terminal)"]
    lines += [
      "set output \(Escaping.gnuplot(file))", "small_font = ',\(12 * pixel)'",
      "large_font = ',\(17 * pixel)'", "$outside << end_of_data", "5 5", "end_of_data",
    ]
    for (panel, content) in picture.panels.enumerated() {
      for (mark, data) in content.marks.enumerated() where !data.points.isEmpty {
        lines += ["\(Self.block(panel, mark)) << end_of_data"] + data.rows + ["end_of_data"]
      }
    }
    lines.append("set multiplot")
    for (index, panel) in picture.panels.enumerated() {
      lines +=
        ["reset"] + place(index) + [
          "unset key", "set grid lc rgb '#dddddd' lt 1 lw 0.6", "set tics nomirror out scale 0.6",
          "set border 3 lc rgb '#555555'", "set format '%g'",
          title(panel),
        ]
      if hasColourBar {
        lines.append("unset colorbox")
        if index == picture.panels.count - 1 {
          lines.append(
            "set colorbox horizontal user origin screen 0.2,\(66 / height) "
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

  /// A panel's title; a long one small, and in two lines where that is not enough.
  private func title(_ panel: Panel) -> String {
    let room = width / Double(columnCount) - 8
    guard Double(panel.title.count) * Self.characterWidth > room else {
      return "set title \(Escaping.gnuplot(panel.title)) offset 0,-0.5"
    }
    let small = 0.86 * Self.characterWidth
    var lines = [panel.title]
    if Double(panel.title.count) * small > room {
      lines = Wrapped.lines(panel.title, width: max(1, Int(room / small)))
        .split(separator: "\n").map(String.init)
    }
    // Between two strings in double quotes, \n is a new line of gnuplot's; no text of a title gets there.
    let text = lines.map(Escaping.gnuplot).joined(separator: ".\"\\n\".")
    return "set title \(text) offset 0,\(lines.count > 1 ? "-0.8" : "-0.5") font small_font"
  }

  private static func block(_ panel: Int, _ mark: Int) -> String { "$data_\(panel)_\(mark)" }

  /// Margins as shares of the picture, so that panels line up whatever their labels are.
  private func place(_ index: Int) -> [String] {
    let cell = width / Double(columnCount)
    let left = Double(index % columnCount) * cell
    let top =
      titleHeight + Double(index / columnCount) * rowHeight + Self.panelTitleHeight
    return [
      "set lmargin at screen \((left + picture.leftMargin) / width)",
      "set rmargin at screen \((left + cell - Self.rightMargin) / width)",
      "set tmargin at screen \(1 - top / height)",
      "set bmargin at screen \(1 - (top + picture.plotHeight) / height)",
    ]
  }

  /// The title and the legend: a plot over the whole picture with one point, which is outside.
  private var footer: [String] {
    let titleAt = 1 - 0.55 * titleHeight / height
    let entries = picture.legend.map {
      "$outside using 1:2 \($0.style.legend) title \(Escaping.gnuplot($0.title))"
    }
    return [
      "reset", "set lmargin at screen 0", "set rmargin at screen 1", "set tmargin at screen 1",
      "set bmargin at screen 0", "unset border", "unset tics", "set xrange [0:1]",
      "set yrange [0:1]",
      titleHeight < 10
        ? ""
        : "set label \(Escaping.gnuplot(picture.title)) at screen 0.5,\(titleAt) center font large_font",
      picture.legend.isEmpty
        ? "unset key"
        : "set key at screen 0.5,\(footerHeight / 2 / height) center center horizontal "
          + "maxcols \(legendColumnCount) noautotitle samplen 4 Left reverse",
      "plot "
        + (entries.isEmpty
          ? "$outside using 1:2 with points notitle" : entries.joined(separator: ", ")),
    ]
  }
}
