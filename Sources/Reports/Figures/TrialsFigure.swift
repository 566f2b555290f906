import Experiments
import FederatedLearning

/// The scores of a tuning sweep's trials with their standard errors, method by method.
struct TrialsFigure {
  private let results: SweepResults
  private let tuning: TuningResults
  private let marksChosen: Bool

  /// - Parameter marksChosen: whether the chosen trials have circles.
  init(_ results: SweepResults, _ tuning: TuningResults, marksChosen: Bool) {
    self.results = results
    self.tuning = tuning
    self.marksChosen = marksChosen
  }

  private var panels: [Panel] {
    results.panels(without: TuningResults.innerAxes.union(["method"])).compactMap { panel in
      let groups = tuning.groups.filter { group in
        panel.place.allSatisfy { group.place[$0.key] == $0.value }
      }
      var marks: [Mark] = []
      var scores: [Double] = []
      for group in groups {
        let place = index(group)
        let look = look(place)
        let known = group.choice.trials.filter { !$0.score.isNaN }
        scores += known.flatMap { [$0.score - $0.standardError, $0.score + $0.standardError] }
        // Side by side, so that the bars of several methods do not overlap.
        let shift = (Double(place) + 0.5) / Double(max(methods.count, 1)) * 0.6 - 0.3
        func point(_ trial: TuningChoice.Trial) -> [Double] {
          [Double(trial.number) + shift, trial.score, trial.standardError]
        }
        let dot = Marker(shape: .disc, size: 0.5, colour: look.colour)
        marks += [
          Mark(look.line, known.map(point)), Mark(.errorBars(dot), known.map(point)),
        ]
        if marksChosen, let chosen = group.choice.chosen {
          marks.append(Mark(Self.chosen, [point(chosen)]))
        }
      }
      guard !scores.isEmpty else { return nil }
      let count = groups.map(\.choice.trials.count).max() ?? 1
      return Panel(
        title: panel.title,
        x: Axis(
          label: "trial", range: .ends(0.5, Double(count) + 0.5),
          tics: .every(1, hasStrokes: true)),
        y: Axis(label: "held-out accuracy (%)", range: .percent(scores)), marks: marks)
    }
  }

  private static let chosen = Style.points(
    Marker(shape: .ring, size: 1.8, colour: "#000000", lineWidth: 2))
  private func look(_ place: Int) -> SeriesLook {
    SeriesLook(method: methods.indices.contains(place) ? methods[place] : "", else: place)
  }

  private var methods: [String] { results.labels("method") }

  private func index(_ group: TuningResults.Group) -> Int {
    group.place["method"].flatMap { methods.firstIndex(of: $0) } ?? 0
  }

  /// A panel a place, a line a method with a point a trial.
  var picture: PanelPicture {
    let titles = methods.map(MethodRegistry.title(of:))
    return PanelPicture(
      title: "Trials on held-out training data \(results.profileRemark)", panels: panels,
      legend: titles.enumerated().map { .init(look($0).lineWithPoints, $1) }
        + (marksChosen ? [.init(Self.chosen, "chosen")] : []),
      plotHeight: 280)
  }
}
