import Experiments
import Foundation
import Support

/// A file that grows by an entry after every round, for those who watch a run. A run that is resumed keeps the entries of
/// the rounds that it does not do again.
struct RoundLog {
  /// What the file is made of.
  protocol Format {
    /// The option that asks for it, for error messages.
    static var option: String { get }
    /// What such a file is, for error messages.
    static var kind: String { get }
    /// What a file begins with.
    static var beginning: Data { get }
    /// A file's beginning and its entries up to a round; nil if it is no such file. Ends where the file is damaged.
    static func kept(_ file: Data, upTo round: Int) -> Data?
    /// A round's entry.
    static func entry(_ progress: ExperimentRun.Progress) throws -> Data
  }

  private let path: String
  private let format: any Format.Type
  private var file: FileHandle?
  /// Rounds that an earlier process has done: their entries are kept, all others are replaced.
  var roundsDone = 0
  /// Why an entry could not be written; none is written after it. The run goes on: it is worth more than its log.
  private(set) var problem: (any Error)?

  /// A log that is opened after the first round. Throws `SpecificationError` or `FileError` unless it can be written; the
  /// folder is made if it is not there. A file that is there must be such a log or empty: it is replaced.
  init(_ format: any Format.Type, path: String) throws {
    self.path = path
    self.format = format
    try OutputCheck.require(path, overwrite: true)
    let content = FileManager.default.contents(atPath: path) ?? Data()
    guard content.isEmpty || format.kept(content, upTo: 0) != nil else {
      throw SpecificationError(
        "\(format.option): \(path) is there and no \(format.kind); remove it or give another name")
    }
  }

  /// Appends a round's entry.
  mutating func write(_ progress: ExperimentRun.Progress) {
    guard problem == nil else { return }
    do {
      let file = try self.file ?? opened()
      self.file = file
      try file.write(contentsOf: format.entry(progress))
    } catch let error as FileError {
      problem = error
    } catch {
      problem = FileError("\(path): cannot be written; free some space and try again")
    }
  }

  private func opened() throws -> FileHandle {
    let earlier = roundsDone > 0 ? FileManager.default.contents(atPath: path) : nil
    let kept = earlier.flatMap { format.kept($0, upTo: roundsDone) }
    try TextFile.write(kept ?? format.beginning, to: path)
    guard let file = FileHandle(forUpdatingAtPath: path) else {
      throw FileError("\(path): cannot be opened; expected a writable file")
    }
    file.seekToEndOfFile()
    return file
  }
}

extension ExperimentRun.Progress {
  /// What logs have of a round, by name: the mean training loss and, of an evaluated round, the mean accuracies; only
  /// finite values.
  var logged: [(name: String, value: Double)] {
    let isEvaluated = evaluatedRound == round
    let values: [(String, Double?)] = [
      ("train_loss", trainLoss),
      ("test_accuracy_received", isEvaluated ? accuracyReceived : nil),
      ("test_accuracy_trained", isEvaluated ? accuracyTrained : nil),
    ]
    return values.compactMap { name, value in
      value.flatMap { $0.isFinite ? (name, $0) : nil }
    }
  }
}
