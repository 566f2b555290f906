import Experiments
import FederatedLearning
import Support

/// Figure 1 (a): the accuracy of client 1 over rounds where clients aggregate by similarity, layer by layer
/// against whole models; the paper's beside ours.
public struct SimilarityAccuracyFigure: ReportPart {
  private let results: SweepResults
  private let paper: PaperNumbers

  /// The figure of a sweep's results beside the paper's numbers.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
    self.paper = paper
  }

  /// Writes `similarity-accuracy.csv` and its pictures. Throws if the folder cannot be written to.
  public func write(to folder: String) throws -> ReportSection {
    var section = results.emptySection
    let lines = SimilarityLine.all(results)
    guard !lines.isEmpty else { return section }
    let axes = results.seriesPanelAxes
    var numbers = CSV(
      axes + ["aggregation", "client", "source", "model", "round", "accuracy_percent", "seeds"])
    let published = paper.rows("fig1a.csv")
    let names = (lines.map(\.aggregation) + published.compactMap { $0["aggregation"] })
      .reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    var panels: [Panel] = []
    for panel in results.seriesPanels {
      var marks: [Mark] = []
      var last = 0
      for line in lines where line.panel.labels == panel.labels {
        var points: [[Double]] = []
        last = max(last, line.series.rounds.last ?? 0)
        for model in [EvaluatedModel.received, .trained] {
          for round in line.series.rounds {
            let accuracies = line.series.runs.compactMap {
              $0.accuracy(model, of: SimilarityLine.target, round: round).map { 100 * Double($0) }
            }
            // Client 0 may not be among those that are evaluated.
            guard !accuracies.isEmpty else { continue }
            numbers.append(
              panel.labels + [
                line.aggregation, "\(SimilarityLine.target)", "ours", model.rawValue, "\(round)",
                CSV.number(accuracies.mean), "\(accuracies.count)",
              ])
            if model == .received { points.append([Double(round), accuracies.mean]) }
          }
        }
        marks += Self.curve(points, Self.colourIndex(line.aggregation, names))
      }
      if !marks.isEmpty {
        panels.append(Self.drawing("ours: \(panel.title)", marks, rounds: last))
      }
    }
    let theirs = names.flatMap { name in
      Self.curve(
        published.filter { $0["aggregation"] == name }.compactMap { row in
          guard let round = row["round"].flatMap({ Int($0) }),
            let accuracy = row["accuracy_percent"].flatMap({ Double($0) })
          else { return nil }
          return [Double(round), accuracy]
        }, Self.colourIndex(name, names))
    }
    for row in published {
      numbers.append(
        axes.map { _ in "" } + [
          row["aggregation"] ?? "", "\(SimilarityLine.target)", "paper", "", row["round"] ?? "",
          row["accuracy_percent"] ?? "", "",
        ])
    }
    if !published.isEmpty {
      panels.append(
        Self.drawing(
          "the paper", theirs,
          rounds: published.compactMap { $0["round"].flatMap { Int($0) } }.max() ?? 0))
    }
    try section.add(
      PanelPicture(
        title:
          "Accuracy of client \(SimilarityLine.target), received model \(results.profileRemark)",
        panels: panels,
        legend: names.enumerated().map { .init(SeriesLook($0).lineWithPoints, $1) },
        plotHeight: 250),
      caption:
        "Accuracy of client \(SimilarityLine.target) over rounds, model received from the server, mean "
        + "over seeds; the paper's on the right, over its own number of rounds. The CSV file also has the "
        + "locally trained model.",
      numbers: numbers, name: "similarity-accuracy", to: folder)
    return section
  }

  /// The place of an aggregation among the colours, the same for ours and the paper's.
  private static func colourIndex(_ aggregation: String, _ names: [String]) -> Int {
    names.firstIndex(of: aggregation) ?? 0
  }

  private static func curve(_ points: [[Double]], _ index: Int) -> [Mark] {
    Mark.curve(points, SeriesLook(index), start: index)
  }

  private static func drawing(_ title: String, _ marks: [Mark], rounds: Int) -> Panel {
    Panel(
      title: title, x: Axis(label: "round", range: .count([Double(rounds)])),
      y: Axis(label: "test accuracy (%)", range: .ends(0, 100)), marks: marks)
  }
}
