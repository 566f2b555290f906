import Experiments
import Support

/// Beside Figure 7: how the weight of a client's own layer develops over rounds, layer by layer, in percent; mean over
/// clients and seeds. The paper shows the last round of one client only: its values stand at the end.
public struct SelfWeightsOverRoundsFigure: ReportPart {
  private let results: SweepResults
  private let paper: PaperNumbers

  /// The figure of a sweep's results beside the paper's numbers.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
    self.paper = paper
  }

  /// A layer's self weight after a round.
  private struct Point {
    let round: Int
    /// Of client 0 and the mean over all clients, in percent; mean over seeds.
    let target: Double
    let meanOverClients: Double
  }

  /// Writes `self-weights-over-rounds.csv` and its pictures. Throws if the folder cannot be written to.
  public func write(to folder: String) throws -> ReportSection {
    var section = results.emptySection
    var numbers = CSV(
      results.panelAxes(without: ["seed"]) + [
        "layer", "round", "client_0_percent", "mean_percent", "seeds",
      ])
    let groups = groups
    let names = Self.distinct(groups.map(\.layers))
    for group in groups {
      for (layer, points) in zip(group.layers, group.curves) {
        for point in points {
          numbers.append(
            group.panel.labels + [
              layer, "\(point.round)", CSV.number(point.target),
              CSV.number(point.meanOverClients), "\(group.seedCount)",
            ])
        }
      }
    }
    for panel in results.panels(without: ["seed"])
    where !results.runs(panel.place).isEmpty
      && !groups.contains(where: { $0.panel.place == panel.place })
    {
      section.note("\(panel.title): no aggregation weights; left out.")
    }
    guard !groups.isEmpty else { return section }
    let picture = PanelPicture(
      title: "Self weights over rounds \(results.profileRemark)",
      panels: groups.map { drawing($0, names) },
      legend: names.enumerated().map { .init(SeriesLook($0).lineWithPoints, $1) } + [
        .init(.diamond, "the paper's Figure 7, in a layer's colour"),
        .init(.line(Style.equalWeights), "equal weights"),
      ], plotHeight: 260)
    try section.add(
      picture,
      caption:
        "The weight of a client's own layer in its model over rounds, mean over clients and seeds; at the end, the "
        + "paper's values of one client.",
      numbers: numbers, name: "self-weights-over-rounds", to: folder)
    return section
  }

  /// The curves of a panel, one per layer.
  private struct Group {
    let panel: SweepResults.Panel
    let layers: [String]
    let curves: [[Point]]
    let clientCount: Int
    let seedCount: Int
  }

  /// The panels with recorded weights.
  private var groups: [Group] {
    results.panels(without: ["seed"]).compactMap { panel in
      let views = results.runs(panel.place).compactMap(WeightView.init)
      guard let first = views.first else { return nil }
      return Group(
        panel: panel, layers: first.layers,
        curves: first.layers.indices.map { Self.curve(views, layer: $0) },
        clientCount: first.clientCount, seedCount: views.count)
    }
  }

  /// Each name once, those of the longest list first.
  private static func distinct(_ lists: [[String]]) -> [String] {
    lists.sorted { $0.count > $1.count }.joined().reduce(into: []) { names, name in
      if !names.contains(name) { names.append(name) }
    }
  }

  /// The self weights of a layer after the rounds that all runs recorded.
  private static func curve(_ views: [WeightView], layer: Int) -> [Point] {
    (views.first?.rounds ?? []).compactMap { round in
      let weights = views.compactMap { view in
        view.rounds.firstIndex(of: round).map {
          view.selfWeightsPercent(position: $0, layer: layer)
        }
      }
      guard weights.count == views.count else { return nil }
      return Point(
        round: round, target: weights.map { $0[0] }.mean,
        meanOverClients: weights.map(\.mean).mean)
    }
  }

  private func drawing(_ group: Group, _ names: [String]) -> Panel {
    let rounds = group.curves.joined().map { Double($0.round) }
    let end = rounds.max() ?? 1
    let equal = 100 / Double(group.clientCount)
    let published = paper.rows("fig7.csv").filter { $0["dataset"] == group.panel.dataset }
    var (lines, theirs): ([Mark], [Mark]) = ([], [])
    for (layer, points) in zip(group.layers, group.curves) {
      let index = names.firstIndex(of: layer) ?? 0
      let look = SeriesLook(index)
      lines += Mark.curve(
        points.map { [Double($0.round), $0.meanOverClients] }, look, start: index)
      let value = published.number("self_weight_percent", where: ["layer": layer])
      guard !value.isNaN else { continue }
      theirs += [
        Mark(.diamondHalo, [[end, value]]),
        Mark(.points(Marker(shape: .diamond, size: 1.3, colour: look.colour)), [[end, value]]),
      ]
    }
    return Panel(
      title: group.panel.title, x: Axis(label: "round", range: .count(rounds)),
      y: SelfWeightsFigure.weightAxis,
      marks: [Mark(.line(Style.equalWeights), [[0, equal], [end, equal]])] + lines + theirs)
  }
}
