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

  /// The series' number, from 0.
  let index: Int
  /// The width of its line.
  let width: Double

  init(_ index: Int, width: Double = 1.6) {
    self.index = index
    self.width = width
  }

  /// Its colour.
  var colour: String { Self.colours[index % Self.colours.count] }

  private var stroke: Stroke {
    Stroke(width: width, colour: colour, dash: Self.dashes[index % Self.dashes.count])
  }
  private var marker: Marker {
    Marker(shape: Self.shapes[index % Self.shapes.count], size: 0.7, colour: colour)
  }

  /// Its line.
  var line: Style { .line(stroke) }
  /// Its points.
  var points: Style { .points(marker) }
  /// Both, as in a legend.
  var lineWithPoints: Style { .lineWithPoints(stroke, marker) }
}
