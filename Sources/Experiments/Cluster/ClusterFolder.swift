import Foundation
import Support

/// What `pfedla cluster` keeps of an output folder: a folder a submission in `<output>/cluster`, numbered from 1.
public struct ClusterFolder: Sendable {
  /// A submission: its list of tasks, its script, its log files and the job's id.
  public struct Submission: Sendable {
    /// Its number, from 1.
    public let number: Int
    /// Its folder.
    public let path: String

    /// The list of its tasks.
    public var tasks: String { "\(path)/tasks.json" }
    /// The script that the scheduler runs.
    public var script: String { "\(path)/submit.sh" }
    /// The folder of its logs.
    public var logs: String { "\(path)/logs" }
    /// The record of the job.
    private var job: String { "\(path)/job.json" }

    /// Whether the scheduler was called, and what it answered.
    public struct Job: Codable, Sendable, Equatable {
      /// The command that was given.
      public let command: [String]
      /// When, in seconds since 1970.
      public let time: Double
      /// The job's comment, by which it is found if the answer was lost.
      public let comment: String
      /// The job's id; nil before the answer, or if it was lost.
      public var id: String?
      /// Why there is no such job; nil if there is one, or it is not known.
      public var refusal: String?

      /// The intent to give a command.
      public init(command: [String], comment: String) {
        self.command = command
        self.comment = comment
        time = Date().timeIntervalSince1970
      }
    }

    /// The record of the job; nil if the scheduler was never called.
    public func readJob() -> Job? {
      FileManager.default.contents(atPath: job).flatMap {
        try? JSONDecoder().decode(Job.self, from: $0)
      }
    }

    /// Writes the record. Throws `FileError` if that fails.
    public func write(_ record: Job) throws {
      try TextFile.write(json: record, to: job)
    }

    /// The log of a task: what all its attempts printed.
    public func log(ofTask task: Int, job id: String) -> String { "\(logs)/\(id)_\(task).log" }

    /// The last lines of a task's log, without empty ones; none if there is no log.
    public func lastLines(ofTask task: Int, job id: String, _ count: Int = 3) -> [String] {
      guard let file = FileHandle(forReadingAtPath: log(ofTask: task, job: id)) else { return [] }
      defer { try? file.close() }
      let end = (try? file.seekToEnd()) ?? 0
      try? file.seek(toOffset: end > 4096 ? end - 4096 : 0)
      let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
      return text.split(whereSeparator: \.isNewline).suffix(count).map(String.init)
    }
  }

  /// The output folder.
  public let output: String

  /// What there is of an output folder.
  public init(output: String) { self.output = output }

  /// All submissions, in order.
  public var submissions: [Submission] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(output)/cluster")) ?? [])
      .compactMap(Int.init).filter { $0 > 0 }.sorted().map(submission)
  }

  /// A new submission, with its folders. Throws `FileError` if they cannot be made.
  public func newSubmission() throws -> Submission {
    let submission = submission((submissions.last?.number ?? 0) + 1)
    try makeFolder(submission.logs)
    return submission
  }

  private func submission(_ number: Int) -> Submission {
    Submission(number: number, path: "\(output)/cluster/\(number)")
  }
}
