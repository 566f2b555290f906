import Experiments
import FederatedLearning
import Foundation
import HDF5
import TestSupport
import Testing

@Suite("Divergence")
struct DivergenceTests {
  /// Weights that grow with every step until nothing fits single precision.
  private static let explosive = [
    "method=fedavg", "model.batch_normalisation=false", "learning_rate=1000",
  ]

  @Test("the run stops in that round, and one line names round, client and layer")
  func stops() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    var rounds: [Int] = []
    let error = #expect(throws: DivergenceError.self) {
      try ExperimentRun(
        Fixtures.preparation(Self.explosive), output: path, overwrite: false, workerCount: 2
      ).run(shouldStop: { false }, report: { rounds.append($0.round) })
    }
    #expect(rounds == [1])
    #expect(error?.divergence.round == 1)
    #expect(error?.divergence.client != nil)
    #expect(
      error?.description
        == "diverged: round 1, client \(error?.divergence.client ?? -1), layer conv1 is not finite. Try a "
        + "smaller learning_rate (now 1000.0), or record the divergence and continue with --set "
        + "on_divergence=continue")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test("the last good checkpoint stays, and its round can be resumed with on_divergence=continue")
  func keepsCheckpoint() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    // Grows slowly enough to survive the first round.
    let slow = [
      "method=local", "model.batch_normalisation=false", "weight_decay=230", "checkpoint_every=1",
      "rounds=12",
    ]
    let error = #expect(throws: DivergenceError.self) { try Fixtures.run(slow, to: path) }
    let round = try #require(error?.divergence.round)
    #expect(round > 1)
    #expect(
      error?.description.hasSuffix(
        "; the state after round \(round - 1) is kept in \(path).checkpoint") == true)
    #expect(FileManager.default.fileExists(atPath: path + ".checkpoint"))
    #expect(!FileManager.default.fileExists(atPath: path))
    var resumed: Int?
    let outcome = try ExperimentRun(
      Fixtures.preparation(slow + ["on_divergence=continue"]), output: path, overwrite: false,
      workerCount: 1
    ).run(shouldStop: { false }, resumed: { resumed = $0.rounds }, report: { _ in })
    #expect(outcome == .complete)
    #expect(resumed == round - 1)
    #expect(try RunResult(path: path).record.firstDivergedRound == round)
  }

  @Test(
    "the advice names the step sizes that are in force",
    arguments: [
      ("fedavg", [], "a smaller learning_rate (now 1000.0), or"),
      (
        "pfedhn", [],
        "a smaller methods.pfedhn.step_size (now 0.5) or methods.pfedhn.client_learning_rate "
          + "(now 1000.0), or"
      ),
      (
        "pfedhn", ["pfedhn.client_optimiser=run"],
        "a smaller learning_rate (now 1000.0) or methods.pfedhn.step_size (now 0.5), or"
      ),
      (
        "per-fedavg", [],
        "a smaller learning_rate (now 1000.0) or methods.per-fedavg.inner_step_size (now 0.01), or"
      ),
      ("pfedme", [], "a smaller learning_rate (now 1000.0), or"),
      (
        "pfedme", ["pfedme.personal_step_size=7"],
        "a smaller learning_rate (now 1000.0) or methods.pfedme.personal_step_size (now 7.0), or"
      ),
      (
        "pfedme", ["pfedme.personal_step_size=900", "pfedme.step_size=900"],
        "a smaller methods.pfedme.personal_step_size (now 900.0) or methods.pfedme.step_size (now 900.0), or"
      ),
      ("apfl", [], "a smaller learning_rate (now 1000.0), or"),
      (
        "apfl", ["apfl.adaptive_mixing='on'", "apfl.mixing_step_size=2"],
        "a smaller learning_rate (now 1000.0) or methods.apfl.mixing_step_size (now 2.0), or"
      ),
    ])
  func advice(method: String, options: [String], expected: String) throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: DivergenceError.self) {
      try Fixtures.run(
        [
          "method=\(method)", "model.batch_normalisation=false", "learning_rate=1000",
          "methods.pfedhn.step_size=0.5", "methods.pfedhn.client_learning_rate=1000",
        ] + options.map { "methods.\($0)" }, to: folder.file("a.h5").path)
    }
    let text = error?.description ?? ""
    #expect(text.contains(". Try \(expected) record the divergence"), "\(text)")
    #expect(text.contains(", layer ") || text.contains(", in layer "), "\(text)")
  }

  @Test(
    "with on_divergence: continue every method goes through all rounds and says who diverged",
    arguments: MethodRegistry.all.map { $0.information.name })
  func continues(method: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    var overrides = [
      "method=\(method)", "model.batch_normalisation=\(method == "fedbn")", "learning_rate=1e30",
      "on_divergence=continue", "rounds=2", "participation=1",
    ]
    // Step sizes of the methods that have their own.
    for key in [
      "pfedme.personal_step_size", "pfedme.step_size", "per-fedavg.inner_step_size",
      "pfedhn.client_learning_rate",
    ] {
      overrides.append("methods.\(key)=1e6")
    }
    let outcome = try ExperimentRun(
      Fixtures.preparation(overrides), output: path, overwrite: false, workerCount: 2
    ).run(shouldStop: { false }, report: { _ in })
    #expect(outcome == .complete)
    let result = try RunResult(path: path)
    #expect(result.record.hasDiverged)
    #expect(result.divergedClients != nil)
    let file = try HDF5File.openForReading(path)
    #expect(try file.attribute("status", as: String.self) == "diverged")
    // A prediction of scores that are not numbers is no prediction.
    let record = result.record
    for place in 0..<record.roundCount * record.clientCount
    where record.testLossTrained[place].isNaN {
      #expect(record.testAccuracyTrained[place] < 1)
    }
    let all = record.testLossReceived.allSatisfy { $0.isNaN }
    #expect(!all || record.testAccuracyReceived.allSatisfy { $0 == 0 })
  }

  @Test("where a sweep asks for it, the rounds so far are a result that says that it diverged")
  func recorded() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    let outcome = try ExperimentRun(
      Fixtures.preparation(Self.explosive), output: path, overwrite: false, workerCount: 2,
      recordsDivergence: true
    ).run(shouldStop: { false }, report: { _ in })
    guard case .diverged(let divergence) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(divergence.round == 1)
    let result = try RunResult(path: path)
    #expect(result.record.hasDiverged)
    #expect(result.record.participated[5..<20].allSatisfy { !$0 })
    #expect(result.record.testLossReceived[5..<20].allSatisfy { $0.isNaN })
    #expect(try !HDF5File.openForReading(path).exists("model"))
  }

  @Test("in a sweep a diverged cell is finished, shown as diverged, and in no mean")
  func sweep() throws {
    let folder = try TemporaryFolder()
    let text = SmallSweep.text.replacingOccurrences(
      of: "fast: {learning_rate: 0.05,", with: "fast: {learning_rate: 1000,")
    let plan = try SmallSweep.plan(only: ["method": ["fedavg"], "seed": ["0"]], text: text)
    let log = SmallSweep.Log()
    let outcome = try SmallSweep.run(plan.selected, in: folder.path, log: log)
    #expect(outcome.failures.isEmpty)
    #expect(log.events == ["begins 1/2", "done", "begins 2/2", "diverged", "done"])
    let survey = CellSurvey(plan.selected, in: CellFolder(output: folder.path))
    #expect(survey.stopped == [plan.selected[1].name])
    let again = SmallSweep.Log()
    _ = try SmallSweep.run(plan.selected, in: folder.path, log: again)
    #expect(again.events.isEmpty, "a diverged cell is finished")
    try plan.write(to: folder.path)
    let record = try #require(try SweepPlan.records(in: folder.path).first)
    let table = AccuracyTable(
      SweepResults(record, output: folder.path), paper: HandMade.noPaper)
    let rows = HandMade.rows(table.csv).filter { $0["method"] == "fedavg" }
    let fast = try #require(rows.first { $0["rate"] == "fast" })
    #expect(fast["diverged"] == "1" && fast["accuracy_percent"] == "")
    #expect(fast["method_title"] == "FedAvg" && fast["data"] == "synthetic")
    #expect(fast["numerics_version"] == "\(CodeVersion.numerics)")
    #expect(
      try Report(output: folder.path, paperFolder: "/nowhere").diverged(among: plan.cells)
        == [plan.selected[1].name])
    #expect(rows.first { $0["rate"] == "slow" }?["diverged"] == "0")
    #expect(table.table.rows.joined().contains("diverged"))
    #expect(
      table.table.footers.contains("1 of 2 finished runs diverged and is left out of the means."))
  }

  @Test("a diverged run is left out of the means of a comparison, and counted")
  func compared() throws {
    let good = HandMade.run("fedavg", seed: 0, [[0.5, 0.7]])
    let bad = HandMade.run("fedavg", seed: 1, [[0.1, 0.1]]) { $0.divergedRounds = [0, 1] }
    let comparison = try Comparison([good, bad])
    #expect(comparison.rows.count == 1)
    #expect(comparison.rows[0].divergedCount == 1)
    #expect(abs(comparison.rows[0].received.mean - 60) < 1e-4)
    #expect(comparison.plainText.contains("1 of 2 diverged"))
    #expect(comparison.warnings.contains("1 of 2 runs diverged and is left out of the means"))
    let alone = try Comparison([bad])
    #expect(alone.plainText.contains("diverged  diverged"))
    #expect(alone.rows[0].received.mean.isNaN)
  }

  @Test("losses of exactly 0 are losses: the client took part")
  func zeroLosses() throws {
    let run = HandMade.run("fedavg", [[0.5, 0.5]]) { record in
      record.participated = [true, true]
      record.trainLoss = [0, 0]
    }
    let folder = try TemporaryFolder()
    _ = try ResultExport(run).write(to: folder.path)
    let rows = try String(contentsOf: folder.file("rounds.csv"), encoding: .utf8)
      .split(separator: "\n")
    let header = rows[0].split(separator: ",", omittingEmptySubsequences: false)
    let values = rows[1].split(separator: ",", omittingEmptySubsequences: false)
    let place = try #require(header.firstIndex(of: "train_loss_mean"))
    #expect(values[place] == "0")
    let participants = try #require(header.firstIndex(of: "participants"))
    #expect(values[participants] == "2")
    let diverged = try #require(header.firstIndex(of: "diverged_clients"))
    #expect(values[diverged] == "0")
  }

  @Test("exported means are over finite losses, beside the number of clients that have diverged")
  func exported() throws {
    let run = HandMade.run("fedavg", [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]) { record in
      record.participated = [Bool](repeating: true, count: 6)
      record.trainLoss = [1, 3, 2, 1, .infinity, .nan]
      record.divergedRounds = [0, 2, 1]
    }
    let folder = try TemporaryFolder()
    _ = try ResultExport(run).write(to: folder.path)
    let rows = try SweepFixtures.rows(folder.file("rounds.csv").path)
    #expect(rows.map { $0["train_loss_mean"] } == ["2", "1"])
    #expect(rows.map { $0["diverged_clients"] } == ["1", "2"])
  }

  @Test("a sweep without an axis of methods names the method of runs that all diverged")
  func namedByTheirRuns() throws {
    let sweep = try HandMade.sweep("own", [("step", ["1", "2"])]) { place in
      HandMade.run("fedprox", [[0.5]]) { record in
        if place["step"] == "2" { record.divergedRounds = [1] }
      }
    }
    let table = AccuracyTable(sweep, paper: HandMade.noPaper)
    #expect(table.table.rows == [["FedProx, step 1", "50.00"], ["FedProx, step 2", "diverged"]])
    #expect(HandMade.rows(table.csv).map { $0["method_title"] } == ["FedProx", "FedProx"])
    let folder = try TemporaryFolder()
    _ = try [
      LearningCurvesFigure(sweep, paper: HandMade.noPaper).write(to: folder.path),
      ClientSpreadFigure(sweep, paper: HandMade.noPaper).write(to: folder.path),
      CommunicationFigure(sweep, paper: HandMade.noPaper).write(to: folder.path),
    ]
    for name in ["learning-curves", "client-spread", "accuracy-over-communication"] {
      let rows = try SweepFixtures.rows(folder.file("\(name).csv").path)
      #expect(rows.map { $0["method"] } == ["fedprox"], "\(name)")
    }
  }
}
