import Foundation
import TestSupport

/// The built `pfedla` program, which is next to the test bundle.
enum Program {
  struct Result {
    let status: Int32
    let output: String
    let errors: String
    /// The last line of the errors that is not empty.
    var lastError: String { errors.split(separator: "\n").last.map(String.init) ?? "" }
  }

  static var path: String {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appendingPathComponent("pfedla").path
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
        !isFolder.boolValue
      {
        return candidate
      }
      folder = folder.deletingLastPathComponent()
    }
    return "pfedla"
  }

  /// Starts the program without waiting; output goes to files in `folder`.
  /// - Parameter environment: changes to the environment.
  static func start(
    _ arguments: [String], in folder: TemporaryFolder, environment changes: [String: String] = [:]
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.currentDirectoryURL = folder.url
    var environment = ProcessInfo.processInfo.environment
    environment["PFEDLA_DATASETS"] = nil
    environment.merge(changes) { $1 }
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    for (name, key) in [
      ("output.txt", \Process.standardOutput), ("errors.txt", \Process.standardError),
    ] {
      try Data().write(to: folder.file(name))
      process[keyPath: key] = try FileHandle(forWritingTo: folder.file(name))
    }
    try process.run()
    return process
  }

  /// Waits until a started program has written a file, or has ended. Throws `Failure` after two minutes.
  static func wait(for file: URL, of process: Process) throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while process.isRunning, !FileManager.default.fileExists(atPath: file.path) {
      guard ContinuousClock.now < deadline else {
        process.terminate()
        throw Failure(description: "\(file.lastPathComponent) was never written")
      }
      Thread.sleep(forTimeInterval: 0.002)
    }
  }

  /// Waits for a started program.
  static func finish(_ process: Process, in folder: TemporaryFolder) throws -> Result {
    process.waitUntilExit()
    func text(_ name: String) throws -> String {
      String(decoding: try Data(contentsOf: folder.file(name)), as: UTF8.self)
    }
    return Result(
      status: process.terminationStatus, output: try text("output.txt"),
      errors: try text("errors.txt"))
  }

  /// Runs the program to its end.
  static func run(
    _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:]
  ) throws -> Result {
    try finish(start(arguments, in: folder, environment: environment), in: folder)
  }

  /// A folder with a small specification, `small.yaml`, and synthetic CIFAR-10 in `data`.
  static func workplace(rounds: Int = 3) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try Data(
      """
      name: small
      method: pfedla
      dataset: {name: cifar10, splits: [train]}
      partition: {scheme: iid, clients: 4, samples_per_client: 24}
      rounds: \(rounds)
      local_epochs: 1
      batch_size: 8
      methods: {pfedla: {hidden_sizes: [8]}}

      """.utf8
    ).write(to: folder.file("small.yaml"))
    let result = try run(
      ["datasets", "synthesize", "cifar10", "--samples-per-class", "20", "--datasets", "data"],
      in: folder)
    guard result.status == 0 else { throw Failure(description: result.errors) }
    return folder
  }

  struct Failure: Error, CustomStringConvertible { let description: String }
}
