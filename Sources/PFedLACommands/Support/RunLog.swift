import Experiments
import Foundation
import Support

/// A file that grows by a line of JSON after every round, for those who watch a run: `tail -f`, `jq`, or
/// `pandas.read_json(path, lines=True)`.
struct RunLog {
  /// What a line says; accuracies only of evaluated rounds.
  private struct Line: Codable {
    let round: Int
    let rounds: Int
    let seconds: Double
    let train_loss: Double?
    let test_accuracy_received: Double?
    let test_accuracy_trained: Double?
  }

  private let path: String
  private var file: FileHandle?
  /// Rounds that an earlier process has done: their lines are kept, all others are replaced.
  var roundsDone = 0
  /// Why a line could not be written; none is written after it. The run goes on: it is worth more than its log.
  private(set) var problem: (any Error)?

  /// Throws `SpecificationError` or `FileError` unless a log of that name can be written. A file that is there must be a
  /// log or empty: it is replaced.
  static func require(_ path: String) throws {
    guard path.hasSuffix(".jsonl") else {
      throw SpecificationError("--log: found \(path), expected a name that ends with .jsonl")
    }
    try OutputCheck.require(path, overwrite: true)
    let first = FileManager.default.contents(atPath: path)?
      .split(separator: UInt8(ascii: "\n"), maxSplits: 1).first
    if let first, (try? JSONDecoder().decode(Line.self, from: Data(first))) == nil {
      throw SpecificationError(
        "--log: \(path) is there and no log of a run; remove it or give another name")
    }
  }

  /// A log that is opened after the first round.
  init(path: String) { self.path = path }

  /// Appends a round's line.
  mutating func write(_ progress: ExperimentRun.Progress) {
    guard problem == nil else { return }
    do {
      let file = try self.file ?? opened()
      self.file = file
      try file.write(contentsOf: Self.line(progress))
    } catch let error as FileError {
      problem = error
    } catch {
      problem = FileError("\(path): cannot be written; free some space and try again")
    }
  }

  private func opened() throws -> FileHandle {
    var kept = ""
    if roundsDone > 0, let content = FileManager.default.contents(atPath: path) {
      for line in content.split(separator: UInt8(ascii: "\n")) {
        let read = try? JSONDecoder().decode(Line.self, from: Data(line))
        if let read, read.round <= roundsDone {
          kept += String(decoding: line, as: UTF8.self) + "\n"
        }
      }
    }
    try TextFile.write(kept, to: path)
    guard let file = FileHandle(forUpdatingAtPath: path) else {
      throw FileError("\(path): cannot be opened; expected a writable file")
    }
    file.seekToEndOfFile()
    return file
  }

  private static func line(_ progress: ExperimentRun.Progress) throws -> Data {
    func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
    let isEvaluated = progress.evaluatedRound == progress.round
    let line = Line(
      round: progress.round, rounds: progress.roundCount, seconds: progress.seconds,
      train_loss: finite(progress.trainLoss),
      test_accuracy_received: isEvaluated ? finite(progress.accuracyReceived) : nil,
      test_accuracy_trained: isEvaluated ? finite(progress.accuracyTrained) : nil)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return try encoder.encode(line) + Data("\n".utf8)
  }
}
