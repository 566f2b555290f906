/// Learning curves: mean test accuracy over rounds, one line per method; one row of panels per dataset and
/// partition scheme, received models on the left and trained models on the right.
struct CurvesPicture {
  private let comparison: Comparison

  init(_ comparison: Comparison) { self.comparison = comparison }

  /// Draws `curves.svg` and `curves.png`.
  /// - Returns: why they could not be drawn, in one line; nil if they were.
  func write(to folder: String) -> String? {
    let curves = comparison.methodCurves
    var looks: [String] = []
    for curve in curves where !looks.contains(curve.title) { looks.append(curve.title) }
    func look(_ title: String) -> SeriesLook {
      SeriesLook(looks.firstIndex(of: title) ?? 0, width: 1.8)
    }

    var panels: [Panel] = []
    for panel in comparison.panels {
      let own = curves.filter { $0.dataset == panel.dataset && $0.scheme == panel.scheme }
      for (name, value) in [
        ("received", \Comparison.MethodCurve.Point.received), ("trained", \.trained),
      ] {
        let points = own.flatMap(\.points)
        panels.append(
          .init(
            title: comparison.panels.count == 1
              ? "\(name) models" : "\(name): \(panel.dataset), \(panel.scheme)",
            x: Axis(label: "round", range: .count(points.map { Double($0.round) })),
            y: Axis(
              label: "test accuracy (%)", range: .percent(points.map { $0[keyPath: value] })),
            marks: own.map { curve in
              Mark(
                look(curve.title).line,
                curve.points.map { [Double($0.round), $0[keyPath: value]] })
            }))
      }
    }
    // A panel is too narrow for a long dataset and scheme; if there is only one pair, it goes above the panels.
    let only = comparison.panels.count == 1 ? comparison.panels.first : nil
    let title = only.map { "Learning curves: \($0.dataset), \($0.scheme)" }
    let picture = PanelPicture(
      title: title ?? "Learning curves, mean over clients", panels: panels,
      legend: looks.map { .init(look($0).line, $0) },
      plotHeight: 280)
    return picture.write(to: folder, name: "curves")
  }
}
