import FederatedLearning
import Foundation
import Support

/// What belongs to one execution and not to its result: wall time, host, date, workers. It is
/// beside the result file, whose bytes must not depend on it.
package struct RunSidecar: Encodable {
  let date = ISO8601DateFormatter().string(from: Date())
  let host = ProcessInfo.processInfo.hostName
  let operatingSystem = ProcessInfo.processInfo.operatingSystemVersionString
  let cores = ProcessInfo.processInfo.activeProcessorCount
  /// The program's version.
  let codeVersion = CodeVersion.current
  /// The version of the numerics.
  let numericsVersion = CodeVersion.numerics
  let workerCount: Int
  /// Processes that shared the run; nil for one.
  let rankCount: Int?
  /// Rounds that this process did; fewer than the run's if it was resumed.
  let rounds: Int
  /// Seconds that they took, evaluation included.
  let seconds: Double
  /// How they were spent; what is left went to records and the result.
  let phases: [PhaseTimes.Phase: Double]

  enum CodingKeys: String, CodingKey {
    case date, host, operatingSystem = "operating_system", cores, workerCount = "workers",
      rankCount = "ranks", rounds,
      seconds, phases = "seconds_by_phase", codeVersion = "code_version", numericsVersion =
      "numerics_version"
  }

  /// The seconds of a result's run as its sidecar has them; nil if there is none or the run was
  /// interrupted.
  package static func seconds(of result: RunResult) -> Double? {
    struct Times: Decodable {
      let rounds: Int
      let seconds: Double
    }
    guard let data = FileManager.default.contents(atPath: path(besides: result.path)),
      let times = try? JSONDecoder().decode(Times.self, from: data),
      times.rounds == result.record.roundCount
    else { return nil }
    return times.seconds
  }

  /// Writes `RESULT.run.json`, where the result is `RESULT.h5`. Throws if that fails.
  func write(besides output: String) throws {
    try TextFile.write(json: self, to: Self.path(besides: output))
  }

  /// Removes it, where the result could not be written.
  static func remove(besides output: String) { unlink(path(besides: output)) }

  static func path(besides output: String) -> String {
    (output.hasSuffix(".h5") ? String(output.dropLast(3)) : output) + ".run.json"
  }
}
