import Experiments
import Support

/// Figure 5: whose models a target client takes in the first, middle and last third of training.
///
/// The target is client 0; client 1 has the same classes, client 2 most of them, and the others share
/// none or few. A value is the mean over seeds of the mean over layers and recorded rounds of a third.
/// The paper does not say which layers its values cover; the CSV file also has every layer separately.
public struct WeightsOverTimeFigure: ReportPart {
  /// Thirds of training by their names in the paper.
  enum Period: String, CaseIterable {
    case prior, middle, last

    /// The period of a round, counted from 1.
    init(round: Int, of roundCount: Int) {
      let third = 3 * (round - 1) / max(roundCount, 1)
      self = third == 0 ? .prior : third == 1 ? .middle : .last
    }

    var colour: String {
      switch self {
      case .prior: "#9ecae1"
      case .middle: "#4292c6"
      case .last: "#08519c"
      }
    }

    var title: String {
      switch self {
      case .prior: "first third"
      case .middle: "middle third"
      case .last: "last third"
      }
    }
  }

  /// Whose models, by their names in the paper's CSV file.
  enum Origin: String, CaseIterable {
    case itself = "self"
    case sameLabels = "same_labels_client"
    case similar = "similar_client"
    case others = "other_clients_sum"

    func clients(of count: Int) -> Range<Int> {
      switch self {
      case .itself: 0..<1
      case .sameLabels: 1..<2
      case .similar: 2..<3
      case .others: 3..<count
      }
    }

    func title(clientCount: Int) -> String {
      switch self {
      case .itself: "itself"
      case .sameLabels: "same\nclasses"
      case .similar: "similar\nclient"
      case .others: "sum of\n\(clientCount - 3) others"
      }
    }
  }

  /// A bar: the weight from an origin in a period, for one layer or the mean over all.
  struct Value {
    let layer: String
    let period: Period
    let origin: Origin
    /// One per seed.
    let weights: [Double]
  }

  private static let allLayers = "all"
  private let results: SweepResults
  private let paper: PaperNumbers

  /// The figure of a sweep's results beside the paper's numbers.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
    self.paper = paper
  }

  /// Writes `weights-over-time.csv` and its pictures. Throws if the folder cannot be written to.
  public func write(to folder: String) throws -> ReportSection {
    var section = results.emptySection
    let axes = results.panelAxes(without: ["seed"])
    var numbers = CSV(
      axes + ["layer", "period", "taken_from", "source", "weight", "weight_sd_seeds", "seeds"])
    var panels: [Panel] = []
    for panel in results.panels(without: ["seed"]) {
      let runs = results.runs(panel.place)
      let views = runs.compactMap(WeightView.init).filter { $0.clientCount > 3 }
      guard let first = views.first else {
        if !runs.isEmpty {
          section.note("\(panel.title): no aggregation weights of 4 or more clients; left out.")
        }
        continue
      }
      let values = Self.values(views, roundCount: runs.map(\.record.roundCount).max() ?? 0)
      if Set(values.map(\.period)).count < Period.allCases.count {
        section.note("\(panel.title): weights were not recorded in every third of the rounds.")
      }
      for value in values {
        numbers.append(
          panel.labels + [
            value.layer, value.period.rawValue, value.origin.rawValue, "ours",
            CSV.number(value.weights.mean), CSV.number(value.weights.standardDeviation),
            "\(value.weights.count)",
          ])
      }
      let published = paper.rows("fig5.csv").filter { $0["dataset"] == panel.dataset }
      for row in published {
        numbers.append(
          panel.labels + [
            "", row["period"] ?? "", row["source"] ?? "", "paper", row["weight"] ?? "", "", "",
          ])
      }
      panels.append(
        drawing(
          panel, values.filter { $0.layer == Self.allLayers }, published,
          clientCount: first.clientCount))
    }
    guard !panels.isEmpty else { return section }
    let hasPaper = panels.contains { $0.marks.last?.points.isEmpty == false }
    let picture = PanelPicture(
      title: "Aggregation weights of client 0 over time \(results.profileRemark)", panels: panels,
      legend: Period.allCases.map { .init(.bars(.solid($0.colour)), $0.title) }
        + (hasPaper ? [.init(.diamond, "the paper")] : [])
        + [.init(.levels(Style.equalWeights), "equal weights")])
    try section.add(
      picture,
      caption: "Aggregation weights of client 0 in the three thirds of training, mean over layers, "
        + "recorded rounds and seeds\(hasPaper ? "; diamonds: the paper's values" : ""). Dashed: equal weights for all.",
      numbers: numbers, name: "weights-over-time", to: folder)
    section.note(
      "The paper does not say which layers the weights of its Figure 5 cover; here they are the mean "
        + "over all layers, and the CSV file has each layer.")
    return section
  }

  /// All bars of the runs of a panel, one run per seed.
  static func values(_ views: [WeightView], roundCount: Int) -> [Value] {
    guard let first = views.first else { return [] }
    let layers =
      [(allLayers, Array(first.layers.indices))]
      + first.layers.enumerated().map { ($1, [$0]) }
    return layers.flatMap { name, places in
      Period.allCases.flatMap { period in
        Origin.allCases.compactMap { origin in
          let weights = views.map { view in
            let positions = view.rounds.indices.filter {
              Period(round: view.rounds[$0], of: roundCount) == period
            }
            return positions.flatMap { position in
              places.map { layer in
                origin.clients(of: view.clientCount).reduce(0) { sum, source in
                  sum + view.weight(position: position, client: 0, layer: layer, source: source)
                }
              }
            }.mean
          }.filter { !$0.isNaN }
          return weights.isEmpty
            ? nil : Value(layer: name, period: period, origin: origin, weights: weights)
        }
      }
    }
  }

  // MARK: Drawing

  private static let barWidth = 0.26

  private static func place(_ origin: Origin, _ period: Period) -> Double {
    let group = Double(Origin.allCases.firstIndex(of: origin) ?? 0)
    return group + barWidth * Double((Period.allCases.firstIndex(of: period) ?? 0) - 1)
  }

  private func drawing(
    _ panel: SweepResults.Panel, _ values: [Value], _ published: [[String: String]],
    clientCount: Int
  ) -> Panel {
    let bars = Period.allCases.map { period in
      Mark(
        .bars(.solid(period.colour)),
        values.filter { $0.period == period }.map {
          [Self.place($0.origin, period), $0.weights.mean]
        })
    }
    let theirs = published.compactMap { row -> [Double]? in
      guard let origin = row["source"].flatMap(Origin.init(rawValue:)),
        let period = row["period"].flatMap(Period.init(rawValue:)),
        let weight = row["weight"].flatMap(Double.init)
      else { return nil }
      return [Self.place(origin, period), weight]
    }
    // Equal weights: a line over each group.
    let uniform = Mark(
      .levels(Style.equalWeights),
      Origin.allCases.enumerated().map { group, origin in
        let share = Double(origin.clients(of: clientCount).count) / Double(clientCount)
        return [Double(group) - 0.44, share, 0.88]
      })
    let names = Origin.allCases.map { $0.title(clientCount: clientCount) }
    return Panel(
      title: panel.title,
      x: Axis(range: .ends(-0.55, 3.55), tics: .names(names, isSmall: true)),
      y: Axis(label: "aggregation weight", range: .upwards),
      marks: bars + [uniform] + Mark.diamonds(theirs), barWidth: Self.barWidth * 0.92)
  }
}
