import Experiments
import FederatedLearning
import Foundation
import Support

/// What a tuning sweep shows: a table of trials with the chosen ones marked, the same as CSV, a picture, and
/// `hyperparameters.yaml`, the chosen values as sweeps take them.
struct TuningReport: ReportPart {
  /// The name of the file of chosen values.
  static let valuesFile = "hyperparameters.yaml"

  private let results: SweepResults
  private let tuning: TuningResults
  private let facts: SweepFacts
  private let axes: [String]

  private let paper: PaperNumbers
  /// Whether a trial is to be chosen.
  private let chooses: Bool

  init(_ results: SweepResults, paper: PaperNumbers) {
    self.init(results, paper: paper, chooses: true)
  }

  fileprivate init(_ results: SweepResults, paper: PaperNumbers, chooses: Bool) {
    self.results = results
    self.paper = paper
    self.chooses = chooses
    tuning = TuningResults(results)
    facts = SweepFacts(results)
    axes = results.panelAxes(without: TuningResults.innerAxes)
  }

  // MARK: For machines

  /// One row a trial.
  var csv: CSV {
    var csv = CSV(
      axes + [
        "trial", "settings", "score_percent", "standard_error_percent", "received_percent",
        "trained_percent", "seeds_planned", "seeds_finished", "diverged",
      ] + (chooses ? ["best", "chosen"] : []) + [
        "held_out_share", "held_out_samples", "rounds", "local_epochs", "data", "numerics_version",
      ])
    for group in tuning.groups {
      let (best, chosen) = (group.choice.best?.number, group.choice.chosen?.number)
      for trial in group.choice.trials {
        func same(_ property: (RunResult) -> String) -> String {
          Set(trial.runs.map(property)).sorted().joined(separator: " ")
        }
        csv.append(
          axes.map { group.place[$0] ?? "" } + [
            "\(trial.number)", Self.text(trial.settings), CSV.number(trial.score),
            CSV.number(trial.standardError),
            CSV.number(trial.runs.map { $0.accuracyPercent(.received) }.mean),
            CSV.number(trial.runs.map { $0.accuracyPercent(.trained) }.mean),
            "\(trial.plannedCount)", "\(trial.runs.count)", "\(trial.divergedCount)",
          ] + (chooses ? [best, chosen].map { $0 == trial.number ? "yes" : "no" } : []) + [
            group.common["held_out_share"] ?? "",
            same { "\($0.testCounts.reduce(0, +))" }, group.common["rounds"] ?? "",
            group.common["local_epochs"] ?? "", same(\.origin.rawValue),
            same { "\($0.numericsVersion)" },
          ])
      }
    }
    return csv
  }

  private static func text(_ settings: [(key: String, value: String)]) -> String {
    settings.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }

  // MARK: For readers

  /// A row a method at a place, a column a trial.
  var table: ReportTable {
    let count = tuning.groups.map(\.choice.trials.count).max() ?? 0
    var marked: Set<ReportTable.Place> = []
    let rows = tuning.groups.enumerated().map { row, group in
      let chosen = chooses ? group.choice.chosen?.number : nil
      let cells = group.choice.trials.enumerated().map { column, trial in
        if trial.number == chosen {
          marked.insert(ReportTable.Place(row: row, column: axes.count + 1 + column))
        }
        return Self.cell(trial)
      }
      return axes.map { group.place[$0] ?? "" } + [Self.keys(group.choice)] + cells
        + Array(repeating: "", count: count - cells.count)
    }
    return ReportTable(
      title: facts.title,
      header: axes + ["keys"] + (0..<count).map { "trial \($0 + 1)" }, rows: rows,
      footers: [
        "Values, then accuracy in percent ± its standard error on held-out training samples: the mean over "
          + "seeds and clients of the model that the method's own paper reports, averaged over the last five "
          + "evaluations. No test sample was looked at.",
        chooses
          ? "Bold: chosen, the first trial in the grid's order within one standard error of the best. Every "
            + "method has the same number of trials." : "A sensitivity: nothing is chosen.",
      ] + facts.footers, marked: marked)
  }

  private static func keys(_ choice: TuningChoice) -> String {
    (choice.trials.first?.settings ?? []).map { short($0.key) }.joined(separator: ", ")
  }

  /// A key without the section of its method.
  static func short(_ key: String) -> String {
    key.hasPrefix("methods.") ? key.split(separator: ".").dropFirst(2).joined(separator: ".") : key
  }

  private static func cell(_ trial: TuningChoice.Trial) -> String {
    let values = trial.settings.map(\.value).joined(separator: ", ")
    let score =
      trial.score.isNaN
      ? "" : "\(CellAccuracy.number(trial.score)) ± \(CellAccuracy.number(trial.standardError))"
    let diverged =
      trial.divergedCount == 0
      ? "" : score.isEmpty ? "diverged" : "[\(trial.divergedCount) diverged]"
    return ["\(values):", score, diverged].filter { !$0.isEmpty }.joined(separator: " ")
  }

  // MARK: Chosen values

  /// The file that sweeps take.
  var values: String {
    let plan = results.plan
    var lines = [
      "# Chosen by pfedla tune on held-out training samples; no test sample was looked at.",
      "# Rule: the first trial in the grid's order within one standard error of the best.",
      "tuned_by: \(Self.quoted("\(plan.name), profile \(plan.profile), numerics version \(CodeVersion.numerics)"))",
      "choices:",
    ]
    for group in tuning.groups {
      guard let chosen = group.choice.chosen, let method = group.common["method"] else {
        lines.append("  # not finished: \(plan.place(group.place))")
        continue
      }
      lines.append("  - method: \(method)")
      for key in Hyperparameters.conditionKeys {
        lines.append("    \(key): \(Self.quoted(group.common[key] ?? ""))")
      }
      lines += [
        "    set: {\(chosen.settings.map { "\($0.key): \(Self.scalar($0.value))" }.joined(separator: ", "))}",
        "    trial: \(chosen.number)", "    local_epochs: \(group.common["local_epochs"] ?? "")",
        String(format: "    score_percent: %.2f", chosen.score),
        String(format: "    standard_error_percent: %.2f", chosen.standardError),
      ]
    }
    if tuning.groups.isEmpty { lines[lines.count - 1] = "choices: []" }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func quoted(_ text: String) -> String {
    "'\(text.replacingOccurrences(of: "'", with: "''"))'"
  }

  /// A value as YAML reads it: numbers and lists of them as they are, words in quotes.
  private static func scalar(_ value: String) -> String {
    Double(value) != nil || value.hasPrefix("[") ? value : quoted(value)
  }

  // MARK: Picture

  private var panels: [PanelPicture.Panel] {
    results.panels(without: TuningResults.innerAxes.union(["method"])).compactMap { panel in
      let groups = tuning.groups.filter { group in
        panel.place.allSatisfy { group.place[$0.key] == $0.value }
      }
      var layers: [PanelPicture.Layer] = []
      var scores: [Double] = []
      for group in groups {
        let place = index(group)
        let known = group.choice.trials.filter { !$0.score.isNaN }
        scores += known.flatMap { [$0.score - $0.standardError, $0.score + $0.standardError] }
        // Side by side, so that the bars of several methods can be told apart.
        let shift = (Double(place) + 0.5) / Double(max(methods.count, 1)) * 0.6 - 0.3
        func row(_ trial: TuningChoice.Trial) -> String {
          "\(Double(trial.number) + shift) \(trial.score) \(trial.standardError)"
        }
        layers.append(
          .init(rows: known.map(row), style: "using 1:2 \(Gnuplot.lines(place, width: 0.8))"))
        layers.append(
          .init(
            rows: known.map(row),
            style: "using 1:2:3 with yerrorbars pt 7 ps 0.5 lc rgb '\(Gnuplot.colour(place))'"))
        if chooses, let chosen = group.choice.chosen {
          layers.append(
            .init(
              rows: [row(chosen)], style: "using 1:2 with points pt 6 ps 1.8 lw 2 lc rgb '#000000'")
          )
        }
      }
      guard !scores.isEmpty else { return nil }
      let count = groups.map(\.choice.trials.count).max() ?? 1
      return .init(
        title: panel.title,
        settings: [
          "set xrange [0.5:\(Double(count) + 0.5)]", "set xtics 1",
          "set xlabel 'trial' offset 0,0.3",
          "set ylabel 'held-out accuracy (%)' offset 0.5,0",
        ] + AxisRange.percent("y", scores), layers: layers)
    }
  }

  private var methods: [String] { results.labels("method") }

  private func index(_ group: TuningResults.Group) -> Int {
    group.place["method"].flatMap { methods.firstIndex(of: $0) } ?? 0
  }

  private var picture: PanelPicture {
    let titles = methods.map { MethodRegistry.method(named: $0)?.information.title ?? $0 }
    return PanelPicture(
      title: "Trials on held-out training data \(results.profileRemark)", panels: panels,
      legend: titles.enumerated().map {
        .init(style: Gnuplot.linesWithPoints($0, width: 0.8), title: $1)
      }
        + (chooses
          ? [.init(style: "with points pt 6 ps 1.8 lw 2 lc rgb '#000000'", title: "chosen")] : []),
      plotHeight: 280)
  }

  // MARK: Files

  /// Writes `tuning.csv`, the table, the picture and `hyperparameters.yaml` into the folder, which must
  /// exist. Throws if that fails.
  func write(to folder: String) throws -> ReportSection {
    let table = table
    var section = ReportSection(
      name: results.plan.name, title: facts.title, tables: [table],
      files: ["table.md", "table.tex"])
    try table.write(to: folder)
    if chooses {
      try TextFile.write(values, to: "\(folder)/\(Self.valuesFile)")
      section.files.append(Self.valuesFile)
    }
    let picture = picture
    guard !picture.panels.isEmpty else {
      try csv.write(to: "\(folder)/tuning.csv")
      section.files.append("tuning.csv")
      return section
    }
    try section.add(
      picture,
      caption:
        "Accuracy of every trial on held-out training samples with its standard error; circles "
        + "mark the chosen ones.", numbers: csv, name: "tuning", to: folder)
    try TrialSelfWeightsFigure(results, tuning, paper: paper).add(to: &section, folder: folder)
    return section
  }
}

/// The trials of a sweep where nothing is to be chosen: the table and picture of `TuningReport` alone.
struct SensitivityReport: ReportPart {
  private let trials: TuningReport

  init(_ results: SweepResults, paper: PaperNumbers) {
    trials = TuningReport(results, paper: paper, chooses: false)
  }

  func write(to folder: String) throws -> ReportSection { try trials.write(to: folder) }
}
