import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import TestSupport
import Testing

@Suite("Tuning")
struct TuningTests {
  private func message(_ text: String, overrides: [String] = []) -> String {
    do {
      _ = try SmallSweep.plan(overrides: overrides, text: text)
      return "no error"
    } catch { return "\(error)" }
  }

  // MARK: Grids

  @Test("cells are trials: values, lists of several keys, and defaults; seeds stay innermost")
  func cells() throws {
    let plan = try SmallSweep.plan(text: SmallTuning.text())
    #expect(plan.sweep.axisNames == ["method", "trial", "seed"])
    let found = plan.cells.map { cell in
      [cell.coordinates["method"] ?? "", cell.coordinates["trial"] ?? ""]
        + cell.specification.identity
        .filter {
          ["learning_rate", "momentum", "methods.fedper.personal_layers"].contains($0.key)
        }
        .map(\.value)
    }
    #expect(
      found == [
        ["local", "1", "0.01", "0.0"], ["local", "2", "0.05", "0.0"],
        ["fedper", "1", "0.01", "0.0", "1"], ["fedper", "2", "0.01", "0.5", "2"],
      ])
    let product =
      "{local: {learning_rate: [0.1, 0.2], momentum: [0, 0.5]}, fedper: {learning_rate: "
      + "[0.1, 0.2, 0.3, 0.4]}}"
    let cells = try SmallSweep.cells(text: SmallTuning.text(grids: product)).prefix(4)
    #expect(
      cells.map {
        "\($0.specification.optimiser.learningRate) \($0.specification.optimiser.momentum)"
      }
        == ["0.1 0.0", "0.1 0.5", "0.2 0.0", "0.2 0.5"])
  }

  @Test("grids that would be unfair, empty or on test data are refused")
  func refusals() {
    #expect(
      message(
        SmallTuning.text(
          grids: "{local: {learning_rate: [0.1, 0.2]}, fedper: {learning_rate: [0.1]}}"))
        == "small.yaml: grids: found unequal numbers of trials (local 2, fedper 1), expected the same "
        + "number for every method")
    #expect(
      message(SmallTuning.text(grids: "{local: {learning_rate: [0.1]}}"))
        == "small.yaml: grids.fedper: missing, expected a grid, since every method of the axis needs one"
    )
    #expect(
      message(SmallTuning.text(heldOut: "0"))
        == "small.yaml: held_out_share: found 0, expected a share such as 0.3, since hyperparameters are chosen "
        + "on held-out training data, never on test data")
    #expect(
      message(SmallTuning.text(grids: "")).hasPrefix(
        "small.yaml: grids: missing, expected the trials"))
    #expect(
      message(SmallTuning.text(report: "accuracy-table"))
        == "small.yaml, line 2: report: found accuracy-table together with grids, expected tuning or "
        + "sensitivity")
    #expect(
      message(SmallTuning.text(), overrides: ["learning_rate=0.3"])
        == "--set learning_rate: the grids of small-tune vary learning_rate, expected another key; change "
        + "the grids in a copy of small.yaml")
    #expect(
      message(
        SmallTuning.text().replacing("full: {summary: all}", with: "full: {set: {momentum: 0.9}}")
      )
      .hasSuffix(
        "profiles.full.set.momentum: the grids vary momentum, expected a key that no grid has"))
    // A trial twice is one run at two places.
    #expect(
      message(
        SmallTuning.text(
          grids: "{local: {learning_rate: [default, 0.01]}, fedper: {learning_rate: [1, 2]}}")
      )
      .contains("are the same run"))
  }

  // MARK: Choice

  private func trial(_ number: Int, _ accuracies: [[Float]?], diverged: Int = 0, planned: Int = 1)
    -> TuningChoice.Trial
  {
    TuningChoice.Trial(
      number: number, settings: [("x", "\(number)")],
      runs: diverged == 0 ? [HandMade.run("local", accuracies)] : [],
      plannedCount: planned, divergedCount: diverged)
  }

  @Test("score and standard error by hand: the last five evaluations, the held-out samples")
  func score() {
    let trial = trial(
      1, [[1, 1], [0.5, 0.2], nil, [0.5, 0.3], [0.5, 0.4], [0.5, 0.1], [0.5, 0.5]])
    #expect(abs(trial.score - 40) < 1e-5)
    // p = 0.5 and 0.3 on 180 samples each, two clients.
    let expected = 100 * ((0.25 + 0.21) / 180).squareRoot() / 2
    #expect(abs(trial.standardError - expected) < 1e-5)
    let two = TuningChoice.Trial(
      number: 1, settings: [], runs: trial.runs + trial.runs, plannedCount: 2, divergedCount: 0)
    #expect(abs(two.standardError - expected / 2.0.squareRoot()) < 1e-5)
  }

  @Test("the first trial within one standard error of the best is chosen")
  func rule() {
    // One standard error at 0.6 is 3.65 points for one client of 180 samples.
    let (low, near, best) = (trial(1, [[0.55]]), trial(2, [[0.57]]), trial(3, [[0.6]]))
    #expect(TuningChoice(trials: [low, near, best]).best?.number == 3)
    #expect(TuningChoice(trials: [low, near, best]).chosen?.number == 2)
    #expect(TuningChoice(trials: [low, best]).chosen?.number == 3)
    // A worse trial after the best changes nothing.
    #expect(TuningChoice(trials: [best, near]).chosen?.number == 3)
    // Nothing is chosen while a run is missing; a diverged trial never.
    #expect(TuningChoice(trials: [best, trial(4, [[0.9]], planned: 2)]).chosen == nil)
    #expect(TuningChoice(trials: [trial(1, [], diverged: 1), best]).chosen?.number == 3)
    #expect(TuningChoice(trials: [trial(1, [], diverged: 1)]).chosen == nil)
  }

  // MARK: Committed grids

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "experiments").path

  @Test(
    "committed grids never look at test data",
    arguments: [
      "hyperparameters", "step-size", "dominance", "earlier-defaults", "direct-weights",
      "sensitivity",
    ]
  )
  func committed(name: String) throws {
    let sweep = try SmallSweep.sweep(
      SpecificationDocument(file: "\(Self.folder)/\(name).yaml"))
    #expect(sweep.report.hasGrids)
    for profile in sweep.profileNames {
      let cells = try sweep.cells(SweepSpecification.Selection(profile: profile))
      #expect(cells.count > 1 && cells.allSatisfy { $0.specification.heldOutShare > 0 })
    }
  }

  @Test("every method of Tables 1 and 2 has its grid")
  func methods() throws {
    let tuning = try SmallSweep.sweep(
      SpecificationDocument(file: "\(Self.folder)/hyperparameters.yaml"))
    for table in ["table1", "table2"] {
      let sweep = try SmallSweep.sweep(
        SpecificationDocument(file: "\(Self.folder)/\(table).yaml"))
      #expect(sweep.labels(of: "method") == tuning.labels(of: "method"))
    }
  }

}
