import Foundation

/// Draws pictures by the gnuplot program, which is optional: without it there are no pictures.
public enum Gnuplot {
  /// Colours that remain apart for colour-blind readers (Okabe and Ito).
  static let colours = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999",
  ]

  /// Where the program lies, looked for along PATH; nil if it is not installed.
  public static var program: String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .map { "\($0)/gnuplot" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Runs a script in a folder. Throws `SpecificationError` with gnuplot's message if it fails.
  static func run(_ script: String, in folder: String) throws {
    guard let program else { return }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    let input = Pipe()
    let errors = Pipe()
    process.standardInput = input
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data(script.utf8))
    try input.fileHandleForWriting.close()
    let message = String(
      decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw SpecificationError(
        "gnuplot: failed in \(folder): "
          + message.split(whereSeparator: \.isNewline).joined(separator: " "))
    }
  }

  /// Text inside a double-quoted string of a script.
  static func quoted(_ text: String) -> String {
    "\""
      + text.replacingOccurrences(of: "\\", with: "\\\\")
      .replacingOccurrences(of: "\"", with: "\\\"").replacingOccurrences(of: "_", with: "\\\\_")
      + "\""
  }
}
