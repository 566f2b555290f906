import Foundation
import Support

/// The sign of life of a task: a small file that it writes again every few seconds. It says what the task is at, on
/// which machine, and in the end how it ended.
public struct TaskBeat: Codable, Sendable, Equatable {
  /// What a task is doing, or how it ended.
  public enum State: String, Codable, Sendable {
    /// It works on a cell.
    case running
    /// It was asked to stop, has saved a checkpoint and ended.
    case stopped
    /// All its cells are finished, or left to other processes.
    case done
    /// A cell failed; it has ended.
    case failed
  }

  /// The state.
  public var state: State
  /// The machine.
  public var host: String
  /// The process there.
  public var process: Int32
  /// When it was written, in seconds since 1970.
  public var time: Double
  /// The cell that it works on.
  public var cell: String?
  /// Rounds done of that cell.
  public var round = 0
  /// Rounds of that cell.
  public var rounds = 0
  /// Why cells failed, by name.
  public var failures: [String: String] = [:]

  /// Seconds between two of them; what is older than some of these has stopped beating.
  public static let interval = 15.0

  /// The first beat of this process.
  public init() {
    state = .running
    host = ProcessInfo.processInfo.hostName
    process = getpid()
    time = Date().timeIntervalSince1970
  }

  /// The file of a task's beats, beside its list.
  /// - Parameters:
  ///   - number: the task's number in its list, from 0.
  ///   - tasks: the list's file.
  public static func path(ofTask number: Int, in tasks: String) -> String {
    "\(folder(ofFile: tasks))/beats/\(number).json"
  }

  /// Reads the last one; nil if there is none that can be read.
  public init?(file path: String) {
    guard let data = FileManager.default.contents(atPath: path),
      let beat = try? JSONDecoder().decode(TaskBeat.self, from: data)
    else { return nil }
    self = beat
  }

  /// Writes it with the time of now. A beat that cannot be written is missing, no more.
  public mutating func write(to path: String) {
    time = Date().timeIntervalSince1970
    try? makeFolder(folder(ofFile: path))
    try? TextFile.write(json: self, to: path)
  }
}
