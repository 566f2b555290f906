import Experiments
import Support

/// How far apart the clients of a method are: accuracy of the reported model of every client (and
/// seed) after the last evaluation, one panel per column of the table, one row of points per method.
public struct ClientSpreadFigure: ReportPart {
  private let results: SweepResults

  /// The figure of a sweep's results; the paper has no such figure.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
  }

  /// Writes `client-spread.csv` and its pictures. Throws if the folder cannot be written to.
  public func write(to folder: String) throws -> ReportSection {
    var section = results.emptySection
    var numbers = CSV(
      results.seriesPanelAxes + [
        results.seriesAxis, "model", "seed", "round", "client", "accuracy_percent",
      ])
    let panels = results.seriesPanels.map { (panel: $0, series: results.series($0)) }
      .filter { !$0.series.isEmpty }
    // The same rows in every panel, so that methods can be followed across.
    let rows = Set(panels.flatMap { $0.series.map(\.index) }).sorted()
    let titles = Dictionary(
      panels.flatMap { $0.series.map { ($0.index, $0.title) } }, uniquingKeysWith: { $1 })
    var drawings: [Panel] = []
    for (panel, series) in panels {
      var marks: [Mark] = []
      var drawn: [Double] = []
      for one in series {
        guard let row = rows.firstIndex(of: one.index) else { continue }
        var accuracies: [Double] = []
        for run in one.runs {
          guard let round = run.record.lastEvaluatedRound else { continue }
          for (client, accuracy) in zip(
            run.record.evaluatedClients(round: round), run.accuracies(one.reported, round: round))
          {
            accuracies.append(100 * Double(accuracy))
            numbers.append(
              panel.labels + [
                one.label, one.reported.rawValue, "\(run.seed)", "\(round)", "\(client)",
                CSV.number(100 * Double(accuracy)),
              ])
          }
        }
        drawn += accuracies
        marks += Self.marks(accuracies, row: row, colour: one.look.colour)
      }
      drawings.append(drawing(panel, marks, drawn, rows: rows.map { titles[$0] ?? "" }))
    }
    guard !drawings.isEmpty else { return section }
    let longest = titles.values.map(\.count).max() ?? 0
    try section.add(
      PanelPicture(
        title: "Every client's accuracy after the last evaluation \(results.profileRemark)",
        panels: drawings,
        legend: [
          .init(.points(Marker(shape: .disc, size: 0.6, colour: "#0072B2")), "a client"),
          .init(.diamond, "mean"),
          .init(Self.middleHalf, "middle half"),
        ], plotHeight: max(90, 26 * Double(rows.count) + 12),
        leftMargin: min(200, 28 + 8.4 * Double(longest))),
      caption:
        "Accuracy of every client (and seed) on its own test data after the last evaluation, "
        + "for the model that each method's own paper reports. Points are shifted vertically so that "
        + "they do not overlap.",
      numbers: numbers, name: "client-spread", to: folder)
    return section
  }

  /// The k-th point's shift within its row, in (−1/2, 1/2): multiples of the golden ratio modulo 1
  /// are spread evenly however many there are, and are the same in every picture.
  static func shift(_ k: Int) -> Double {
    let position = Double(k + 1) * 0.618_033_988_749_895
    return position - position.rounded(.down) - 0.5
  }

  private static let middleHalf = Style.boxes(.solid("#e4e4e4"))

  private static func marks(_ accuracies: [Double], row: Int, colour: String) -> [Mark] {
    let row = Double(row)
    let cloud = Marker(
      shape: .disc, size: accuracies.count > 60 ? 0.35 : 0.6, colour: "#60\(colour.dropFirst())")
    // Below the points, so that it hides none.
    let box = [accuracies.quantile(0.25), accuracies.quantile(0.75), row - 0.36, row + 0.36]
    return [
      Mark(middleHalf, [box]),
      Mark(.points(cloud), accuracies.enumerated().map { [$1, row + 0.6 * shift($0)] }),
    ] + Mark.diamonds([[accuracies.mean, row]])
  }

  private func drawing(
    _ panel: SweepResults.Panel, _ marks: [Mark], _ accuracies: [Double], rows: [String]
  ) -> Panel {
    Panel(
      title: panel.title,
      x: Axis(label: "test accuracy (%)", range: .percent(accuracies)),
      y: Axis(range: .ends(Double(rows.count) - 0.4, -0.6), tics: .names(rows)),
      marks: marks)
  }
}
