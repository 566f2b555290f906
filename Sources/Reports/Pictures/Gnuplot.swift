import Experiments
import Foundation

/// Draws pictures by the gnuplot program, which is optional: without it there are no pictures.
public enum Gnuplot {
  /// Folders to search for the program, separated by colons, instead of PATH: for tests.
  @TaskLocal package static var searchPath: String?

  /// The path of the program, searched on PATH; nil if it is not installed.
  public static var program: String? {
    (searchPath ?? ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
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

  /// Text inside a double-quoted string of a script, for terminals that format it: an underscore is
  /// an underscore.
  static func quoted(_ text: String) -> String {
    literal(text).replacingOccurrences(of: "_", with: "\\\\_")
  }

  /// Text as a string of a script, for terminals that show it as it is (`noenhanced`). Between double
  /// quotes gnuplot would run what stands between backquotes, so those become octal codes.
  static func literal(_ text: String) -> String {
    let replacements = [
      ("\\", "\\\\"), ("\"", "\\\""), ("`", "\\140"), ("@", "\\100"), ("\r", ""), ("\n", "\\n"),
    ]
    return "\""
      + replacements.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) } + "\""
  }

  /// Text as a label of a tic, where gnuplot would print numbers by formats.
  static func ticLiteral(_ text: String) -> String {
    literal(text.replacingOccurrences(of: "%", with: "%%"))
  }
}
