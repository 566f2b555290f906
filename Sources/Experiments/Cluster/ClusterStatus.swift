import Foundation

/// Where every cell of the submissions of an output folder stands: from result files and signs of life first, from the
/// scheduler where it answers.
public struct ClusterStatus: Sendable {
  /// How a cell stands.
  public enum State: String, Sendable, CaseIterable, Encodable {
    /// Its result is there.
    case done
    /// A task works on it.
    case running
    /// Its task waits for its turn, or for a cell before this one.
    case waiting
    /// It failed; the reason is known.
    case failed
    /// Its task is gone, and nobody will do it.
    case lost
    /// What is known does not agree, or is too little.
    case uncertain
  }

  /// A cell.
  public struct Cell: Sendable, Encodable {
    /// Its name.
    public let name: String
    /// How it stands.
    public let state: State
    /// What is known, in a line; empty for a cell that is done.
    public let remark: String
    /// The submission and task that have it.
    public let submission: Int
    /// The task's number in the array.
    public let task: Int
  }

  /// What the scheduler says of a task.
  public enum Scheduled: Sendable, Equatable {
    /// It waits to be started, also again.
    case pending
    /// It runs.
    case running
    /// It has ended, or was never there; the scheduler's word for it, such as `NODE_FAIL`, where it has one.
    case ended(String?)
    /// The scheduler does not answer, or is not here.
    case unknown
  }

  /// All cells, by name.
  public let cells: [Cell]

  /// Looks at an output folder.
  /// - Parameters:
  ///   - folder: a sweep's output folder.
  ///   - now: the time, in seconds since 1970.
  ///   - scheduled: what the scheduler says of a job's task.
  /// - Throws: `SpecificationError` if a submission's list cannot be read.
  public init(
    _ folder: ClusterFolder, now: Double = Date().timeIntervalSince1970,
    scheduled: (_ job: String, _ task: Int) -> Scheduled
  ) throws {
    let results = CellFolder(output: folder.output)
    var cells: [String: Cell] = [:]
    for submission in folder.submissions {
      let list = try TaskList(file: submission.tasks)
      let job = submission.readJob()
      for (number, task) in list.tasks.enumerated() {
        let beat = TaskBeat(file: TaskBeat.path(ofTask: number, in: submission.tasks))
        let view = TaskView(
          submission: submission, number: number, job: job, beat: beat,
          scheduled: job?.id.map { scheduled($0, number) } ?? .unknown, now: now)
        for name in task.cells {
          // A later submission has taken over what an earlier one did not finish.
          let isDone = FileManager.default.fileExists(atPath: results.result(of: name))
          let (state, remark) = isDone ? (.done, "") : view.state(of: name)
          cells[name] = Cell(
            name: name, state: state, remark: remark, submission: submission.number, task: number)
        }
      }
    }
    self.cells = cells.values.sorted { $0.name < $1.name }
  }

  /// The cells of a state.
  public func cells(_ state: State) -> [Cell] { cells.filter { $0.state == state } }
}

/// What is known of a task.
private struct TaskView {
  let submission: ClusterFolder.Submission
  let number: Int
  let job: ClusterFolder.Submission.Job?
  let beat: TaskBeat?
  let scheduled: ClusterStatus.Scheduled
  let now: Double

  /// After so many seconds without a beat a task is taken for dead: its machine may be slow.
  private static let patience = 8 * TaskBeat.interval

  /// How a cell stands that is not done.
  func state(of cell: String) -> (ClusterStatus.State, String) {
    if let reason = beat?.failures[cell] { return (.failed, reason) }
    guard let job else { return (.lost, "its submission was never given to the scheduler") }
    if let refusal = job.refusal { return (.lost, "its submission was refused: \(refusal)") }
    guard job.id != nil else {
      return (
        .uncertain,
        "sbatch was called, but its answer is not recorded: look for the job with squeue, then resubmit or cancel"
      )
    }
    guard let beat else { return withoutBeat }
    let age = now - beat.time
    let isAtIt = beat.cell == cell
    let place = isAtIt ? "round \(beat.round) of \(beat.rounds)" : "its task is at another cell"
    switch beat.state {
    // After a machine's failure the program may live on; any other end is one.
    case .running where age < Self.patience && (word == nil || word == "NODE_FAIL"):
      return isAtIt ? (.running, "\(place), on \(beat.host)") : (.waiting, place)
    case .running:
      let silence = "no sign of life for \(DurationText.words(seconds: age)) from \(beat.host)"
      switch scheduled {
      case .pending: return (.waiting, "its task starts again")
      case .running: return (.uncertain, "\(silence), the scheduler says that it runs")
      case .unknown: return (.uncertain, "\(silence), the scheduler does not answer")
      case .ended(let word): return (.lost, ended(word, "\(silence)"))
      }
    case .stopped:
      switch scheduled {
      case .pending: return (.waiting, "its task was stopped and starts again")
      case .running: return (.waiting, "its task was stopped and has just started again")
      case .unknown: return (.uncertain, "its task was stopped, the scheduler does not answer")
      case .ended(let word): return (.lost, ended(word, "its task was stopped"))
      }
    case .failed:
      return scheduled == .pending || scheduled == .running
        ? (.waiting, "its task starts again")
        : (.lost, ended(word, "its task ended with a failure"))
    case .done:
      return (.uncertain, "its task has ended and left it to another process")
    }
  }

  private var word: String? {
    if case .ended(let word) = scheduled { return word }
    return nil
  }

  private var withoutBeat: (ClusterStatus.State, String) {
    switch scheduled {
    case .pending: (.waiting, "its task has not started")
    case .running: (.waiting, "its task has just started")
    case .unknown: (.uncertain, "its task has given no sign of life, the scheduler does not answer")
    case .ended(let word): (.lost, ended(word, "its task never began to work"))
    }
  }

  /// Why a task is gone, with the scheduler's word and the end of its log.
  private func ended(_ word: String?, _ reason: String) -> String {
    let known = [
      "OUT_OF_MEMORY": "out of memory: submit with more --memory",
      "NODE_FAIL": "its machine failed", "TIMEOUT": "out of time", "CANCELLED": "cancelled",
      "BOOT_FAIL": "its machine failed", "PREEMPTED": "another job took its place",
    ]
    let lines = job?.id.map { submission.lastLines(ofTask: number, job: $0) } ?? []
    return [
      [reason, word.map { known[$0] ?? "the scheduler says \($0)" }].compactMap { $0 }
        .joined(separator: "; "),
      lines.isEmpty ? "" : "its log ends with: \(lines.joined(separator: " / "))",
    ].filter { !$0.isEmpty }.joined(separator: "; ")
  }
}
