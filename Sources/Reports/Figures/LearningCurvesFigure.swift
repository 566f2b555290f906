import Experiments
import Support

/// Learning curves of an accuracy table: accuracy of the reported model over rounds, mean over clients
/// and seeds; one panel per column of the table, one line per method.
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
    var panels: [Panel] = []
    var all: [MethodSeries] = []
    for panel in results.seriesPanels {
      let series = results.series(panel)
      guard !series.isEmpty else { continue }
      var marks: [Mark] = []
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
        marks += Mark.curve(
          points.map { [Double($0.round), $0.accuracies.mean] }, one.look, start: one.index)
      }
      all += series
      panels.append(
        .init(
          title: panel.title,
          x: Axis(label: "round", range: .count(drawn.map { Double($0.round) })),
          y: Axis(label: "test accuracy (%)", range: .percent(drawn.map(\.accuracy))),
          marks: marks))
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
