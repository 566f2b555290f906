import Experiments
import Foundation

/// What Slurm says of a job's tasks, asked once.
struct Slurm {
  private var tasks: [String: [Int: ClusterStatus.Scheduled]] = [:]
  private var isThere: [String: Bool] = [:]

  /// Asks for some jobs.
  init(jobs: some Sequence<String>) {
    for job in Set(jobs) { ask(job) }
  }

  /// What is known of a task.
  func scheduled(_ job: String, _ task: Int) -> ClusterStatus.Scheduled {
    guard isThere[job] == true else { return .unknown }
    return tasks[job]?[task] ?? .ended(nil)
  }

  /// Whether a task of the job waits or runs; false if Slurm does not answer.
  func isLive(_ job: String) -> Bool {
    (tasks[job] ?? [:]).values.contains { $0 == .pending || $0 == .running }
  }

  private mutating func ask(_ job: String) {
    // Those that wait and run, a line a task.
    guard
      let queue = try? ProgramCall.run(
        ["squeue", "--noheader", "--array", "--states=all", "--jobs", job, "--format=%i %T"])
    else { return }
    // Slurm forgets a job some minutes after its end.
    let isForgotten = queue.errors.contains("Invalid job id")
    guard queue.status == 0 || isForgotten else { return }
    isThere[job] = true
    var found = Self.parse(queue.output, job: job)
    // Accounting remembers, where it is on; an answer that is none changes nothing.
    if let accounts = try? ProgramCall.run(
      [
        "sacct", "--noheader", "--allocations", "--parsable2", "--jobs", job,
        "--format=JobID,State",
      ]),
      accounts.status == 0
    {
      for (task, state) in Self.parse(
        accounts.output.replacingOccurrences(of: "|", with: " "), job: job)
      where found[task] == nil { found[task] = state }
    }
    tasks[job] = found
  }

  /// The tasks of lines such as `17_3 RUNNING`.
  static func parse(_ text: String, job: String) -> [Int: ClusterStatus.Scheduled] {
    var found: [Int: ClusterStatus.Scheduled] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.split(separator: " ")
      guard words.count >= 2 else { continue }
      let parts = words[0].split(separator: "_")
      guard parts.count == 2, parts[0] == job, let task = Int(parts[1]) else { continue }
      found[task] = state(String(words[1]))
    }
    return found
  }

  private static func state(_ word: String) -> ClusterStatus.Scheduled {
    switch word {
    case "PENDING", "REQUEUED", "CONFIGURING", "SUSPENDED", "REQUEUE_HOLD", "SPECIAL_EXIT",
      "RESV_DEL_HOLD", "REQUEUE_FED":
      .pending
    case "RUNNING", "COMPLETING", "STAGE_OUT", "SIGNALING", "RESIZING", "STOPPED": .running
    default: .ended(word)
    }
  }
}
