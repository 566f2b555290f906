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

  /// Rounds after which all runs were evaluated, ascending.
  var rounds: [Int] {
    let others = runs.dropFirst().map { Set($0.evaluatedRounds) }
    return (runs.first?.evaluatedRounds ?? []).filter { round in
      others.allSatisfy { $0.contains(round) }
    }
  }

  /// Mean accuracy over clients after a round in percent, one value per run.
  func accuracies(round: Int) -> [Double] {
    runs.map { $0.accuracyPercent(reported, round: round) }
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
        look: axis == "retained_layers"
          ? SeriesLook(index) : SeriesLook(method: name, else: index),
        runs: evaluated, reported: first.reported)
    }
  }

  /// The axes that are neither series nor seeds.
  var seriesPanels: [Panel] { panels(without: ["seed", seriesAxis]) }
  /// Their names.
  var seriesPanelAxes: [String] { panelAxes(without: ["seed", seriesAxis]) }
}
