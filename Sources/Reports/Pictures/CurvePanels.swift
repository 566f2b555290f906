/// Curves of many series in panels: in one panel while they can be followed there, otherwise one panel a series
/// over all others in grey.
struct CurvePanels {
  /// A series in a group.
  struct Curve {
    /// Its name in the legend.
    let title: String
    let look: SeriesLook
    /// The series' number: moves its markers, so that those of several series do not meet.
    let index: Int
    /// Axes (point, (x, y)).
    let points: [[Double]]
    /// Its spread, axes (point, (x, low, high)); empty for none.
    var band: [[Double]] = []
    /// A second curve of the series, thin; empty for none.
    var companion: [[Double]] = []
  }

  /// Curves over the same axes.
  struct Group {
    let title: String
    let x: Axis
    let y: Axis
    let curves: [Curve]
  }

  /// More curves cannot be followed in one panel.
  static let mostCurves = 10

  /// The picture's title.
  let title: String
  let groups: [Group]
  /// What the curves and second curves are, for the legend of small panels; nil without second curves.
  var titles: (own: String, companion: String)?

  /// The picture.
  var picture: PanelPicture {
    groups.contains { $0.curves.count > Self.mostCurves } ? smallMultiples : overlaid
  }

  private var overlaid: PanelPicture {
    PanelPicture(
      title: title,
      panels: groups.map { group in
        // Spreads below all lines.
        Panel(
          title: group.title, x: group.x, y: group.y,
          marks: group.curves.filter { !$0.band.isEmpty }.map { Mark($0.look.band, $0.band) }
            + group.curves.flatMap { Mark.curve($0.points, $0.look, start: $0.index) })
      }, legend: legend, plotHeight: 250)
  }

  /// Each series once, in the order of their numbers.
  private var legend: [PanelPicture.LegendEntry] {
    var known: [Int: PanelPicture.LegendEntry] = [:]
    for curve in groups.flatMap(\.curves) where known[curve.index] == nil {
      known[curve.index] = .init(curve.look.lineWithPoints, curve.title)
    }
    return known.sorted { $0.key < $1.key }.map(\.value)
  }

  private static let grey = Style.line(Stroke(width: 0.8, colour: "#c8c8c8"))
  private static let own = Stroke(width: 2.4, colour: "#0072B2")
  private static let companion = Style.line(
    Stroke(width: 1.4, colour: "#D55E00", dash: .dashed))

  private var smallMultiples: PanelPicture {
    let panels = groups.flatMap { group in
      group.curves.map { curve in
        let others = group.curves.filter { $0.index != curve.index }
        return Panel(
          title: groups.count > 1 ? "\(curve.title), \(group.title)" : curve.title,
          x: group.x.withoutLabel, y: group.y.withoutLabel,
          marks: others.map { Mark(Self.grey, $0.points) } + [
            Mark(Self.companion, curve.companion), Mark(.line(Self.own), curve.points),
          ])
      }
    }
    let axes = groups.first.map { "\($0.y.label) over \($0.x.label)s" } ?? ""
    return PanelPicture(
      title: "\(title): \(axes)", panels: panels,
      legend: [.init(.line(Self.own), titles?.own ?? "the method")]
        + (titles.map { [.init(Self.companion, $0.companion)] } ?? [])
        + [.init(Self.grey, "all other methods")],
      plotHeight: 120, leftMargin: 40, bottomMargin: 34,
      columns: groups.count > 1 ? (3, 1) : (4, 2))
  }
}

extension Axis {
  fileprivate var withoutLabel: Axis {
    var axis = self
    axis.label = ""
    return axis
  }
}
