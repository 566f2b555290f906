import Experiments
import FederatedLearning
import Support

/// Forest plot of an accuracy table: pFedLA and HeurpFedLA against every other method, one panel per column of
/// the table; a point per contrast with its interval over seeds, the smallest difference that matters as a band
/// and the paper's difference as a mark.
public struct ForestFigure: ReportPart {
  private let results: SweepResults
  private let paperRows: [[String: String]]

  /// The figure of a sweep's results beside the paper's numbers.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
    paperRows = paper.rows("\(results.plan.name).csv")
  }

  /// A contrast with the paper's difference; NaN where the paper has none.
  private struct Line {
    let contrast: MethodContrast
    let paper: Double
  }

  /// Writes `forest.csv` and its pictures. Throws if the folder cannot be written to.
  public func write(to folder: String) throws -> ReportSection {
    var section = results.emptySection
    let axes = results.panelAxes(without: ["method", "seed"])
    guard results.labels("method").contains(where: SeriesLook.papersOwn.contains) else {
      return section
    }
    var numbers = CSV(
      axes + ["first_method", "second_method"] + JudgedContrast.csvColumns + [
        "verdict", "paper_difference",
      ])
    var drawings: [Panel] = []
    for panel in results.panels(without: ["method", "seed"]) {
      let lines = lines(panel.place)
      for line in lines {
        numbers.append(
          panel.labels + [line.contrast.first, line.contrast.second]
            + line.contrast.judged.csvFields + [
              line.contrast.verdict.rawValue, CSV.number(line.paper),
            ])
      }
      let drawn = lines.filter { $0.contrast.judged.contrast.count > 0 }
      if !drawn.isEmpty { drawings.append(drawing(panel.title, drawn)) }
    }
    guard !drawings.isEmpty else { return section }
    let titles = drawings.flatMap { panel -> [String] in
      if case .names(let names, _) = panel.y.tics { return names }
      return []
    }
    let longest = titles.map(\.count).max() ?? 0
    let rows = (titles.count + drawings.count - 1) / drawings.count
    try section.add(
      PanelPicture(
        title: "Difference to each other method \(results.profileRemark)", panels: drawings,
        legend: SeriesLook.papersOwn.map {
          .init(
            SeriesLook(method: $0, else: 0).levelErrorBars,
            "\(MethodRegistry.title(of: $0)) − the other")
        } + [
          .init(Self.theirs, "the paper's difference"), .init(Self.margin, "too small to matter"),
        ], plotHeight: max(90, 30 * Double(rows) + 12),
        leftMargin: min(200, 28 + 8.4 * Double(longest))),
      caption:
        "Accuracy of pFedLA and HeurpFedLA minus that of each other method, in points of percent: mean over "
        + "seeds with the 95 % interval where there are several. Grey band: differences below "
        + "\(PairedRuns.smallestAccuracyDifference) points. Right of the line, the paper's methods are better.",
      numbers: numbers, name: "forest", to: folder, isContrast: true)
    return section
  }

  /// The contrasts of a column, the paper's first method first.
  private func lines(_ place: [String: String]) -> [Line] {
    func paper(_ method: String) -> Double {
      paperRows.number("accuracy_percent", where: place.merging(["method": method]) { $1 })
    }
    return BestMethodColumn(results, place, paperRows).contrasts.map {
      // Synthetic images have nothing in common with the paper's.
      Line(
        contrast: $0, paper: results.isSynthetic ? .nan : paper($0.first) - paper($0.second))
    }
  }

  private static let theirs = Style.points(
    Marker(shape: .hollowDiamond, size: 0.9, colour: "#000000", lineWidth: 1.4))
  private static let margin = Style.boxes(.solid("#e4e4e4"))

  private func drawing(_ title: String, _ lines: [Line]) -> Panel {
    let others = lines.map(\.contrast.second).reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    let means = lines.map(\.contrast.judged.contrast.mean)
    let centres = means + lines.map(\.paper).filter { !$0.isNaN } + [0]
    // Intervals of few seeds are long: they may leave the panel.
    let pad = max(2, 0.12 * ((centres.max() ?? 0) - (centres.min() ?? 0)))
    let ends = lines.compactMap { $0.contrast.judged.contrast.interval() }
      .flatMap { [$0.lowerBound, $0.upperBound] }
    let low = max((centres + ends).min() ?? 0, (centres.min() ?? 0) - 3 * pad) - pad / 2
    let high = min((centres + ends).max() ?? 0, (centres.max() ?? 0) + 3 * pad) + pad / 2
    let margin = PairedRuns.smallestAccuracyDifference
    let bottom = Double(others.count) - 0.4
    var marks = [
      Mark(Self.margin, [[-margin, margin, -0.6, bottom]]),
      Mark(.line(Stroke(width: 1, colour: "#555555")), [[0, -0.6], [0, bottom]]),
    ]
    for (place, name) in SeriesLook.papersOwn.enumerated() {
      let shift = 0.36 * Double(place) - 0.18
      let own = lines.filter { $0.contrast.first == name }
      func row(_ line: Line) -> Double {
        Double(others.firstIndex(of: line.contrast.second) ?? 0) + shift
      }
      let look = SeriesLook(method: name, else: place)
      marks.append(
        Mark(
          look.levelErrorBars,
          own.map { line in
            let contrast = line.contrast.judged.contrast
            let half = contrast.interval().map { ($0.upperBound - $0.lowerBound) / 2 } ?? 0
            return [contrast.mean, row(line), half]
          }))
      marks.append(
        Mark(Self.theirs, own.filter { !$0.paper.isNaN }.map { [$0.paper, row($0)] }))
    }
    return Panel(
      title: title, x: Axis(label: "difference (points)", range: .ends(low, high)),
      y: Axis(
        range: .ends(bottom, -0.6),
        tics: .names(others.map(MethodRegistry.title(of:)))),
      marks: marks)
  }
}
