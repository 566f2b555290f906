import Foundation
import NeuralNetworks

/// A process that times plain PyTorch on request: see Benchmarks/pytorch_baseline.py.
final class PyTorch {
  /// A Python that has PyTorch.
  struct Installation {
    let python: String
    let version: String

    /// Nil where that Python does not exist or has no PyTorch.
    init?(python: String) {
      guard FileManager.default.isExecutableFile(atPath: python) else { return nil }
      let process = Process()
      process.executableURL = URL(fileURLWithPath: python)
      process.arguments = ["-c", "import torch; print(torch.__version__)"]
      let output = Pipe()
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      guard (try? process.run()) != nil else { return nil }
      let answer = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else { return nil }
      self.python = python
      version = String(decoding: answer, as: UTF8.self).trimmingCharacters(
        in: .whitespacesAndNewlines)
    }
  }

  /// How PyTorch lays images out.
  enum MemoryLayout: String, CaseIterable {
    case contiguous
    case channelsLast = "channels_last"
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private let process = Process()
  private let requests = Pipe()
  private let answers = Pipe()
  private var rest: [UInt8] = []

  /// Starts a process with one thread.
  init(_ installation: Installation) throws {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("pytorch_baseline.py").path
    process.executableURL = URL(fileURLWithPath: installation.python)
    process.arguments = [script]
    process.standardInput = requests
    process.standardOutput = answers
    var environment = ProcessInfo.processInfo.environment
    environment["OMP_NUM_THREADS"] = "1"
    environment["MKL_NUM_THREADS"] = "1"
    process.environment = environment
    try process.run()
  }

  deinit {
    try? requests.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Seconds of one training step.
  func step(
    _ network: String, _ architecture: Architecture, isNormalised: Bool, layout: MemoryLayout,
    batchSize: Int,
    repetitions: Int
  ) throws -> Double {
    try send(
      "step \(network) \(Self.words(architecture, isNormalised)) \(layout.rawValue) \(batchSize) "
        + "\(repetitions)")
    return try answer()
  }

  /// Starts the local training of some clients, one after another; `answer` waits for its end.
  func startRound(
    _ architecture: Architecture, isNormalised: Bool, layout: MemoryLayout, clients: Int,
    samples: Int, epochs: Int, batchSize: Int
  ) throws {
    try send(
      "round \(NetworkDescription.paperCNN.name) \(Self.words(architecture, isNormalised)) \(layout.rawValue) \(batchSize) \(clients) "
        + "\(samples) \(epochs)")
  }

  /// The seconds of the request before.
  func answer() throws -> Double {
    while true {
      if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: rest[..<end], as: UTF8.self)
        rest.removeSubrange(...end)
        guard let seconds = Double(line) else {
          throw Failure(description: "pytorch_baseline.py: answered \(line), expected seconds")
        }
        return seconds
      }
      let more = answers.fileHandleForReading.availableData
      guard !more.isEmpty else {
        throw Failure(description: "pytorch_baseline.py: exited without an answer")
      }
      rest += more
    }
  }

  private func send(_ request: String) throws {
    try requests.fileHandleForWriting.write(contentsOf: Data((request + "\n").utf8))
  }

  private static func words(_ architecture: Architecture, _ isNormalised: Bool) -> String {
    "\(architecture.inputChannels) \(architecture.inputHeight) \(isNormalised ? 1 : 0)"
  }
}
