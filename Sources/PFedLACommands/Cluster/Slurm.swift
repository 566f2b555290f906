import Experiments
import Foundation

/// What Slurm says of some jobs' tasks, asked once for all of them.
struct Slurm {
  /// Whether it answered.
  private(set) var answers = false
  private var tasks: [String: [Int: ClusterStatus.Scheduled]] = [:]
  private var jobsByComment: [String: String] = [:]

  /// Array jobs of more tasks are refused by a cluster with Slurm's own settings.
  static let mostTasks = 1000

  /// Asks for some jobs; without any, for all of the user's.
  init(jobs: some Collection<String>) {
    let selection = jobs.isEmpty ? ["--me"] : ["--jobs", Set(jobs).sorted().joined(separator: ",")]
    // A line a task. Not --json: it says that there are no jobs where the controller does not answer.
    guard
      let queue = try? ProgramCall.run(
        ["squeue", "-h", "-r", "-t", "all", "-o", "%F|%K|%T|%k"] + selection)
    else { return }
    // Slurm forgets a job some minutes after its end.
    guard queue.status == 0 || queue.errors.contains("Invalid job id") else { return }
    answers = true
    enter(queue.output)
    // Accounting remembers, where it is on; an answer that is none changes nothing.
    if !jobs.isEmpty,
      let accounts = try? ProgramCall.run(
        ["sacct", "-n", "-X", "-P", "-o", "JobID,State"] + selection), accounts.status == 0
    {
      enterAccounts(accounts.output)
    }
  }

  /// What is known of a task.
  func scheduled(_ job: String, _ task: Int) -> ClusterStatus.Scheduled {
    answers ? tasks[job]?[task] ?? .ended(nil) : .unknown
  }

  /// Whether a task of the job waits or runs.
  func isLive(_ job: String) -> Bool {
    (tasks[job] ?? [:]).values.contains { $0 == .pending || $0 == .running }
  }

  /// The job that was submitted with a comment; nil if there is none now.
  func job(withComment comment: String) -> String? { jobsByComment[comment] }

  /// Lines such as `17|3|RUNNING|comment`.
  private mutating func enter(_ text: String) {
    for line in text.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
      guard parts.count >= 4, let task = Int(parts[1]) else { continue }
      tasks[parts[0], default: [:]][task] = Self.state(parts[2])
      jobsByComment[parts[3]] = parts[0]
    }
  }

  /// Lines such as `17_3|COMPLETED`, for tasks that the queue has forgotten.
  private mutating func enterAccounts(_ text: String) {
    for line in text.split(whereSeparator: \.isNewline) {
      let parts = line.split(whereSeparator: { $0 == "|" || $0 == "_" || $0 == " " })
      guard parts.count >= 3, let task = Int(parts[1]),
        tasks[String(parts[0])]?[task] == nil
      else { continue }
      tasks[String(parts[0]), default: [:]][task] = Self.state(String(parts[2]))
    }
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
