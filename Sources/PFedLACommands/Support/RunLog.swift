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
    if roundsDone > 0, let text = try? String(contentsOfFile: path, encoding: .utf8) {
      for line in text.split(separator: "\n") {
        let read = try? JSONDecoder().decode(Line.self, from: Data(line.utf8))
        if let read, read.round <= roundsDone { kept += line + "\n" }
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
