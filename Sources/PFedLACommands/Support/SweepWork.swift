import ArgumentParser
import Experiments
import FederatedLearning

/// The runs of some sweeps that a command is to do.
struct SweepWork {
  let plans: [SweepPlan]
  /// The runs, in their order; finished ones too.
  var cells: [SweepCell]
  let folder: CellFolder
  /// The folder with the dataset files.
  let datasetsFolder: String
  /// What there is of the plans' runs.
  let survey: CellSurvey
  let display: SweepDisplay

  /// Those that are not finished.
  var missing: [SweepCell] { cells.filter { survey.finished[$0.name] == nil } }

  /// Does those that are not finished, until a signal asks to stop.
  /// - Parameter event: called with what happens, besides the display.
  func compute(
    workerCount: Int, claim: Sweep.Claim = .locks, event: (Sweep.Event) -> Void = { _ in }
  ) throws -> Sweep.Outcome {
    if claim == .locks, !CellLock.isSupported(in: folder.output) {
      display.note(
        "Warning: the file system of \(folder.output) has no locks: start no other process on this folder; two would do the "
          + "same runs.")
    }
    let interruption = Interruption()
    let outcome = try Sweep(
      folder: folder, datasetsFolder: datasetsFolder, workerCount: workerCount, claim: claim
    ).run(
      cells, survey: survey, shouldStop: { interruption.isRequested },
      watch: RoundWatch(shouldStop: interruption.isUrgent) { [run = display.run] in
        run.current.show($0, done: $1, of: $2)
      },
      report: {
        display.show($0)
        event($0)
      })
    display.finish()
    return outcome
  }

  /// Names the runs that failed and ends the process with code 1, if there are any.
  func requireNoFailure(_ outcome: Sweep.Outcome) throws {
    guard !outcome.failures.isEmpty else { return }
    display.note("\(Counted.words(outcome.failures.count, of: cells.count, "run")) failed:")
    for failure in outcome.failures { display.note("  \(failure.cell): \(failure.reason)") }
    throw ExitCode.failure
  }
}
