import Experiments
import FederatedLearning
import Support

/// One line of a picture: the runs of a method, or of a method with a number of retained layers, at a
/// panel's place; one run per seed.
struct MethodSeries {
  /// Its label on its axis; where that is `method` and no axis of the sweep, the name of its runs' method.
  let label: String
  /// For readers.
  let title: String
  /// Its place among all series of the sweep, finished or not.
  let index: Int
  /// Its colour, dash and marker, the same in every panel.
  let look: SeriesLook
  /// Its runs that have been evaluated, in the plan's order.
  let runs: [RunResult]
  /// The model whose accuracy the method's own paper reports.
  let reported: EvaluatedModel

  /// The paper's own methods have wider lines and the first looks, which no other series shares.
  static let papersOwn = ["pfedla", "heurpfedla"]

  /// Rounds after which all runs were evaluated, ascending.
  var rounds: [Int] {
    let others = runs.dropFirst().map { Set($0.evaluatedRounds) }
    return (runs.first?.evaluatedRounds ?? []).filter { round in
      others.allSatisfy { $0.contains(round) }
    }
  }

  /// Mean accuracy over clients after a round in percent, one value per run.
  func accuracies(round: Int) -> [Double] {
    runs.map { 100 * $0.accuracies(reported, round: round).map(Double.init).mean }
  }
}

extension SweepResults {
  /// The axis that distinguishes series: `retained_layers` where there is one, else `method`.
  var seriesAxis: String {
    plan.axes.contains { $0.name == "retained_layers" } ? "retained_layers" : "method"
  }

  /// The series of a panel that have results, in the order of their axis; a sweep without that axis
  /// has one series.
  func series(_ panel: Panel) -> [MethodSeries] {
    let axis = seriesAxis
    let labels = plan.axes.contains { $0.name == axis } ? labels(axis) : [""]
    let looks =
      MethodSeries.papersOwn.filter(labels.contains)
      + labels.filter { !MethodSeries.papersOwn.contains($0) }
    return labels.enumerated().compactMap { index, label in
      let place = label.isEmpty ? panel.place : panel.place.merging([axis: label]) { $1 }
      let evaluated = runs(place).filter { !$0.evaluatedRounds.isEmpty }
      guard let first = evaluated.first else { return nil }
      let title =
        axis == "retained_layers"
        ? "\(first.methodTitle), \(label) layers local"
        : MethodRegistry.method(named: label) == nil && !label.isEmpty ? label : first.methodTitle
      let name = label.isEmpty ? first.method : label
      return MethodSeries(
        label: name, title: title, index: index,
        look: SeriesLook(
          looks.firstIndex(of: label) ?? index,
          width: MethodSeries.papersOwn.contains(name) ? 3 : 1.6),
        runs: evaluated, reported: first.reported)
    }
  }

  /// The axes that are neither series nor seeds.
  var seriesPanels: [Panel] { panels(without: ["seed", seriesAxis]) }
  /// Their names.
  var seriesPanelAxes: [String] { panelAxes(without: ["seed", seriesAxis]) }
}

/// The legend of pictures with a line a series: each series once, in the order of its axis.
func legend(_ series: [MethodSeries]) -> [PanelPicture.LegendEntry] {
  var known: [Int: PanelPicture.LegendEntry] = [:]
  for one in series where known[one.index] == nil {
    known[one.index] = .init(one.look.lineWithPoints, one.title)
  }
  return known.sorted { $0.key < $1.key }.map(\.value)
}
