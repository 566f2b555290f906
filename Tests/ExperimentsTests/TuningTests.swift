import Experiments
import FederatedLearning
import Foundation
import TestSupport
import Testing

@Suite("Tuning")
struct TuningTests {
  /// Two methods with two trials each on the fixtures' images.
  private static func text(
    grids: String = "{local: {learning_rate: [default, 0.05]}, "
      + "fedper: [{methods.fedper.personal_layers: 1}, {methods.fedper.personal_layers: 2, momentum: 0.5}]}",
    heldOut: String = "0.3", report: String = "tuning", more: String = ""
  ) -> String {
    """
    name: small-tune
    report: \(report)
    base:
      dataset: {name: cifar10, splits: [train]}
      partition: {scheme: classes-per-client, clients: 3, classes_per_client: 3, samples_per_client: 30}
      model: {batch_normalisation: false}
      held_out_share: \(heldOut)
      rounds: 2
      local_epochs: 1
      batch_size: 8
      saved_models: none
    axes:
      method: [local, fedper]
      seed: [0]
    \(grids.isEmpty ? "" : "grids: \(grids)")
    profiles:
      full: {summary: all}
    \(more)
    """
  }

  private func message(_ text: String, overrides: [String] = []) -> String {
    do {
      _ = try SmallSweep.plan(overrides: overrides, text: text)
      return "no error"
    } catch { return "\(error)" }
  }

  // MARK: Grids

  @Test("cells are trials: values, lists of several keys, and defaults; seeds stay innermost")
  func cells() throws {
    let plan = try SmallSweep.plan(text: Self.text())
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
    let cells = try SmallSweep.cells(text: Self.text(grids: product)).prefix(4)
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
        Self.text(grids: "{local: {learning_rate: [0.1, 0.2]}, fedper: {learning_rate: [0.1]}}"))
        == "small.yaml: grids: found unequal numbers of trials (local 2, fedper 1), expected the same "
        + "number for every method")
    #expect(
      message(Self.text(grids: "{local: {learning_rate: [0.1]}}"))
        == "small.yaml: grids.fedper: missing, expected a grid, as every method of the axis has one"
    )
    #expect(
      message(Self.text(heldOut: "0"))
        == "small.yaml: held_out_share: found 0, expected a share such as 0.3: hyperparameters are chosen "
        + "on training data that was held out, never on test data")
    #expect(
      message(Self.text(grids: "")).hasPrefix("small.yaml: grids: missing, expected the trials"))
    #expect(
      message(Self.text(report: "accuracy-table"))
        == "small.yaml, line 2: report: found accuracy-table beside grids, expected tuning or "
        + "sensitivity")
    #expect(
      message(Self.text(), overrides: ["learning_rate=0.3"])
        == "--set learning_rate: the grids of small-tune vary learning_rate, expected another key; change "
        + "the grids in a copy of small.yaml")
    #expect(
      message(Self.text().replacing("full: {summary: all}", with: "full: {set: {momentum: 0.9}}"))
        .hasSuffix(
          "profiles.full.set.momentum: the grids vary momentum, expected a key that no grid has"))
    // A trial twice is one run at two places.
    #expect(
      message(
        Self.text(
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
    // A worse trial behind the best changes nothing.
    #expect(TuningChoice(trials: [best, near]).chosen?.number == 3)
    // Nothing is chosen while a run is missing; a diverged trial never.
    #expect(TuningChoice(trials: [best, trial(4, [[0.9]], planned: 2)]).chosen == nil)
    #expect(TuningChoice(trials: [trial(1, [], diverged: 1), best]).chosen?.number == 3)
    #expect(TuningChoice(trials: [trial(1, [], diverged: 1)]).chosen == nil)
  }

  @Test("a sensitivity shows the same trials and chooses nothing")
  func sensitivity() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/sensitivity"
    let plan = try SmallSweep.plan(text: Self.text(report: "sensitivity"))
    try plan.write(to: output)
    #expect(try SmallSweep.run(plan.cells, in: output).failures.isEmpty)
    let report = try Report(output: output, paperFolder: "/nowhere")
    try report.write()
    #expect(report.tuningSweeps.isEmpty)
    let files = try FileManager.default.contentsOfDirectory(atPath: output + "/small-tune")
    #expect(files.contains("tuning.csv") && !files.contains("hyperparameters.yaml"))
    let rows = HandMade.rows(CSV(file: "\(output)/small-tune/tuning.csv"))
    #expect(
      rows.count == 4 && rows.allSatisfy { $0["chosen"] == nil && $0["score_percent"] != "" })
    let table = try String(contentsOfFile: output + "/small-tune/table.md", encoding: .utf8)
    #expect(table.contains("nothing is chosen") && !table.contains("**"))
  }

  // MARK: Committed grids

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "experiments").path

  @Test(
    "committed grids never look at test data",
    arguments: ["hyperparameters", "step-size", "dominance", "earlier-defaults"]
  )
  func committed(name: String) throws {
    let sweep = try SweepSpecification(
      SpecificationDocument(file: "\(Self.folder)/\(name).yaml"))
    #expect(sweep.report.hasGrids)
    for profile in sweep.profileNames {
      let cells = try sweep.cells(SweepSpecification.Selection(profile: profile))
      #expect(cells.count > 1 && cells.allSatisfy { $0.specification.heldOutShare > 0 })
    }
  }

  @Test("every method of Tables 1 and 2 has its grid")
  func methods() throws {
    let tuning = try SweepSpecification(
      SpecificationDocument(file: "\(Self.folder)/hyperparameters.yaml"))
    for table in ["table1", "table2"] {
      let sweep = try SweepSpecification(
        SpecificationDocument(file: "\(Self.folder)/\(table).yaml"))
      #expect(sweep.labels(of: "method") == tuning.labels(of: "method"))
    }
  }

  // MARK: From trials to a sweep

  @Test("trials leave test samples out; a sweep takes the chosen values")
  func wholeWay() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/tune"
    let plan = try SmallSweep.plan(text: Self.text())
    try plan.write(to: output)
    let outcome = try SmallSweep.run(plan.cells, in: output)
    #expect(outcome.failures.isEmpty)
    try Report(output: output, paperFolder: "/nowhere").write()

    // 30 samples a client: 21 to train, 6 of them held out, and the 9 test samples nowhere.
    let cells = CellFolder(output: output)
    for cell in plan.cells {
      let result = try RunResult(path: cells.result(of: cell.name))
      #expect(result.trainCounts.allSatisfy { $0 >= 14 && $0 <= 15 })
      #expect(zip(result.trainCounts, result.testCounts).allSatisfy { $0 + $1 == 21 })
      #expect(result.setting("held_out_share") == "0.3")
    }

    let values = "\(output)/small-tune/hyperparameters.yaml"
    let rows = HandMade.rows(CSV(file: "\(output)/small-tune/tuning.csv"))
    #expect(rows.count == 4 && rows.count { $0["chosen"] == "yes" } == 2)
    let row = rows.first { $0["method"] == "fedper" && $0["chosen"] == "yes" }
    let chosen = try #require(row?["trial"])

    func sweep(
      scheme: String = "classes-per-client, classes_per_client: 3", dataset: String = "cifar10"
    )
      -> String
    {
      """
      name: table
      report: accuracy-table
      hyperparameters: {file: \(values), datasets: {mnist: cifar10}}
      base:
        dataset: {name: \(dataset)}
        partition: {scheme: \(scheme), clients: 3, samples_per_client: 30}
        momentum: 0.25
      axes:
        method: [local, fedper, fedavg]
      profiles:
        full: {summary: all}
        own: {summary: own values, set: {methods.fedper.personal_layers: 3}}
      """
    }
    for dataset in ["cifar10", "mnist"] {
      let cells = try SmallSweep.cells(text: sweep(dataset: dataset))
      let keys = cells[1].specification.identity
      #expect(keys.first { $0.key == "methods.fedper.personal_layers" }?.value == chosen)
      #expect(keys.first { $0.key == "momentum" }?.value == (chosen == "1" ? "0.0" : "0.5"))
      // FedAvg was not tuned and keeps the base.
      #expect(cells[2].specification.optimiser.momentum == 0.25)
    }
    // What the sweep sets stands above the chosen values.
    let own = try SmallSweep.cells("own", text: sweep())
    #expect(
      own[1].specification.identity.first { $0.key == "methods.fedper.personal_layers" }?.value
        == "3")
    let record = try SmallSweep.plan(text: sweep()).record
    #expect(record.hyperparameters?.hasPrefix("\(values), SHA-256 ") == true)
    #expect(
      message(sweep(scheme: "iid"))
        == "\(values): no values of local for dataset.name cifar10, partition.scheme iid, expected a "
        + "choice for each run; tune it, or name a dataset that stands for it under "
        + "hyperparameters.datasets")
  }
}

extension CSV {
  /// The text of a file.
  fileprivate init(file: String) {
    let lines = String(
      decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self
    )
    .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    self.init(lines.first?.map(String.init) ?? [])
    for line in lines.dropFirst() { append(line.map(String.init)) }
  }
}
