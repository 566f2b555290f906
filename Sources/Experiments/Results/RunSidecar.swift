import Foundation

/// What is true of one execution and not of its result: wall time, host, date, workers. It lies
/// beside the result file, whose bytes must not depend on it.
struct RunSidecar: Encodable {
  let date = ISO8601DateFormatter().string(from: Date())
  let host = ProcessInfo.processInfo.hostName
  let operatingSystem = ProcessInfo.processInfo.operatingSystemVersionString
  let cores = ProcessInfo.processInfo.activeProcessorCount
  let workerCount: Int
  /// Rounds that this process did; fewer than the run's if it was resumed.
  let rounds: Int
  /// Seconds that they took, evaluation included.
  let seconds: Double

  enum CodingKeys: String, CodingKey {
    case date, host, operatingSystem = "operating_system", cores, workerCount = "workers", rounds,
      seconds
  }

  /// Writes `RESULT.run.json`, where the result is `RESULT.h5`. Throws if that fails.
  func write(besides output: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let stem = output.hasSuffix(".h5") ? String(output.dropLast(3)) : output
    try encoder.encode(self).write(
      to: URL(fileURLWithPath: stem + ".run.json"), options: .atomic)
  }
}
