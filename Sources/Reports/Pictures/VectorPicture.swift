import Foundation
import Support

/// A small SVG document: rectangles, lines, text and pictures on white, without ids or style sheets, so that
/// several fit in one HTML page.
struct VectorPicture {
  enum Anchor: String { case start, middle, end }

  private let title: String
  private let summary: String
  private var elements: [String] = []

  /// An empty picture with a title and a summary for screen readers.
  init(title: String, summary: String) {
    self.title = title
    self.summary = summary
  }

  mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, fill: Colour, tooltip: String? = nil
  ) {
    let attributes =
      "x=\"\(x.short)\" y=\"\(y.short)\" width=\"\(width.short)\" height=\"\(height.short)\" "
      + "fill=\"\(fill.hexadecimal)\""
    if let tooltip {
      elements.append("<rect \(attributes)><title>\(Escaping.html(tooltip))</title></rect>")
    } else {
      elements.append("<rect \(attributes)/>")
    }
  }

  /// Many rectangles of one colour as a single path.
  mutating func rectangles(
    _ rectangles: [(x: Double, y: Double, width: Double, height: Double)], fill: Colour
  ) {
    let path = rectangles.map { rectangle in
      let width = rectangle.width.short
      return
        "M\(rectangle.x.short) \(rectangle.y.short)h\(width)v\(rectangle.height.short)h-\(width)z"
    }.joined()
    elements.append("<path fill=\"\(fill.hexadecimal)\" d=\"\(path)\"/>")
  }

  mutating func line(
    fromX x1: Double, y y1: Double, toX x2: Double, y y2: Double, colour: Colour
  ) {
    elements.append(
      "<line x1=\"\(x1.short)\" y1=\"\(y1.short)\" x2=\"\(x2.short)\" y2=\"\(y2.short)\" "
        + "stroke=\"\(colour.hexadecimal)\" stroke-width=\"1\"/>")
  }

  /// Text whose baseline is at `y`, or that runs upwards along `x` when `vertical`.
  mutating func text(
    _ text: String, x: Double, y: Double, size: Double = 12, anchor: Anchor = .start,
    colour: Colour = .ink, bold: Bool = false, vertical: Bool = false
  ) {
    var attributes = "x=\"\(x.short)\" y=\"\(y.short)\" font-size=\"\(size.short)\""
    if anchor != .start { attributes += " text-anchor=\"\(anchor.rawValue)\"" }
    if colour != .ink { attributes += " fill=\"\(colour.hexadecimal)\"" }
    if bold { attributes += " font-weight=\"bold\"" }
    if vertical { attributes += " transform=\"rotate(-90 \(x.short) \(y.short))\"" }
    elements.append("<text \(attributes)>\(Escaping.html(text))</text>")
  }

  /// A picture of pixels, which are not smoothed.
  mutating func image(_ png: PNG, x: Double, y: Double, width: Double, height: Double) {
    elements.append(
      "<image x=\"\(x.short)\" y=\"\(y.short)\" width=\"\(width.short)\" height=\"\(height.short)\" "
        + "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,\(png.bytes.base64EncodedString())\"/>"
    )
  }

  /// The document, `width` × `height` pixels.
  func document(width: Double, height: Double) -> String {
    let size = "width=\"\(width.short)\" height=\"\(height.short)\""
    return """
      <svg xmlns="http://www.w3.org/2000/svg" \(size) \
      viewBox="0 0 \(width.short) \(height.short)" role="img" \
      font-family="Helvetica, Arial, DejaVu Sans, sans-serif" fill="\(Colour.ink.hexadecimal)">
      <title>\(Escaping.html(title))</title>
      <desc>\(Escaping.html(summary))</desc>
      <rect \(size) fill="#ffffff"/>
      \(elements.joined(separator: "\n"))
      </svg>

      """
  }
}

extension Double {
  /// The number with at most two decimals.
  fileprivate var short: String {
    let rounded = (self * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
