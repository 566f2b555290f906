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

  /// A layer's values in percent, one per seed.
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
    var panels: [Panel] = []
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
      title: "Self weight of each layer \(results.profileRemark)", panels: panels,
      legend: [
        .init(Self.ours, "client 0, ours"),
        .init(Self.theirs, "target client, the paper"),
        .init(.diamond, "mean over clients, ours"),
        .init(.line(Style.equalWeights), "equal weights"),
      ])
    try section.add(
      picture,
      caption:
        "The weight of a client's own layer in its model after the last round, layer by layer, "
        + "mean over seeds, beside the paper's values.",
      numbers: numbers, name: "self-weights", to: folder)
    section.note("The paper does not say which client its Figure 7 shows; ours is client 0.")
    return section
  }

  /// The values of all layers, one run per seed.
  static func values(_ views: [WeightView]) -> [Value] {
    (views.first?.layers ?? []).enumerated().map { layer, name in
      let perSeed = views.map {
        $0.selfWeightsPercent(position: $0.rounds.count - 1, layer: layer)
      }
      return Value(layer: name, target: perSeed.map { $0[0] }, meanOverClients: perSeed.map(\.mean))
    }
  }

  /// The x axis of a panel with a layer at each whole number.
  /// - Parameter margin: the space beside the first and the last layer.
  static func layerAxis(_ layers: [String], margin: Double) -> Axis {
    Axis(
      label: "layer", range: .ends(-margin, Double(layers.count) - 1 + margin),
      tics: .names(layers))
  }

  /// The y axis of self weights.
  static let weightAxis = Axis(label: "self weight (%)", range: .ends(0, 100))

  /// The paper's values at the places of their layers.
  static func points(_ published: [[String: String]], _ layers: [String], shift: Double = 0)
    -> [[Double]]
  {
    published.compactMap { row in
      guard let place = row["layer"].flatMap({ layers.firstIndex(of: $0) }),
        let weight = row["self_weight_percent"].flatMap({ Double($0) })
      else { return nil }
      return [Double(place) + shift, weight]
    }
  }

  private static let ours = Style.bars(.solid("#0072B2"))
  private static let theirs = Style.bars(.hatched("#D55E00"))

  private func drawing(
    _ panel: SweepResults.Panel, _ values: [Value], _ published: [[String: String]],
    clientCount: Int
  ) -> Panel {
    let layers = values.map(\.layer)
    let bars = values.enumerated().map { [Double($0) - 0.2, $1.target.mean] }
    let means = values.enumerated().map { [Double($0) - 0.2, $1.meanOverClients.mean] }
    let equal = 100 / Double(clientCount)
    return Panel(
      title: panel.title, x: Self.layerAxis(layers, margin: 0.6), y: Self.weightAxis,
      marks: [
        Mark(Self.ours, bars),
        Mark(Self.theirs, Self.points(published, layers, shift: 0.2)),
        Mark(.line(Style.equalWeights), [[-0.6, equal], [Double(layers.count) - 0.4, equal]]),
      ] + Mark.diamonds(means), barWidth: 0.38)
  }
}
