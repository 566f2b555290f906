import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import HDF5
import Support
import TestSupport
import Testing

/// A run that is stopped within a round, wherever, resumes to the same bytes.
@Suite("Stopping within a round")
struct InterruptionTests {
  @Test(
    "stopped again and again, at growing distances, a run has the same bytes",
    arguments: [
      ["method=pfedla"], ["method=heurpfedla"], ["method=pfedhn"], ["method=fedfomo"],
      ["method=scaffold"], ["method=apfl", "record_class_counts_every=3"],
      ["method=ditto", "evaluate_every=3"],
    ])
  func growingDistances(overrides: [String]) throws {
    let folder = try TemporaryFolder()
    let expected = try Fixtures.run(overrides, to: folder.file("whole.h5").path)
    let path = folder.file("a.h5").path
    var stops: [Int] = []
    var stopsInEvaluations = 0
    // 5 clients, 7 batches a participant, evaluations: some hundred times of asking in 4 rounds.
    for distance in 1... {
      let outcome = try ExperimentRun(
        Fixtures.preparation(overrides), output: path, overwrite: true, workerCount: 2
      ).run(
        shouldStop: { false }, watch: StopAfter(2 * distance * distance).watch,
        report: { _ in })
      guard case .interrupted(let round) = outcome else { break }
      stops.append(round)
      if round > 0, try !isEvaluated(path, round: round) { stopsInEvaluations += 1 }
    }
    #expect(stops.count > 3)
    #expect(Set(stops).count > 2, "stopped after rounds \(stops)")
    // Of four rounds with an evaluation after the third and the last, none may be hit.
    #expect(
      stopsInEvaluations > 0 || overrides.contains("evaluate_every=3"),
      "stopped after rounds \(stops)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == expected)
    #expect(!FileManager.default.fileExists(atPath: path + ".checkpoint"))
  }

  /// Whether the checkpoint of a run has an evaluation after its last round, or none is due.
  private func isEvaluated(_ path: String, round: Int) throws -> Bool {
    let file = try HDF5File.openForReading(path + ".checkpoint")
    defer { try? file.close() }
    let keys: String = try file.readValue("specification")
    let every = keys.contains("evaluate_every: 3\n") ? 3 : 1
    let accuracies: [Float] = try file.group("record").read(
      "test_accuracy_received", shape: [4, 5])
    return !round.isMultiple(of: every) || !accuracies[(round - 1) * 5].isNaN
  }

  @Test("before the first round there is nothing to save")
  func firstRound() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    let outcome = try ExperimentRun(
      Fixtures.preparation(), output: path, overwrite: false, workerCount: 1
    ).run(shouldStop: { false }, watch: StopAfter(1).watch, report: { _ in })
    #expect(outcome == .interrupted(afterRound: 0))
    #expect(!FileManager.default.fileExists(atPath: path + ".checkpoint"))
  }

  @Test("every client is heard of, in training and in evaluation")
  func stages() throws {
    let heard = Guarded<[RoundWatch.Stage: Set<Int>]>([:])
    let folder = try TemporaryFolder()
    _ = try ExperimentRun(
      Fixtures.preparation(["rounds=1"]), output: folder.file("a.h5").path, overwrite: false,
      workerCount: 2
    ).run(
      shouldStop: { false },
      watch: RoundWatch(shouldStop: { false }) { stage, done, count in
        #expect(count == (stage == .training ? 3 : 5))
        heard.withLock { _ = $0[stage, default: []].insert(done) }
      }, report: { _ in })
    #expect(heard.withLock { $0 } == [.training: Set(1...3), .evaluation: Set(1...5)])
  }

  @Test("a run that diverged is not taken for an interrupted one")
  func diverged() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    let overrides = ["method=local", "learning_rate=1e30", "rounds=2"]
    // From some time of asking on the run gets as far as its divergence.
    for distance in 1... {
      do {
        let outcome = try ExperimentRun(
          Fixtures.preparation(overrides), output: path, overwrite: true, workerCount: 1
        ).run(
          shouldStop: { false }, watch: StopAfter(distance * 4).watch, report: { _ in })
        guard outcome == .interrupted(afterRound: 0) else {
          Issue.record("\(outcome)")
          return
        }
      } catch is DivergenceError {
        #expect(distance > 1)
        return
      }
    }
  }
}
