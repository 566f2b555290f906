import Foundation
import Support

/// Draws pictures by the gnuplot program, which is optional: without it there are no pictures.
public enum Gnuplot {
  /// Folders to search for the program, separated by colons, instead of PATH: for tests.
  @TaskLocal package static var searchPath: String?

  /// The path of the program, searched on PATH; nil if it is not installed.
  public static var program: String? { programPath("gnuplot", searchPath: searchPath) }

  /// Runs a script that draws some files, for a minute at most, and puts them into a folder. Throws `FileError` with
  /// gnuplot's message if it fails.
  ///
  /// gnuplot draws elsewhere and says nothing of a full disk: here each file appears whole or not at all.
  ///
  /// The script is a file, not gnuplot's standard input: a gnuplot that dies or hangs cannot block or kill us by
  /// a pipe.
  package static func run(_ script: String, drawing files: [String], in folder: String) throws {
    guard let program else { return }
    let place = FileManager.default.temporaryDirectory.appending(
      path: "pfedla-gnuplot-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: place) }
    let drawn = place.appending(path: "drawn")
    try FileManager.default.createDirectory(at: drawn, withIntermediateDirectories: true)
    let (file, messages) = (place.appending(path: "script"), place.appending(path: "messages"))
    try Data(script.utf8).write(to: file)
    try Data().write(to: messages)

    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = [file.path]
    process.currentDirectoryURL = drawn
    // A PDF file has a date with its zone.
    process.environment = ProcessInfo.processInfo.environment.merging(["TZ": "UTC"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: messages)
    process.standardOutput = FileHandle.nullDevice
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    guard ended.wait(timeout: .now() + timeLimit) == .success else {
      kill(process.processIdentifier, SIGKILL)
      throw FileError("gnuplot: no answer in \(Int(timeLimit)) s in \(folder); it was stopped")
    }
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      let text = String(decoding: try Data(contentsOf: messages), as: UTF8.self)
      throw FileError(
        "gnuplot: failed in \(folder) with status \(process.terminationStatus): "
          + text.split(whereSeparator: \.isNewline).joined(separator: " "))
    }
    for name in files {
      let data = FileManager.default.contents(atPath: drawn.appending(path: name).path) ?? Data()
      guard isWhole(data) else {
        throw FileError(
          "\(folder)/\(name): gnuplot drew only a part of it; free some space for temporary files")
      }
      try TextFile.write(data, to: "\(folder)/\(name)")
    }
  }

  /// Whether a picture ends as SVG, PNG and PDF files do.
  private static func isWhole(_ data: Data) -> Bool {
    let end = String(decoding: data.suffix(64), as: UTF8.self)
    return ["</svg>", "IEND", "%%EOF"].contains { end.contains($0) }
  }

  /// Seconds that gnuplot may take for a picture: for tests to shorten.
  @TaskLocal package static var timeLimit = 60.0

  /// Text as a label of a tic, where gnuplot would print numbers by formats.
  static func ticLiteral(_ text: String) -> String {
    Escaping.gnuplot(text.replacing("%", with: "%%"))
  }
}
