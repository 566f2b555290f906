import Experiments
import Foundation
import Support

/// The display of the run that a sweep is doing; any thread may ask for it.
final class CurrentDisplay: Sendable {
  private let display = Guarded(ProgressDisplay(title: ""))

  var current: ProgressDisplay { display.withLock { $0 } }

  /// Ends the line of the one before.
  func replace(by next: ProgressDisplay) {
    current.finish()
    display.withLock { $0 = next }
  }
}

/// Prints on standard error what a sweep is going to do, how long it will take and how far it is.
final class SweepDisplay {
  private let folder: CellFolder
  private let workerCount: Int
  /// The display of the run that is being done.
  let run = CurrentDisplay()
  /// Estimated seconds of each cell to do, by name.
  private var estimates: [String: Double] = [:]
  /// Estimated seconds of the cells done here, and those that they took.
  private var done = (estimated: 0.0, measured: 0.0)

  init(folder: CellFolder, workerCount: Int) {
    self.folder = folder
    self.workerCount = workerCount
  }

  /// The first lines: what, how long, where.
  /// - Parameters:
  ///   - survey: what is finished, and which files cannot be used.
  ///   - listsAll: whether to print each run to do on standard output.
  /// - Returns: whether there is nothing to do, or some of it can start.
  func announce(
    _ cells: [SweepCell], _ plans: [SweepPlan], _ survey: CellSurvey, datasetsFolder: String,
    listsAll: Bool
  ) -> Bool {
    for plan in plans { note(plan.sweep.title) }
    if let plan = plans.first { note("profile \(plan.selection.profile): \(plan.summary)") }
    let toDo = cells.filter { survey.finished[$0.name] == nil }
    let begun = toDo.count { folder.hasCheckpoint(of: $0.name) }
    let planned = Set(plans.flatMap(\.cells).map(\.name)).count
    note(
      Counted.words(cells.count, "run")
        + (planned > cells.count ? " of \(planned) in the plan" : "")
        + ": \(cells.count - toDo.count) finished, \(begun) begun, \(toDo.count - begun) open; "
        + Counted.words(workerCount, "worker"))
    note("results: \(folder.path)/, report: \(folder.output)/report.html")
    // Without the list, they are named when their turn comes.
    for cell in toDo where listsAll {
      if let reason = survey.unusable[cell.name] { note("\(reason); this run is done again") }
    }
    guard !toDo.isEmpty else { return true }
    let estimator = SweepEstimator(datasetsFolder: datasetsFolder, workerCount: workerCount)
    let table = estimator.estimates(toDo)
    return announce(toDo, table, isListed: listsAll)
  }

  /// How long the runs to do will take, and why some cannot start.
  private func announce(
    _ cells: [SweepCell], _ table: [Result<SweepEstimate, any Error>], isListed: Bool
  ) -> Bool {
    var (seconds, bytes) = (0.0, 0.0)
    var reasons: [(text: String, count: Int)] = []
    for (cell, estimate) in zip(cells, table) {
      switch estimate {
      case .success(let estimate):
        estimates[cell.name] = estimate.seconds
        seconds += estimate.seconds
        bytes = max(bytes, estimate.bytes)
      case .failure(let error):
        if let place = reasons.firstIndex(where: { $0.text == "\(error)" }) {
          reasons[place].count += 1
        } else {
          reasons.append(("\(error)", 1))
        }
      }
    }
    if !estimates.isEmpty {
      let part =
        reasons.isEmpty ? "" : " for \(estimates.count) of \(Counted.words(cells.count, "run"))"
      note(
        "about \(ProgressDisplay.time(seconds)) here\(part), measured on a first round of each kind of "
          + String(format: "run; at most %.1f GB of memory", bytes / 1e9))
      if seconds > 86_400 {
        note(
          "to share the work, start the same command on several machines, or in jobs with --cell I/N"
        )
      }
    } else {
      note("none of \(Counted.words(cells.count, "run")) can start")
    }
    // A list refers to them by number.
    for (number, reason) in reasons.enumerated().prefix(isListed ? reasons.count : 5) {
      note(
        (isListed && reasons.count > 1 ? "reason \(number + 1): " : "")
          + "\(Counted.words(reason.count, "run")) cannot start: \(reason.text)")
    }
    if reasons.count > 5, !isListed { note("and \(reasons.count - 5) more reasons") }
    if isListed { list(cells, table, reasons.map(\.text)) }
    return !estimates.isEmpty
  }

  private func list(
    _ cells: [SweepCell], _ table: [Result<SweepEstimate, any Error>], _ reasons: [String]
  ) {
    for (cell, estimate) in zip(cells, table) {
      switch estimate {
      case .success(let estimate):
        print(
          "\(cell.name)  \(ProgressDisplay.time(estimate.seconds))  "
            + String(format: "%.2f GB", estimate.bytes / 1e9))
      case .failure(let error):
        let number = reasons.count > 1 ? reasons.firstIndex(of: "\(error)") : nil
        print("\(cell.name)  cannot start\(number.map { ": reason \($0 + 1)" } ?? "")")
      }
    }
  }

  /// What is finished, though the command asks for something else when a run diverges.
  func announce(stopped cells: [SweepCell]) {
    guard let first = cells.first else { return }
    let isOne = cells.count == 1
    note(
      "\(Counted.words(cells.count, "run")) stopped when \(isOne ? "it" : "they") diverged and \(isOne ? "is" : "are") "
        + "finished: on_divergence=continue changes nothing there. To do \(isOne ? "it" : "one") again, "
        + "remove \(isOne ? "" : "its file, such as ")\(folder.result(of: first.name))")
  }

  /// What happens.
  func show(_ event: Sweep.Event) {
    switch event {
    case .begins(let cell, let number, let count):
      roundCount = cell.specification.rounds
      run.replace(
        by: ProgressDisplay(title: "\(number)/\(count) \(cell.name)", interval: .seconds(30)))
      run.current.begin(of: roundCount)
    case .unusable(_, let reason, let target):
      note("\(reason); moved to \(target), the run is done again")
    case .resumes(let resumption):
      if let damage = resumption.damage { note("\(damage); taking the one before it") }
      note("resuming after round \(resumption.rounds)")
      run.current.begin(after: resumption.rounds, of: roundCount)
    case .progress(let state): run.current.show(state)
    case .done(let cell, let seconds):
      run.current.finish()
      guard let estimate = estimates.removeValue(forKey: cell.name) else { return }
      done.estimated += estimate
      done.measured += seconds
      let left = estimates.values.reduce(0, +) * done.measured / max(done.estimated, 1e-9)
      if left > 0 { note("about \(ProgressDisplay.time(left)) left") }
    case .diverged(let cell, let reason): note("diverged: \(cell.name): \(reason)")
    case .failed(let failure): note("failed: \(failure.cell): \(failure.reason)")
    case .taken(let cell, let holder): note("\(cell.name): left to \(holder)")
    case .waiting(let cells):
      if !isWaiting { note("waiting for \(Counted.words(cells, "run")) of other processes") }
    }
    if case .waiting = event { isWaiting = true } else { isWaiting = false }
  }
  private var isWaiting = false
  /// Rounds of the run that is being done.
  private var roundCount = 0

  /// A line of its own.
  func note(_ line: String) { run.current.note(line) }

  /// Ends the bar's line.
  func finish() { run.current.finish() }
}
