import Experiments
import ExperimentsTestSupport
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
        "; the state after round \(round - 1) is in \(path).checkpoint") == true)
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

  @Test("in a sweep a diverged cell is finished")
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
  }

}
