import Experiments
import FederatedLearning
import Support

/// Figure 1: aggregation by similarity layer by layer against whole models. The accuracy of client 1
/// over rounds, and whose layers it takes after the last recorded round; the paper's beside ours.
public struct SimilarityFigure: ReportPart {
  private static let target = 1
  private let results: SweepResults
  private let paper: PaperNumbers

  /// The figure of a sweep's results beside the paper's numbers.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
    self.paper = paper
  }

  /// A method of the sweep on a panel's place.
  private struct Line {
    let panel: SweepResults.Panel
    let series: MethodSeries
    /// The method in the paper's words.
    let aggregation: String
  }

  /// Writes `similarity-accuracy.csv`, `similarity-weights.csv` and their pictures. Throws if the
  /// folder cannot be written to.
  public func write(to folder: String) throws -> ReportSection {
    var section = results.emptySection
    let lines = results.seriesPanels.flatMap { panel in
      results.series(panel).compactMap { series -> Line? in
        guard (series.runs.first?.record.clientCount ?? 0) > Self.target else { return nil }
        return Line(panel: panel, series: series, aggregation: Self.aggregation(series.label))
      }
    }
    guard !lines.isEmpty else { return section }
    try writeAccuracy(lines, into: &section, folder)
    try writeWeights(lines, into: &section, folder)
    return section
  }

  /// The paper's name of a method: `layer-wise` for similarity-layerwise.
  static func aggregation(_ method: String) -> String {
    switch method {
    case "similarity-layerwise": "layer-wise"
    case "similarity-modelwise": "model-wise"
    default: method
    }
  }

  /// The place of an aggregation among the colours, the same for ours and the paper's.
  private static func colourIndex(_ aggregation: String, _ names: [String]) -> Int {
    names.firstIndex(of: aggregation) ?? 0
  }

  // MARK: Accuracy

  private func writeAccuracy(
    _ lines: [Line], into section: inout ReportSection, _ folder: String
  ) throws {
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
            let accuracies = line.series.runs.map {
              100 * Double($0.accuracies(model, round: round)[Self.target])
            }
            numbers.append(
              panel.labels + [
                line.aggregation, "\(Self.target)", "ours", model.rawValue, "\(round)",
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
          row["aggregation"] ?? "", "\(Self.target)", "paper", "", row["round"] ?? "",
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
        title: "Accuracy of client \(Self.target), received model \(results.profileRemark)",
        panels: panels,
        legend: names.enumerated().map { .init(SeriesLook($0).lineWithPoints, $1) },
        plotHeight: 250),
      caption:
        "Accuracy of client \(Self.target) over rounds, model received from the server, mean "
        + "over seeds; the paper's on the right, over its own number of rounds. The CSV file has the "
        + "locally trained model too.",
      numbers: numbers, name: "similarity-accuracy", to: folder)
  }

  private static func curve(_ points: [[Double]], _ index: Int) -> [Mark] {
    Mark.curve(points, SeriesLook(index), start: index)
  }

  private static func drawing(_ title: String, _ marks: [Mark], rounds: Int) -> Panel {
    Panel(
      title: title, x: Axis(label: "round", range: .count([Double(rounds)])),
      y: Axis(label: "test accuracy (%)", range: .ends(0, 100)), marks: marks)
  }

  // MARK: Weights

  private func writeWeights(
    _ lines: [Line], into section: inout ReportSection, _ folder: String
  ) throws {
    let axes = results.seriesPanelAxes
    var numbers = CSV(
      axes + [
        "aggregation", "layer", "target_client", "source_client", "source", "round", "weight",
        "seeds",
      ])
    var panels: [Panel] = []
    var layers: [String] = []
    var clientCount = 0
    for line in lines {
      let views = line.series.runs.compactMap(WeightView.init)
      guard let first = views.first else {
        section.note(
          "\(line.panel.title), \(line.series.title): no aggregation weights; left out.")
        continue
      }
      if layers.isEmpty { layers = first.layers }
      clientCount = max(clientCount, first.clientCount)
      var weights: [[Double]] = []
      for (layer, name) in first.layers.enumerated() {
        let perSeed = views.map { $0.last(client: Self.target, layer: layer) }
        let means = (0..<first.clientCount).map { source in perSeed.map { $0[source] }.mean }
        weights.append(means)
        for (source, weight) in means.enumerated() {
          numbers.append(
            line.panel.labels + [
              line.aggregation, name, "\(Self.target)", "\(source)", "ours",
              first.rounds.last.map(String.init) ?? "", CSV.number(weight), "\(views.count)",
            ])
        }
      }
      panels.append(
        Self.bars("\(line.aggregation), ours: \(line.panel.title)", weights, first.layers))
    }
    guard !panels.isEmpty else { return }
    let published = paper.rows("fig1b.csv")
    for row in published {
      numbers.append(
        axes.map { _ in "" } + [
          "layer-wise", row["layer"] ?? "", "\(Self.target)", row["source_client"] ?? "", "paper",
          "", row["weight"] ?? "", "",
        ])
    }
    if !published.isEmpty {
      var theirs = layers.map { _ in [Double](repeating: 0, count: clientCount) }
      for row in published {
        guard let layer = row["layer"].flatMap({ layers.firstIndex(of: $0) }),
          let source = row["source_client"].flatMap({ Int($0) }), source < clientCount,
          let weight = row["weight"].flatMap({ Double($0) })
        else { continue }
        theirs[layer][source] = weight
      }
      panels.insert(Self.bars("layer-wise, the paper", theirs, layers), at: min(1, panels.count))
    }
    try section.add(
      PanelPicture(
        title: "Whose layers client \(Self.target) takes after the last round "
          + results.profileRemark,
        panels: panels,
        legend: (0..<clientCount).map { .init(Self.piece($0), "client \($0)") }),
      caption: "The weight of each source client in every layer of client \(Self.target) after the "
        + "last recorded round, mean over seeds; the paper's for aggregation layer by layer.",
      numbers: numbers, name: "similarity-weights", to: folder)
  }

  private static func piece(_ source: Int) -> Style {
    .pieces(.edged(SeriesLook(source).colour))
  }

  /// Stacked bars, a bar a layer.
  private static func bars(_ title: String, _ weights: [[Double]], _ layers: [String]) -> Panel {
    let sources = weights.first?.indices ?? 0..<0
    return Panel(
      title: title,
      x: Axis(
        label: "layer", range: .ends(-0.6, Double(layers.count) - 0.4), tics: .names(layers)),
      y: Axis(label: "aggregation weight", range: .ends(0, 1)),
      marks: sources.map { source in
        Mark(
          piece(source),
          weights.enumerated().map { layer, row in
            let below = row[..<source].reduce(0, +)
            return [Double(layer), below, below + row[source]]
          })
      })
  }
}
