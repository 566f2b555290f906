import Experiments
import Foundation

/// A line of JSON for each round: for `tail -f`, `jq`, or `pandas.read_json(path, lines=True)`.
enum JSONLinesLog: RoundLog.Format {
  static let option = "--log"
  static let kind = "log of a run"
  static let beginning = Data()

  /// What every line says.
  private struct Line: Codable {
    let round: Int
    let rounds: Int
    let seconds: Double
  }

  static func kept(_ file: Data, upTo round: Int) -> Data? {
    let lines = file.split(separator: UInt8(ascii: "\n")).map {
      (text: $0, round: (try? JSONDecoder().decode(Line.self, from: Data($0)))?.round)
    }
    guard let first = lines.first, first.round != nil else { return nil }
    return lines.reduce(into: Data()) { kept, line in
      guard let found = line.round, found <= round else { return }
      kept += line.text + [UInt8(ascii: "\n")]
    }
  }

  static func entry(_ progress: ExperimentRun.Progress) throws -> Data {
    var line: [String: Double] = [
      "round": Double(progress.round), "rounds": Double(progress.roundCount),
      "seconds": progress.seconds,
    ]
    for (name, value) in progress.logged { line[name] = value }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return try encoder.encode(line) + Data("\n".utf8)
  }
}
