import Foundation
import Support

/// A program of the system, called and waited for.
struct ProgramCall {
  /// What it answered.
  struct Answer {
    let status: Int32
    let output: String
    let errors: String
  }

  /// A program that cannot be called, or did not answer.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Calls a program. Throws `Failure` if it is not there, or does not end within some seconds.
  static func run(_ command: [String], seconds: Int = 60) throws -> Answer {
    guard let name = command.first, let path = programPath(name) else {
      throw Failure(description: "\(command.first ?? ""): not found; expected it on PATH")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = Array(command.dropFirst())
    // From inside a job, or from a user's settings: they would change what is asked and how it is answered.
    process.environment = ProcessInfo.processInfo.environment.filter { name, _ in
      !name.hasPrefix("SQUEUE_") && !name.hasPrefix("SBATCH_") && name != "SLURM_RESTART_COUNT"
    }
    let (output, errors) = (Pipe(), Pipe())
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    // Both at once: a pipe that nobody reads would hold the program up.
    let texts = Guarded((output: Data(), errors: Data()))
    let group = DispatchGroup()
    DispatchQueue.global().async(group: group) {
      let data = output.fileHandleForReading.readDataToEndOfFile()
      texts.withLock { $0.output = data }
    }
    DispatchQueue.global().async(group: group) {
      let data = errors.fileHandleForReading.readDataToEndOfFile()
      texts.withLock { $0.errors = data }
    }
    guard ended.wait(timeout: .now() + .seconds(seconds)) == .success else {
      process.terminate()
      throw Failure(description: "\(name): no answer in \(seconds) s; try again later")
    }
    _ = group.wait(timeout: .now() + .seconds(5))
    return texts.withLock {
      Answer(
        status: process.terminationStatus, output: String(decoding: $0.output, as: UTF8.self),
        errors: String(decoding: $0.errors, as: UTF8.self))
    }
  }
}
