import Experiments
import Support

/// Accuracy against communication: the reported model's mean accuracy over the bytes that all
/// clients and the server have sent so far, at four bytes per number; 1 MB = 2^20 bytes as in the
/// paper's Table 3.
public struct CommunicationFigure: ReportPart {
  private let results: SweepResults

  /// The figure of a sweep's results; the paper has no such figure.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
  }

  /// A point: what was sent up to a round, in MB, and the accuracy after it in percent; means over
  /// seeds.
  struct Point {
    let round: Int
    let sent: Double
    let accuracy: Double
  }

  /// Writes `accuracy-over-communication.csv` and its pictures. Throws if the folder cannot be
  /// written to.
  public func write(to folder: String) throws -> ReportSection {
    var section = results.emptySection
    var numbers = CSV(
      results.seriesPanelAxes + [
        results.seriesAxis, "model", "round", "sent_mbytes", "accuracy_percent", "seeds",
      ])
    var groups: [CurvePanels.Group] = []
    for panel in results.seriesPanels {
      let series = results.series(panel)
      guard !series.isEmpty else { continue }
      var curves: [CurvePanels.Curve] = []
      let lines = series.map { (series: $0, points: Self.points($0)) }
      let most = lines.compactMap { $0.points.last?.sent }.max() ?? 0
      for (one, points) in lines {
        for point in points {
          numbers.append(
            panel.labels + [
              one.label, one.reported.rawValue, "\(point.round)", CSV.number(point.sent),
              CSV.number(point.accuracy), "\(one.runs.count)",
            ])
        }
        curves.append(Self.curve(one, points, most: most))
      }
      groups.append(
        .init(
          title: panel.title, x: Axis(label: "sent so far (MB)", range: .count([max(most, 1)])),
          y: Axis(
            label: "test accuracy (%)",
            range: .percent(lines.flatMap { $0.points.map(\.accuracy) })),
          curves: curves))
    }
    guard !groups.isEmpty else { return section }
    try section.add(
      CurvePanels(
        title: "Accuracy against communication \(results.profileRemark)", groups: groups
      ).picture,
      caption:
        "Accuracy on the clients' own test data, mean over clients and seeds, against the data that all "
        + "clients and the server have sent so far as float32 (1 MB = 2^20 bytes). A method that "
        + "sends nothing is a horizontal line at its last accuracy.",
      numbers: numbers, name: "accuracy-over-communication", to: folder)
    return section
  }

  /// The points of a series after each evaluation.
  static func points(_ series: MethodSeries) -> [Point] {
    let sent = series.runs.map { run in
      zip(run.record.uplinkBytes, run.record.downlinkBytes)
        .reduce(into: [0.0]) { sums, bytes in sums.append((sums.last ?? 0) + bytes.0 + bytes.1) }
    }
    return series.rounds.map { round in
      Point(
        round: round, sent: sent.map { $0[round] / Megabyte.bytes }.mean,
        accuracy: series.accuracies(round: round).mean)
    }
  }

  private static func curve(_ series: MethodSeries, _ points: [Point], most: Double)
    -> CurvePanels.Curve
  {
    var places = points.map { [$0.sent, $0.accuracy] }
    if let last = points.last, last.sent == 0 {
      places = [[0, last.accuracy], [max(most, 1), last.accuracy]]
    }
    return CurvePanels.Curve(
      title: series.title, look: series.look, index: series.index, points: places)
  }
}
