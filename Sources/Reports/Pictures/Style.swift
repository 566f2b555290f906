/// A line's width in points, colour and dashes.
struct Stroke {
  /// What a line is interrupted by.
  enum Dash: String {
    case none = ""
    case solid = "1"
    case dashed = "'-'"
    case dashDotted = "'-.'"
    case wide = "(6,4)"
  }

  let width: Double
  /// `#RRGGBB`.
  let colour: String
  var dash = Dash.none
}

/// A point's shape, its size as a multiple of the usual one, and colour.
struct Marker {
  /// By gnuplot's numbers.
  enum Shape: Int {
    case hollowSquare = 4
    case square, ring, disc, hollowTriangle, triangle, hollowDownTriangle, downTriangle
    case hollowDiamond, diamond, hollowPentagon, pentagon
  }

  let shape: Shape
  let size: Double
  /// `#RRGGBB`, or `#AARRGGBB` with AA from 00 (opaque) to ff.
  let colour: String
  /// Of hollow shapes; nil for the usual one.
  var lineWidth: Double?
}

/// The inside of a bar.
enum Fill {
  /// One colour, to the edge.
  case solid(String)
  /// One colour with a white edge between neighbours.
  case edged(String)
  /// Hatched lines of one colour.
  case hatched(String)
}

/// How points of a panel are drawn; each case says what a point's numbers are.
enum Style {
  /// (x, y): a line through the points.
  case line(Stroke)
  /// (x, y).
  case points(Marker)
  /// (x, y).
  case lineWithPoints(Stroke, Marker)
  /// (x, y, error): a point with a bar from y − error to y + error.
  case errorBars(Marker)
  /// (x, y, error): a point with a bar from x − error to x + error.
  case levelErrorBars(Marker)
  /// (x, low, high): the area between two lines, pale.
  case band(String)
  /// (x from, x to, y from, y to): rectangles.
  case boxes(Fill)
  /// (x, y): a bar from 0 to y, as wide as the panel says.
  case bars(Fill)
  /// (x, from, to): a piece of a stacked bar.
  case pieces(Fill)
  /// (x, y, length): level pieces of a line that begin at x.
  case levels(Stroke)
  /// (x, y, value): unit squares whose colour stands for the value; see `ColourBar`.
  case tiles
  /// (x, y, value): what the points' texts say of the values, in a small font and one colour.
  case labels(String)

  /// The paper's values, means and other single numbers.
  static let diamond = Style.points(Marker(shape: .diamond, size: 1.1, colour: "#000000"))
  /// The white edge of a diamond, drawn below it.
  static let diamondHalo = Style.points(Marker(shape: .diamond, size: 1.7, colour: "#ffffff"))
  /// What equal weights for all clients would be.
  static let equalWeights = Stroke(width: 1.4, colour: "#555555", dash: .wide)
}

/// How the i-th series of a picture is drawn. Colour, dash and marker each differ from those of its
/// neighbours, so that it can be followed without colour; colour and dash together repeat after 30 series.
/// A method has the same look in every picture: see `init(method:)`.
struct SeriesLook {
  /// Colours that remain apart for colour-blind readers: eight of Okabe and Ito, two of Tol.
  static let colours = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999",
    "#882255", "#999933",
  ]
  private static let dashes: [Stroke.Dash] = [.solid, .dashed, .dashDotted]
  private static let shapes: [Marker.Shape] = [
    .disc, .square, .triangle, .diamond, .downTriangle, .pentagon, .ring, .hollowSquare,
    .hollowTriangle, .hollowDiamond, .hollowDownTriangle, .hollowPentagon,
  ]

  /// Its colour.
  let colour: String
  private let stroke: Stroke
  private let marker: Marker

  /// The look of the i-th series.
  /// - Parameters:
  ///   - index: the series' number, from 0.
  ///   - variant: which of several series of one colour, from 0: they differ in dash and marker.
  ///   - width: of its line.
  init(_ index: Int, variant: Int = 0, width: Double = 1.6) {
    colour = Self.colours[index % Self.colours.count]
    stroke = Stroke(
      width: width, colour: colour, dash: Self.dashes[(index + variant) % Self.dashes.count])
    marker = Marker(
      shape: Self.shapes[(index + variant) % Self.shapes.count], size: 0.7, colour: colour)
  }

  /// Its line.
  var line: Style { .line(stroke) }
  /// Its points.
  var points: Style { .points(marker) }
  /// Both, as in a legend.
  var lineWithPoints: Style { .lineWithPoints(stroke, marker) }
  /// The spread around its line.
  var band: Style { .band(colour) }
  /// Its points with level bars of their errors.
  var levelErrorBars: Style { .levelErrorBars(marker) }
}
