import Experiments
import Support

/// How far apart the clients of a method are: accuracy of the reported model of every client (and
/// seed) after the last evaluation, a panel a column of the table, a row of points a method.
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
    var drawings: [PanelPicture.Panel] = []
    for (panel, series) in panels {
      var layers: [PanelPicture.Layer] = []
      var drawn: [Double] = []
      for one in series {
        guard let row = rows.firstIndex(of: one.index) else { continue }
        var accuracies: [Double] = []
        for run in one.runs {
          guard let round = run.record.lastEvaluatedRound else { continue }
          for (client, accuracy) in run.accuracies(one.reported, round: round).enumerated() {
            accuracies.append(100 * Double(accuracy))
            numbers.append(
              panel.labels + [
                one.label, one.reported.rawValue, "\(run.seed)", "\(round)", "\(client)",
                CSV.number(100 * Double(accuracy)),
              ])
          }
        }
        drawn += accuracies
        layers += Self.layers(accuracies, row: row, colour: one.colour)
      }
      drawings.append(drawing(panel, layers, drawn, rows: rows.map { titles[$0] ?? "" }))
    }
    guard !drawings.isEmpty else { return section }
    let longest = titles.values.map(\.count).max() ?? 0
    try section.add(
      PanelPicture(
        title: "Every client's accuracy after the last evaluation \(results.profileRemark)",
        panels: drawings,
        legend: [
          .init(style: "with points pt 7 ps 0.6 lc rgb '#0072B2'", title: "a client"),
          .init(style: "with points pt 13 ps 1.1 lc rgb '#000000'", title: "mean"),
          .init(style: "with lines lw 2 lc rgb '#000000'", title: "middle half"),
        ], plotHeight: max(90, 26 * Double(rows.count) + 12),
        leftMargin: min(200, 28 + 8.4 * Double(longest))),
      caption:
        "Accuracy of every client (and seed) on its own test data after the last evaluation, "
        + "the model that each method's own paper reports. Points are moved up and down so that "
        + "they can be told apart.",
      numbers: numbers, name: "client-spread", to: folder)
    return section
  }

  /// The k-th point's shift within its row, in (−1/2, 1/2): multiples of the golden ratio modulo 1
  /// are spread evenly however many there are, and are the same in every picture.
  static func shift(_ k: Int) -> Double {
    let position = Double(k + 1) * 0.618_033_988_749_895
    return position - position.rounded(.down) - 0.5
  }

  private static func layers(_ accuracies: [Double], row: Int, colour: String)
    -> [PanelPicture.Layer]
  {
    let size = accuracies.count > 60 ? 0.35 : 0.6
    let quartiles = [0.25, 0.75].map { "\(accuracies.quantile($0)) \(row)" }
    let mean = ["\(accuracies.mean) \(row)"]
    return [
      .init(
        rows: accuracies.enumerated().map { "\($1) \(Double(row) + 0.6 * shift($0))" },
        style: "using 1:2 with points pt 7 ps \(size) lc rgb '#60\(colour.dropFirst())'"),
      .init(rows: quartiles, style: "using 1:2 with lines lw 5 lc rgb '#ffffff'"),
      .init(rows: quartiles, style: "using 1:2 with lines lw 2 lc rgb '#000000'"),
      .init(rows: mean, style: "using 1:2 with points pt 13 ps 1.7 lc rgb '#ffffff'"),
      .init(rows: mean, style: "using 1:2 with points pt 13 ps 1.1 lc rgb '#000000'"),
    ]
  }

  private func drawing(
    _ panel: SweepResults.Panel, _ layers: [PanelPicture.Layer], _ accuracies: [Double],
    rows: [String]
  ) -> PanelPicture.Panel {
    let tics = rows.enumerated().map { "\(Gnuplot.ticLiteral($1)) \($0)" }
    return PanelPicture.Panel(
      title: panel.title,
      settings: [
        "set yrange [\(Double(rows.count) - 0.4):-0.6]",
        "set ytics (\(tics.joined(separator: ", "))) scale 0",
        "set xlabel 'test accuracy (%)' offset 0,0.3",
      ] + AxisRange.percent("x", accuracies), layers: layers)
  }
}
