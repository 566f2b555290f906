import Experiments
import FederatedLearning
import Foundation
import Support

/// What a tuning sweep shows: a table of trials with the chosen ones marked, the same as CSV, a picture, and
/// `hyperparameters.yaml`, the chosen values as sweeps take them.
struct TuningReport: ReportPart {
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
        csv.append(row(trial, best: best, chosen: chosen, group))
      }
    }
    return csv
  }

  private func row(
    _ trial: TuningChoice.Trial, best: Int?, chosen: Int?, _ group: TuningResults.Group
  )
    -> [String]
  {
    func same(_ property: (RunResult) -> String) -> String {
      Set(trial.runs.map(property)).sorted().joined(separator: " ")
    }
    var row = axes.map { group.place[$0] ?? "" }
    row += ["\(trial.number)", Self.text(trial.settings)]
    row += [CSV.number(trial.score), CSV.number(trial.standardError)]
    row += [EvaluatedModel.received, .trained].map { model in
      CSV.number(trial.runs.map { $0.accuracyPercent(model) }.mean)
    }
    row += ["\(trial.plannedCount)", "\(trial.runs.count)", "\(trial.divergedCount)"]
    if chooses {
      row += [best, chosen].map { $0 == trial.number ? "yes" : "no" }
    }
    row += [group.common["held_out_share"] ?? "", same { "\($0.testCounts.reduce(0, +))" }]
    row += [group.common["rounds"] ?? "", group.common["local_epochs"] ?? ""]
    row += [same(\.origin.rawValue), same { "\($0.numericsVersion)" }]
    return row
  }

  private static func text(_ settings: [(key: String, value: String)]) -> String {
    settings.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }

  // MARK: For readers

  /// One row per method and place, one column per trial.
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
          + "evaluations. No test sample was used.",
        chooses
          ? "Bold: the chosen trial, the first in the grid's order within one standard error of the best. Every "
            + "method has the same number of trials." : "A sensitivity study: nothing is chosen.",
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
      try TextFile.write(
        TunedValues(results, tuning).text, to: "\(folder)/\(TunedValues.fileName)")
      section.files.append(TunedValues.fileName)
    }
    let picture = TrialsFigure(results, tuning, marksChosen: chooses).picture
    guard !picture.panels.isEmpty else {
      try csv.write(to: "\(folder)/tuning.csv")
      section.files.append("tuning.csv")
      return section
    }
    try section.add(
      picture,
      caption:
        "Accuracy of every trial on held-out training samples, with its standard error; circles "
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
