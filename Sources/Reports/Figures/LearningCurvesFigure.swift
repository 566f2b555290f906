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
    var groups: [CurvePanels.Group] = []
    for panel in results.seriesPanels {
      let series = results.series(panel)
      guard !series.isEmpty else { continue }
      var curves: [CurvePanels.Curve] = []
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
        curves.append(
          CurvePanels.Curve(
            title: one.title, look: one.look, index: one.index,
            points: points.map { [Double($0.round), $0.accuracies.mean] },
            band: points.filter { $0.accuracies.count > 1 }.map { point in
              [Double(point.round)] + Self.ends(point.accuracies)
            }))
      }
      let (rounds, accuracies) = (
        curves.flatMap(\.points).map { $0[0] },
        curves.flatMap { $0.points.map { $0[1] } + $0.band.flatMap { $0.dropFirst() } }
      )
      groups.append(
        .init(
          title: panel.title, x: Axis(label: "round", range: .count(rounds)),
          y: Axis(label: "test accuracy (%)", range: .percent(accuracies)), curves: curves))
    }
    guard !groups.isEmpty else { return section }
    try section.add(
      CurvePanels(
        title: "Learning curves, mean over clients \(results.profileRemark)", groups: groups
      ).picture,
      caption:
        "Accuracy on the clients' own test data over rounds, mean over clients and seeds; the "
        + "model that each method's own paper reports. Bands reach from the lowest to the highest seed.",
      numbers: numbers, name: "learning-curves", to: folder)
    return section
  }
  /// The lowest and the highest.
  private static func ends(_ values: [Double]) -> [Double] {
    [values.min() ?? .nan, values.max() ?? .nan]
  }
}
