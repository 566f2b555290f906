/// Learning curves: mean test accuracy over rounds, one line per method; one row of panels per dataset and
/// partition scheme, received models on the left and trained models on the right. With many methods, a small
/// panel each.
struct CurvesPicture {
  private let comparison: Comparison

  init(_ comparison: Comparison) { self.comparison = comparison }

  /// A line with what distinguishes it from other lines.
  private struct Line {
    let curve: Comparison.MethodCurve
    let look: SeriesLook
    let index: Int
  }

  /// Draws `curves` in every kind of file.
  /// - Returns: why they could not be drawn, in one line; nil if they were.
  func write(to folder: String) -> String? {
    let lines = lines
    let panels = comparison.panels
    // A panel is too narrow for a long dataset and scheme; if there is only one pair, it goes above the panels.
    let only = panels.count == 1 ? panels.first : nil
    let title = only.map { "Learning curves: \($0.dataset), \($0.scheme)" }
    var groups: [CurvePanels.Group] = []
    let isCrowded = panels.contains { panel in
      lines.count { Self.isIn(panel, $0) } > CurvePanels.mostCurves
    }
    for panel in panels {
      let own = lines.filter { Self.isIn(panel, $0) }
      let place = only == nil ? "\(panel.dataset), \(panel.scheme)" : ""
      if isCrowded {
        groups.append(group(own, title: place, \.received, companion: \.trained))
      } else {
        groups.append(
          group(own, title: only == nil ? "received: \(place)" : "received models", \.received))
        groups.append(
          group(own, title: only == nil ? "trained: \(place)" : "trained models", \.trained))
      }
    }
    return CurvePanels(
      title: title ?? "Learning curves, mean over clients", groups: groups,
      titles: isCrowded ? ("received models", "trained models") : nil
    ).picture.write(to: folder, name: "curves", forNarrowScreens: false)
  }

  /// All lines; those of one method have one colour, and each title its own number.
  private var lines: [Line] {
    // The different curves of all panels, as they come: (method, title).
    var seen: [(method: String, title: String)] = []
    return comparison.methodCurves.map { curve in
      let index =
        seen.firstIndex { $0.title == curve.title && $0.method == curve.method } ?? seen.endIndex
      if index == seen.endIndex { seen.append((curve.method, curve.title)) }
      let variant = seen[..<index].count { $0.method == curve.method }
      return Line(
        curve: curve, look: SeriesLook(method: curve.method, else: index, variant: variant),
        index: index)
    }
  }

  private static func isIn(_ panel: (dataset: String, scheme: String), _ line: Line) -> Bool {
    line.curve.dataset == panel.dataset && line.curve.scheme == panel.scheme
  }

  private typealias Value = KeyPath<Comparison.MethodCurve.Point, Double>

  private func group(_ lines: [Line], title: String, _ value: Value, companion: Value? = nil)
    -> CurvePanels.Group
  {
    func points(_ line: Line, _ value: Value) -> [[Double]] {
      line.curve.points.map { [Double($0.round), $0[keyPath: value]] }
    }
    let all = lines.flatMap { line in
      points(line, value) + (companion.map { points(line, $0) } ?? [])
    }
    return CurvePanels.Group(
      title: title, x: Axis(label: "round", range: .count(all.map { $0[0] })),
      y: Axis(label: "test accuracy (%)", range: .percent(all.map { $0[1] })),
      curves: lines.map { line in
        CurvePanels.Curve(
          title: line.curve.title, look: line.look, index: line.index,
          points: points(line, value), companion: companion.map { points(line, $0) } ?? [])
      })
  }
}
