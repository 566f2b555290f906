import Experiments
import Support

/// Figure 7: how much of each of its own layers the target client (client 0) takes into its model
/// after the last recorded round, in percent; the paper's values and the mean over all clients beside
/// it. Values are means over seeds. Which client the paper shows is open.
public struct SelfWeightsFigure: ReportPart {
  private let results: SweepResults
  private let paper: PaperNumbers

  /// The figure of a sweep's results beside the paper's numbers.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
    self.paper = paper
  }

  /// A layer's values in percent, one a seed.
  struct Value {
    let layer: String
    let target: [Double]
    let meanOverClients: [Double]
  }

  /// Writes `self-weights.csv` and its pictures. Throws if the folder cannot be written to.
  public func write(to folder: String) throws -> ReportSection {
    var section = results.emptySection
    var numbers = CSV(
      results.panelAxes(without: ["seed"]) + [
        "layer", "client", "source", "self_weight_percent", "self_weight_sd_seeds", "seeds",
      ])
    var panels: [PanelPicture.Panel] = []
    for panel in results.panels(without: ["seed"]) {
      let runs = results.runs(panel.place)
      let views = runs.compactMap(WeightView.init)
      guard let first = views.first else {
        if !runs.isEmpty { section.note("\(panel.title): no aggregation weights; left out.") }
        continue
      }
      let values = Self.values(views)
      for value in values {
        for (client, weights) in [("0", value.target), ("mean", value.meanOverClients)] {
          numbers.append(
            panel.labels + [
              value.layer, client, "ours", CSV.number(weights.mean),
              CSV.number(weights.standardDeviation), "\(weights.count)",
            ])
        }
      }
      let published = paper.rows("fig7.csv").filter { $0["dataset"] == panel.dataset }
      for row in published {
        numbers.append(
          panel.labels + [
            row["layer"] ?? "", "target", "paper", row["self_weight_percent"] ?? "", "", "",
          ])
      }
      panels.append(drawing(panel, values, published, clientCount: first.clientCount))
    }
    guard !panels.isEmpty else { return section }
    let picture = PanelPicture(
      title: "How much of its own layers a client keeps \(results.profileRemark)", panels: panels,
      legend: [
        .init(style: Self.ours, title: "client 0, ours"),
        .init(style: Self.theirs, title: "target client, the paper"),
        .init(style: Self.marker, title: "mean over clients, ours"),
        .init(style: Self.uniform, title: "equal weights"),
      ])
    try section.add(
      picture,
      caption:
        "The weight of a client's own layer in its model after the last round, layer by layer, "
        + "mean over seeds; the paper's values beside it.",
      numbers: numbers, name: "self-weights", to: folder)
    section.note("Which client the paper's Figure 7 shows is not said; ours is client 0.")
    return section
  }

  /// The values of all layers, one run a seed.
  static func values(_ views: [WeightView]) -> [Value] {
    (views.first?.layers ?? []).enumerated().map { layer, name in
      let perSeed = views.map { view in
        (0..<view.clientCount).map { 100 * view.last(client: $0, layer: layer)[$0] }
      }
      return Value(layer: name, target: perSeed.map { $0[0] }, meanOverClients: perSeed.map(\.mean))
    }
  }

  /// The axes of a panel with a layer at each whole number.
  /// - Parameter margin: the space beside the first and the last layer.
  static func settings(_ layers: [String], margin: Double) -> [String] {
    let tics = layers.enumerated().map { "\(Gnuplot.ticLiteral($1)) \($0)" }
    return [
      "set xrange [\(-margin):\(Double(layers.count) - 1 + margin)]", "set yrange [0:100]",
      "set xtics (\(tics.joined(separator: ", "))) scale 0", "set grid noxtics ytics",
      "set xlabel 'layer' offset 0,0.3", "set ylabel 'self weight (%)' offset 0.5,0",
    ]
  }

  /// The paper's values at the places of their layers.
  static func rows(_ published: [[String: String]], _ layers: [String], shift: Double = 0)
    -> [String]
  {
    published.compactMap { row in
      guard let place = row["layer"].flatMap({ layers.firstIndex(of: $0) }),
        let weight = row["self_weight_percent"].flatMap({ Double($0) })
      else { return nil }
      return "\(Double(place) + shift) \(weight)"
    }
  }

  private static let ours = "with boxes fs solid 1 noborder lc rgb '#0072B2'"
  private static let theirs = "with boxes fs pattern 4 fc rgb '#D55E00'"
  private static let marker = "with points pt 13 ps 1.1 lc rgb '#000000'"
  private static let uniform = "with lines lw 1.4 dt (6,4) lc rgb '#555555'"

  private func drawing(
    _ panel: SweepResults.Panel, _ values: [Value], _ published: [[String: String]],
    clientCount: Int
  ) -> PanelPicture.Panel {
    let layers = values.map(\.layer)
    let bars = values.enumerated().map { "\(Double($0) - 0.2) \($1.target.mean)" }
    let means = values.enumerated().map { "\(Double($0) - 0.2) \($1.meanOverClients.mean)" }
    let end = Double(layers.count) - 0.4
    return PanelPicture.Panel(
      title: panel.title,
      settings: ["set boxwidth 0.38 absolute"] + Self.settings(layers, margin: 0.6),
      layers: [
        .init(rows: bars, style: "using 1:2 \(Self.ours)"),
        .init(rows: Self.rows(published, layers, shift: 0.2), style: "using 1:2 \(Self.theirs)"),
        .init(
          rows: ["-0.6 \(100 / Double(clientCount))", "\(end) \(100 / Double(clientCount))"],
          style: "using 1:2 \(Self.uniform)"),
        .init(rows: means, style: "using 1:2 with points pt 13 ps 1.7 lc rgb '#ffffff'"),
        .init(rows: means, style: "using 1:2 \(Self.marker)"),
      ])
  }
}
