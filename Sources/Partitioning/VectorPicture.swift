/// A small SVG document: rectangles, lines and text on white, without ids or style sheets, so that
/// several can stand in one HTML page.
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
      elements.append("<rect \(attributes)><title>\(Self.escaped(tooltip))</title></rect>")
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
    elements.append("<text \(attributes)>\(Self.escaped(text))</text>")
  }

  /// The document, `width` × `height` pixels.
  func document(width: Double, height: Double) -> String {
    let size = "width=\"\(width.short)\" height=\"\(height.short)\""
    return """
      <svg xmlns="http://www.w3.org/2000/svg" \(size) \
      viewBox="0 0 \(width.short) \(height.short)" role="img" \
      font-family="Helvetica, Arial, DejaVu Sans, sans-serif" fill="\(Colour.ink.hexadecimal)">
      <title>\(Self.escaped(title))</title>
      <desc>\(Self.escaped(summary))</desc>
      <rect \(size) fill="#ffffff"/>
      \(elements.joined(separator: "\n"))
      </svg>

      """
  }

  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      default: String(character)
      }
    }.joined()
  }
}

/// An opaque colour, 8 bits a channel.
struct Colour: Equatable {
  let red: Int
  let green: Int
  let blue: Int

  /// A colour from 0xRRGGBB.
  init(_ value: Int) {
    red = value >> 16 & 255
    green = value >> 8 & 255
    blue = value & 255
  }

  static let ink = Colour(0x222222)
  static let softInk = Colour(0x666666)
  static let rule = Colour(0xDDDDDD)
  static let white = Colour(0xFFFFFF)

  var hexadecimal: String {
    let text = String(red << 16 | green << 8 | blue, radix: 16)
    return "#" + String(repeating: "0", count: 6 - text.count) + text
  }

  /// Ink or white, whichever is easier to read on this colour.
  var contrasting: Colour {
    299 * red + 587 * green + 114 * blue > 120_000 ? .ink : .white
  }

  /// The colour `part` (0 to 1) of the way to `other`.
  func mixed(with other: Colour, part: Double) -> Colour {
    func mix(_ from: Int, _ to: Int) -> Int {
      Int((Double(from) + part * Double(to - from)).rounded())
    }
    return Colour(
      mix(red, other.red) << 16 | mix(green, other.green) << 8 | mix(blue, other.blue))
  }

  /// Ten colours that people with any colour vision can tell apart, for classes: the muted scheme of
  /// Paul Tol, *Colour schemes*, SRON technical note, 2021.
  static let classes = [
    0xCC6677, 0x332288, 0xDDCC77, 0x117733, 0x88CCEE, 0x882255, 0x44AA99, 0x999933, 0xAA4499,
    0xBBBBBB,
  ].map { Colour($0) }

  /// A scale from few (0) to many (1), from light to dark; lightness alone tells the order.
  static func scale(_ position: Double) -> Colour {
    let stops = [0xD9E8F5, 0x9ECAE1, 0x4292C6, 0x08519C, 0x062A5B].map { Colour($0) }
    let place = min(max(position, 0), 1) * Double(stops.count - 1)
    let index = min(Int(place), stops.count - 2)
    return stops[index].mixed(with: stops[index + 1], part: place - Double(index))
  }
}

extension Double {
  /// The number with at most two decimals.
  fileprivate var short: String {
    let rounded = (self * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
