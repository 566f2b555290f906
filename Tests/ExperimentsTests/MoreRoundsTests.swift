import Experiments
import ExperimentsTestSupport
import Foundation
import TestSupport
import Testing

/// A checkpoint, or a finished run that kept its state, continues to more rounds.
@Suite("More rounds")
struct MoreRoundsTests {
  private static let six = ["rounds=6", "record_class_counts_every=1"]

  private func numbers(_ path: String) throws -> String? { try RunResult(path: path).numbersSHA256 }

  @Test("a checkpoint continues to more rounds, with the same bytes as from the start")
  func checkpoint() throws {
    let folder = try TemporaryFolder()
    let expected = try Fixtures.run(Self.six, to: folder.file("whole.h5").path)
    let path = folder.file("a.h5").path
    var rounds = 0
    _ = try ExperimentRun(
      Fixtures.preparation(["record_class_counts_every=1"]), output: path, overwrite: false,
      workerCount: 1
    ).run(
      shouldStop: {
        rounds += 1
        return rounds == 3
      }, report: { _ in })
    #expect(try Fixtures.run(Self.six, to: path) == expected)
  }

  @Test(
    "a finished run that kept its state continues, without what only its end asked for",
    arguments: [["evaluate_every=2"], ["record_weights_every=4"], ["method=pfedhn"]])
  func finished(changes: [String]) throws {
    let folder = try TemporaryFolder()
    let whole = folder.file("whole.h5").path
    try Fixtures.run(Self.six + changes, to: whole)
    let path = folder.file("a.h5").path
    // Round 3 is evaluated and recorded as the last one only.
    let short = ["rounds=3", "record_class_counts_every=1", "keep_state=true"] + changes
    try Fixtures.run(short, to: path)
    #expect(FileManager.default.fileExists(atPath: path + ".checkpoint"))
    #expect(!FileManager.default.fileExists(atPath: path + ".checkpoint.previous"))
    let before = try RunResult(path: path)
    #expect(before.evaluatedRounds.last == 3)

    var resumed: Int?
    _ = try ExperimentRun(
      Fixtures.preparation(Self.six + ["keep_state=true"] + changes), output: path,
      overwrite: true, workerCount: 2
    ).run(shouldStop: { false }, resumed: { resumed = $0.rounds }, report: { _ in })
    #expect(resumed == 3)
    #expect(try numbers(path) == numbers(whole))

    // The same rounds again: nothing is left to train, the result is the same.
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(
      try Fixtures.run(Self.six + ["keep_state=true"] + changes, to: path) == bytes)
    // Without keep_state it goes with the end.
    try Fixtures.run(Self.six + changes, to: path)
    #expect(!FileManager.default.fileExists(atPath: path + ".checkpoint"))
    #expect(try numbers(path) == numbers(whole))
  }

  @Test("a continuation whose records were not made is refused in one line")
  func refused() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(["keep_state=true", "record_class_counts_every=2"], to: path)
    func reason(_ overrides: [String]) -> String? {
      let error = #expect(throws: CheckpointError.self, "\(overrides)") {
        try Fixtures.run(overrides, to: path)
      }
      return error?.reason
    }
    let start = "\(path).checkpoint: the checkpoint cannot be continued: "
    #expect(
      reason(["rounds=6", "record_weights_every=3", "record_class_counts_every=2"])
        == start + "record_weights_every is now 3, but the weights after round 3 were not recorded")
    let mend = #expect(throws: CheckpointError.self) {
      try Fixtures.run(
        ["rounds=6", "record_weights_every=3", "record_class_counts_every=2"], to: path)
    }
    #expect(
      mend?.description.contains(". Give record_weights_every=2 to resume, or remove ") == true)
    #expect(
      reason(["rounds=6", "record_class_counts_every=1"])
        == start + "record_class_counts_every is now 1, but the classes of round 1 were not counted"
    )
    #expect(
      reason(["rounds=2", "record_class_counts_every=2"])
        == start + "4 rounds are done already, rounds is now 2")
    // What is refused stays as it was.
    try Fixtures.run(["rounds=6", "record_class_counts_every=2"], to: path)
  }

  @Test("a continuation that is stopped in its first training or evaluation has the same numbers")
  func stoppedContinuation() throws {
    let folder = try TemporaryFolder()
    let whole = folder.file("whole.h5").path
    try Fixtures.run(Self.six, to: whole)
    let path = folder.file("a.h5").path
    try Fixtures.run(["rounds=3", "record_class_counts_every=1", "keep_state=true"], to: path)
    for last in [2, 40] {
      let outcome = try ExperimentRun(
        Fixtures.preparation(Self.six), output: path, overwrite: true, workerCount: 1
      ).run(shouldStop: { false }, watch: StopAfter(last).watch, report: { _ in })
      guard case .interrupted = outcome else {
        Issue.record("\(outcome)")
        return
      }
    }
    try Fixtures.run(Self.six, to: path)
    #expect(try numbers(path) == numbers(whole))
  }

  @Test("a run that went on after it had diverged is not resumed as one that stops")
  func diverged() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    let overrides = ["method=local", "learning_rate=1e30", "keep_state=true"]
    try Fixtures.run(overrides + ["on_divergence=continue"], to: path)
    let error = #expect(throws: CheckpointError.self) {
      try Fixtures.run(overrides + ["rounds=6"], to: path)
    }
    #expect(error?.reason.contains("went on after it had diverged in round 1") == true)
    // A client that first took part in round 4 is marked there, perhaps by the evaluation that only the end asked for.
    let other = folder.file("b.h5").path
    try Fixtures.run(overrides + ["on_divergence=continue", "evaluate_every=3"], to: other)
    let refused = #expect(throws: CheckpointError.self) {
      try Fixtures.run(
        overrides + ["on_divergence=continue", "evaluate_every=3", "rounds=6"], to: other)
    }
    #expect(refused?.reason.contains("not finite in its last round, 4") == true)
  }

  @Test("an audited run keeps no state")
  func audited() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: SpecificationError.self) {
      _ = try ExperimentRun(
        Fixtures.preparation(["keep_state=true"]), output: folder.file("a.h5").path,
        overwrite: false, workerCount: 1, isAudited: true
      ).run(shouldStop: { false }, report: { _ in })
    }
    #expect(error?.description.hasPrefix("keep_state: an audited run keeps no state") == true)
  }
}
