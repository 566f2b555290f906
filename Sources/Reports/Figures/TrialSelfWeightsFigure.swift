import Experiments
import Support

/// The self weights of a tuning sweep's trials, layer by layer, beside the paper's Figure 7: one panel per place, one line
/// per trial. Mean over clients and seeds after the last recorded round, in percent. Methods without aggregation
/// weights, and sweeps that record none, have no such picture.
struct TrialSelfWeightsFigure {
  private let results: SweepResults
  private let tuning: TuningResults
  private let paper: PaperNumbers

  init(_ results: SweepResults, _ tuning: TuningResults, paper: PaperNumbers) {
    self.results = results
    self.tuning = tuning
    self.paper = paper
  }

  /// A trial's self weights, one per layer.
  private struct Series {
    let number: Int
    let title: String
    let values: [SelfWeightsFigure.Value]
  }

  /// Adds the picture and `self-weights.csv` to a section. Throws if the folder cannot be written to.
  func add(to section: inout ReportSection, folder: String) throws {
    let axes = results.panelAxes(without: TuningResults.innerAxes)
    var numbers = CSV(axes + ["trial", "settings", "layer", "self_weight_percent", "seeds"])
    var panels: [Panel] = []
    var titles: [Int: String] = [:]
    for panel in results.panels(without: TuningResults.innerAxes) {
      let series = series(panel)
      guard let layers = series.first?.values.map(\.layer) else { continue }
      for one in series {
        titles[one.number] = one.title
        for value in one.values {
          numbers.append(
            panel.labels + [
              "\(one.number)", one.title, value.layer, CSV.number(value.meanOverClients.mean),
              "\(value.meanOverClients.count)",
            ])
        }
      }
      let published = paper.rows("fig7.csv").filter { $0["dataset"] == panel.dataset }
      for row in published {
        numbers.append(
          panel.labels + [
            "paper", "Figure 7", row["layer"] ?? "", row["self_weight_percent"] ?? "", "",
          ])
      }
      panels.append(drawing(panel, layers, series, published))
    }
    guard !panels.isEmpty else { return }
    let picture = PanelPicture(
      title: "Self weights \(results.profileRemark)", panels: panels,
      legend: titles.sorted { $0.key < $1.key }.map {
        .init(SeriesLook($0.key - 1).lineWithPoints, $0.value)
      } + [.init(Self.theirs, "the paper's Figure 7 (non-IID 1)")],
      plotHeight: 260)
    try section.add(
      picture,
      caption:
        "The weight of a client's own layer in its model after the last recorded round, mean over "
        + "clients and seeds, for every trial, beside the paper's target client.",
      numbers: numbers, name: "self-weights", to: folder)
  }

  private static let theirs = Style.points(
    Marker(shape: .diamond, size: 1.1, colour: "#000000"))

  private func series(_ panel: SweepResults.Panel) -> [Series] {
    guard let group = tuning.groups.first(where: { $0.place == panel.place }) else { return [] }
    return group.choice.trials.compactMap { trial in
      let views = trial.runs.compactMap(WeightView.init)
      guard !views.isEmpty else { return nil }
      return Series(
        number: trial.number,
        title: trial.settings.map { "\(TuningReport.short($0.key)) \($0.value)" }
          .joined(separator: ", "),
        values: SelfWeightsFigure.values(views))
    }
  }

  private func drawing(
    _ panel: SweepResults.Panel, _ layers: [String], _ series: [Series],
    _ published: [[String: String]]
  ) -> Panel {
    Panel(
      title: panel.title, x: SelfWeightsFigure.layerAxis(layers, margin: 0.4),
      y: SelfWeightsFigure.weightAxis,
      marks: series.map { one in
        Mark(
          SeriesLook(one.number - 1).lineWithPoints,
          one.values.enumerated().map { [Double($0), $1.meanOverClients.mean] })
      } + [Mark(Self.theirs, SelfWeightsFigure.points(published, layers))])
  }
}
