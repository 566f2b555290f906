import Experiments
import Support

/// Figure 1 (b): whose layers client 1 takes after the last recorded round where clients aggregate by
/// similarity; the paper's beside ours.
public struct SimilarityWeightsFigure: ReportPart {
  private let results: SweepResults
  private let paper: PaperNumbers

  /// The figure of a sweep's results beside the paper's numbers.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
    self.paper = paper
  }

  /// Writes `similarity-weights.csv` and its pictures. Throws if the folder cannot be written to.
  public func write(to folder: String) throws -> ReportSection {
    var section = results.emptySection
    let lines = SimilarityLine.all(results)
    guard !lines.isEmpty else { return section }
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
        let perSeed = views.map { $0.last(client: SimilarityLine.target, layer: layer) }
        let means = (0..<first.clientCount).map { source in perSeed.map { $0[source] }.mean }
        weights.append(means)
        for (source, weight) in means.enumerated() {
          numbers.append(
            line.panel.labels + [
              line.aggregation, name, "\(SimilarityLine.target)", "\(source)", "ours",
              first.rounds.last.map(String.init) ?? "", CSV.number(weight), "\(views.count)",
            ])
        }
      }
      panels.append(
        Self.bars("\(line.aggregation), ours: \(line.panel.title)", weights, first.layers))
    }
    guard !panels.isEmpty else { return section }
    let published = paper.rows("fig1b.csv")
    for row in published {
      numbers.append(
        axes.map { _ in "" } + [
          "layer-wise", row["layer"] ?? "", "\(SimilarityLine.target)", row["source_client"] ?? "",
          "paper",
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
        title: "Whose layers client \(SimilarityLine.target) takes after the last round "
          + results.profileRemark,
        panels: panels,
        legend: (0..<clientCount).map { .init(Self.piece($0), "client \($0)") }),
      caption:
        "The weight of each source client in every layer of client \(SimilarityLine.target) after the "
        + "last recorded round, mean over seeds; the paper's values are for layer-wise aggregation.",
      numbers: numbers, name: "similarity-weights", to: folder)
    return section
  }

  private static func piece(_ source: Int) -> Style {
    .pieces(.edged(SeriesLook(source).colour))
  }

  /// Stacked bars, one per layer.
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
