import TestSupport
import Foundation

/// Writes a file, and the folders above it.
func write(_ bytes: [UInt8], to path: String) throws {
  let url = URL(fileURLWithPath: path)
  try FileManager.default.createDirectory(
    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
  try Data(bytes).write(to: url)
}

func read(_ path: String) throws -> [UInt8] {
  try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The names in a folder, sorted.
func names(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

/// Runs a program of the system in `folder` and waits for its success.
func run(_ command: [String], in folder: String) throws {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = command
  process.currentDirectoryURL = URL(fileURLWithPath: folder)
  try process.run()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw CocoaError(.executableLoad, userInfo: [NSDebugDescriptionErrorKey: "\(command)"])
  }
}

/// The bytes in gzip's format.
func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
  try withTemporaryFolder { folder in
    try write(bytes, to: "\(folder)/file")
    try run(["gzip", "-n", "file"], in: folder)
    return try read("\(folder)/file.gz")
  }
}
