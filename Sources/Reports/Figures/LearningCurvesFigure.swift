import Experiments
import Support

/// Learning curves of an accuracy table: accuracy of the reported model over rounds, mean over clients
/// and seeds; a panel a column of the table, a line a method.
public struct LearningCurvesFigure: ReportPart {
  private let results: SweepResults

  /// The figure of a sweep's results; the paper has no such figure.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
  }

  /// Writes `learning-curves.csv` and its pictures. Throws if the folder cannot be written to.
  public func write(to folder: String) throws -> ReportSection {
    var section = results.emptySection
    var numbers = CSV(
      results.seriesPanelAxes + [
        results.seriesAxis, "model", "round", "accuracy_percent", "accuracy_sd_seeds", "seeds",
      ])
    var panels: [PanelPicture.Panel] = []
    var all: [MethodSeries] = []
    for panel in results.seriesPanels {
      let series = results.series(panel)
      guard !series.isEmpty else { continue }
      var layers: [PanelPicture.Layer] = []
      var drawn: [(round: Int, accuracy: Double)] = []
      for one in series {
        let points = one.rounds.map { (round: $0, accuracies: one.accuracies(round: $0)) }
        for point in points {
          numbers.append(
            panel.labels + [
              one.label, one.reported.rawValue, "\(point.round)",
              CSV.number(point.accuracies.mean), CSV.number(point.accuracies.standardDeviation),
              "\(point.accuracies.count)",
            ])
        }
        drawn += points.map { ($0.round, $0.accuracies.mean) }
        // Some ten markers a line, each line's beginning at another round.
        let interval = max(1, (points.count + 5) / 10)
        let rows = points.map { "\($0.round) \($0.accuracies.mean)" }
        layers.append(.init(rows: rows, style: "using 1:2 \(one.lines)"))
        layers.append(
          .init(
            rows: points.indices.filter { $0 % interval == one.index % interval }.map { rows[$0] },
            style: "using 1:2 \(one.points)"))
      }
      all += series
      panels.append(
        .init(
          title: panel.title,
          settings: AxisRange.count("x", drawn.map { Double($0.round) })
            + AxisRange.percent("y", drawn.map(\.accuracy)) + [
              "set xlabel 'round' offset 0,0.3", "set ylabel 'test accuracy (%)' offset 0.5,0",
            ], layers: layers))
    }
    guard !panels.isEmpty else { return section }
    try section.add(
      PanelPicture(
        title: "Learning curves, mean over clients \(results.profileRemark)", panels: panels,
        legend: legend(all), plotHeight: 250),
      caption:
        "Accuracy on the clients' own test data over rounds, mean over clients and seeds; the "
        + "model that each method's own paper reports.",
      numbers: numbers, name: "learning-curves", to: folder)
    return section
  }
}
