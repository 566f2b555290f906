import Foundation
import Reports
import Support
import TestSupport
import Testing

@Suite("gnuplot")
struct GnuplotTests {
  /// A picture with a text in every place that takes one.
  private func script(_ text: String) -> String {
    let literal = Escaping.gnuplot(text)
    return """
      set encoding utf8
      set terminal svg noenhanced
      set output "p.svg"
      set title \(literal)
      set xlabel \(literal)
      set label \(literal) at 0.5,0.5
      set xtics (\(Escaping.gnuplot(text.replacing("%", with: "%%"))) 0, "b" 1)
      plot [0:1] x title \(literal)

      """
  }

  @Test(
    "no text runs a command, whatever stands in it", .enabled(if: Gnuplot.program != nil),
    arguments: [
      "x`\u{301};touch ran;`\u{301}y", "`touch ran`", "\"\u{301};system('touch ran');\"",
      "\";system('touch ran');\"", "@x", "a\nsystem('touch ran')\nb", "end_of_data\n!touch ran",
      "${x} $(touch ran) \\140touch ran\\140",
    ])
  func commands(text: String) throws {
    let folder = try TemporaryFolder()
    let harmful = text.replacing("touch ran", with: "touch \(folder.path)/ran")
    try Gnuplot.run(script(harmful), drawing: ["p.svg"], in: folder.path)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["p.svg"])
  }

  @Test("text is shown as it is", .enabled(if: Gnuplot.program != nil))
  func shown() throws {
    let folder = try TemporaryFolder()
    try Gnuplot.run(script("θ_i, 50 % \"a\" ≥ 1"), drawing: ["p.svg"], in: folder.path)
    let picture = try String(contentsOf: folder.file("p.svg"), encoding: .utf8)
    #expect(picture.contains("θ_i, 50 % "))
    #expect(picture.contains("≥ 1"))

    // A digit after a sign that is written as a code is not part of the code.
    try Gnuplot.run(script("$5 of é7, %12"), drawing: ["p.svg"], in: folder.path)
    let digits = try String(contentsOf: folder.file("p.svg"), encoding: .utf8)
    #expect(digits.contains("$5 of é7, %12"))
  }

  @Test(
    "a gnuplot that fails, dies or hangs ends in one line",
    arguments: [
      ("echo 'no such\nterminal' >&2; exit 3", "status 3: no such terminal"),
      ("kill -9 $$", "failed in"), ("exec sleep 60", "no answer in 1 s"),
      ("printf '<svg>half' > p.svg", "p.svg: gnuplot drew only a part of it"),
    ])
  func faults(script: String, words: String) throws {
    let folder = try TemporaryFolder()
    let program = folder.file("gnuplot")
    try Data("#!/bin/sh\n\(script)\n".utf8).write(to: program)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
    let error = #expect(throws: FileError.self) {
      try Gnuplot.$searchPath.withValue(folder.path) {
        try Gnuplot.$timeLimit.withValue(1) {
          try Gnuplot.run("plot x", drawing: ["p.svg"], in: folder.path)
        }
      }
    }
    let line = try #require(error?.description)
    #expect(line.contains(words), "\(line)")
    #expect(!line.contains("\n"))
  }
}
