import Foundation
import Support

/// The picture of a report: panels side by side, with a title above and one legend below all panels. Drawn by
/// gnuplot: as SVG and PDF with real text, as a PNG of twice as many pixels, and as an SVG for narrow screens,
/// whose text keeps its size. The bytes depend only on the content and gnuplot's version.
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
  var bottomMargin = 60.0
  /// Panels side by side, on a page and on a narrow screen.
  var columns = (page: 2, narrow: 1)

  /// What follows a picture's name in the file for narrow screens.
  static let narrowEnding = "-narrow.svg"
  private static let endings = [".svg", narrowEnding, ".png", ".pdf"]

  /// Draws `<name>.svg`, `<name>.png`, `<name>.pdf` and `<name>-narrow.svg` into the folder. Whatever keeps
  /// gnuplot from it, the numbers of the picture are elsewhere: it is only missing.
  /// - Parameters:
  ///   - folder: which must exist.
  ///   - name: of the files, without an ending.
  ///   - forNarrowScreens: whether to draw the last of them, which only a page needs.
  /// - Returns: why there is no picture, in one line; nil if it was drawn.
  func write(to folder: String, name: String, forNarrowScreens: Bool = true) -> String? {
    guard Gnuplot.program != nil else { return Self.noGnuplot }
    guard !panels.isEmpty else { return "\(name): there is nothing to draw" }
    do {
      try draw(to: folder, name: name, forNarrowScreens: forNarrowScreens)
      return nil
    } catch {
      for ending in Self.endings {
        try? FileManager.default.removeItem(atPath: "\(folder)/\(name)\(ending)")
      }
      return "\(name): no plot, its numbers are written as CSV; \(error)"
    }
  }

  private static let noGnuplot =
    "gnuplot is not installed (apt-get install gnuplot-nox, or brew install gnuplot): the figures' numbers "
    + "are written as CSV, but there are no plots."

  private func draw(to folder: String, name: String, forNarrowScreens: Bool) throws {
    let page = PanelLayout(self, width: 760, columns: columns.page, hasTitle: true)
    // Its title is the caption on the page; 380 units are as wide as a phone.
    let narrow = PanelLayout(self, width: 380, columns: columns.narrow, hasTitle: false)
    let (width, height) = (Int(page.width), Int(page.height))
    let shape = "noenhanced background rgb '#ffffff'"
    // Sizes of fonts: pixels in SVG, points of 4/3 pixels in PNG and PDF.
    func svg(_ layout: PanelLayout) -> String {
      "svg size \(Int(layout.width)),\(Int(layout.height)) dynamic name 'figure' "
        + "font 'sans-serif,14' \(shape)"
    }
    func draw(_ page: PanelLayout, _ terminal: String, _ file: String, pixel: Double) throws {
      try Gnuplot.run(
        page.script(terminal: terminal, file: file, pixel: pixel), drawing: [file], in: folder)
    }
    try draw(page, svg(page), "\(name).svg", pixel: 1)
    try draw(
      page,
      "pngcairo size \(2 * width),\(2 * height) font 'sans-serif,10.5' fontscale 2 "
        + "linewidth 2 pointscale 2 \(shape)", "\(name).png", pixel: 0.75)
    try draw(
      page,
      "pdfcairo size \(page.width / 96)in,\(page.height / 96)in font 'sans-serif,10.5' \(shape)",
      "\(name).pdf", pixel: 0.75)
    if forNarrowScreens { try draw(narrow, svg(narrow), name + Self.narrowEnding, pixel: 1) }
    try CreationDate.remove(from: "\(folder)/\(name).pdf")
  }
}
