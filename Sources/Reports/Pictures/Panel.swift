/// A coordinate system of a picture and what is drawn in it.
struct Panel {
  /// Written above it.
  var title: String
  var x: Axis
  var y: Axis
  /// Drawn one over the other.
  var marks: [Mark]
  /// The width of bars in units of the x axis, where there are some.
  var barWidth: Double?
  /// What the colours of tiles stand for, where there are some; the panel then has neither grid nor border.
  var colourBar: ColourBar?
}

/// An axis of a panel.
struct Axis {
  /// The ends.
  enum Range {
    /// For accuracies in percent: whole fives that hold all values.
    case percent([Double])
    /// For counts: from 0 to the highest value, tics at whole numbers.
    case count([Double])
    /// As given; an axis whose first end is the higher one runs backwards.
    case ends(Double, Double)
    /// From 0 up to what holds all points.
    case upwards
  }

  /// Where the axis has numbers or names.
  enum Tics {
    /// Where the range puts them.
    case automatic
    /// At multiples of a number, with or without strokes.
    case every(Double, hasStrokes: Bool)
    /// A name at each whole number from 0 on; the panel then has no grid across the axis.
    case names([String], isSmall: Bool = false)
  }

  /// What it shows; empty for no text.
  var label = ""
  var range: Range
  var tics = Tics.automatic
}

/// What the colours of tiles stand for: from white at 0 to dark blue.
struct ColourBar {
  /// The colours at equal steps from 0 to the end.
  static let colours = [0xFFFFFF, 0xC6DBEF, 0x6BAED6, 0x2171B5, 0x08306B].map { Colour($0) }

  /// The colour of a value.
  func colour(_ value: Double) -> Colour {
    Colour.between(Self.colours, position: end > 0 ? value / end : 0)
  }

  /// The value of the darkest colour.
  let end: Double
  /// What is below the bar.
  let label: String
}

/// Points of a panel in one style.
struct Mark {
  /// How they are drawn, and what their numbers are.
  let style: Style
  /// Axes (point, number).
  let points: [[Double]]
  /// One a point, for labels.
  var texts: [String] = []

  init(_ style: Style, _ points: [[Double]], texts: [String] = []) {
    self.style = style
    self.points = points
    self.texts = texts
  }

  /// A series as a line with some ten markers on it.
  /// - Parameter start: moves the first marker, so that those of several series do not meet.
  static func curve(_ points: [[Double]], _ look: SeriesLook, start: Int) -> [Mark] {
    let interval = max(1, (points.count + 5) / 10)
    let marked = points.indices.filter { $0 % interval == start % interval }
    return [Mark(look.line, points), Mark(look.points, marked.map { points[$0] })]
  }

  /// Single numbers as black diamonds with a white edge.
  static func diamonds(_ points: [[Double]]) -> [Mark] {
    [Mark(.diamondHalo, points), Mark(.diamond, points)]
  }
}
