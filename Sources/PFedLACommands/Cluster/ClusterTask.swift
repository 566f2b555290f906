import ArgumentParser
import Experiments
import Foundation
import Support

/// One task of a cluster's array job: does its runs and gives signs of life.
struct ClusterTask {
  /// The list's file.
  let list: String
  /// The task's number.
  let number: Int

  /// Does the task's runs that are not finished. Throws `SpecificationError` if the list does not fit the sweeps any more.
  func run(workers: Int?) throws {
    let tasks = try TaskList(file: list)
    guard tasks.tasks.indices.contains(number) else {
      throw SpecificationError(
        "--task \(number): expected 0 … \(tasks.tasks.count - 1), the tasks of \(list)")
    }
    let own = tasks.tasks[number].cells
    let options = try SweepOptions.parse(
      ["--datasets", tasks.datasets, "--experiments", tasks.experiments]
        + (tasks.seeds.map { ["--seeds", "\($0)"] } ?? [])
        + (workers.map { ["--workers", "\($0)"] } ?? [])
        + (tasks.overrides.isEmpty ? [] : ["--set"] + tasks.overrides))
    var work = try options.work(
      tasks.targets, profile: tasks.profile, output: tasks.output,
      isAllowed: ReproduceCommand.requireFigure)
    let known = Dictionary(work.cells.map { ($0.name, $0) }) { first, _ in first }
    if let unknown = own.first(where: { known[$0] == nil }) {
      throw SpecificationError(
        "\(list): the sweeps have no run \(unknown) any more: \(tasks.experiments) or the program has changed; "
          + "submit again")
    }
    work.cells = own.compactMap { known[$0] }

    let heart = Heart(path: TaskBeat.path(ofTask: number, in: list))
    let outcome: Sweep.Outcome
    do {
      outcome = try work.compute(
        workerCount: options.workerCount, claim: .owned, event: heart.enter)
    } catch {
      heart.stop(.failed, Dictionary(work.missing.map { ($0.name, "\(error)") }) { $1 })
      throw error
    }
    heart.stop(outcome.isInterrupted ? .stopped : outcome.failures.isEmpty ? .done : .failed)
    guard !outcome.isInterrupted else {
      work.display.note("Stopped; the task resumes where it was.")
      throw ExitCode(130)
    }
    try work.requireNoFailure(outcome)
  }
}

/// Writes a task's signs of life every few seconds, and at once where something happens.
private final class Heart: Sendable {
  private let path: String
  private let beat = Guarded(TaskBeat())
  /// Set up by `init` and cancelled by `stop`, nothing else.
  private nonisolated(unsafe) let timer: any DispatchSourceTimer

  init(path: String) {
    self.path = path
    timer = DispatchSource.makeTimerSource(queue: .global())
    timer.schedule(deadline: .now(), repeating: TaskBeat.interval)
    timer.setEventHandler { [weak self] in self?.write() }
    timer.resume()
  }

  private func write() { beat.withLock { $0.write(to: path) } }

  /// Takes in what happens.
  func enter(_ event: Sweep.Event) {
    switch event {
    case .begins(let cell, _, _):
      beat.withLock {
        $0.cell = cell.name
        $0.round = 0
        $0.rounds = cell.specification.rounds
      }
      write()
    case .resumes(let resumption): beat.withLock { $0.round = resumption.rounds }
    case .progress(let progress): beat.withLock { $0.round = progress.round }
    case .failed(let failure):
      beat.withLock { $0.failures[failure.cell] = failure.reason }
      write()
    default: break
    }
  }

  /// Writes the last one.
  func stop(_ state: TaskBeat.State, _ failures: [String: String] = [:]) {
    timer.cancel()
    beat.withLock {
      $0.state = state
      $0.failures.merge(failures) { $1 }
    }
    write()
  }
}
