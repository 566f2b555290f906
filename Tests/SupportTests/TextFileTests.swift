import Foundation
import Support
import Testing

@Suite struct TextFileTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("pfedla-tests-\(UUID().uuidString)").path

  @Test func aFileReplacesTheOneBeforeAndLeavesNothingBeside() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try makeFolder(folder + "/a/b")
    let path = folder + "/a/b/text.md"
    try TextFile.write("first", to: path)
    try TextFile.write("zweiter Käse", to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "zweiter Käse")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/a/b") == ["text.md"])
  }

  @Test func whatKilledProcessesLeftOfAFileIsRemoved() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try makeFolder(folder)
    let machine = TextFile.machineNumber
    // No process has the first number; the second is alive; the third is of another machine.
    let kept = [
      "text.md.tmp-\(machine)-\(getppid())", "text.md.tmp-\(machine ^ 1)-999999999",
      "other.md.tmp-\(machine)-999999999",
    ]
    for name in kept + ["text.md.tmp-\(machine)-999999999"] {
      try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    try TextFile.write("text", to: "\(folder)/text.md")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        == (kept + ["text.md"]).sorted())
  }

  @Test func errorsNameTheFileAndTheReason() {
    #expect(
      throws: FileError("\(folder)/none.md: cannot be written (No such file or directory)")
    ) { try TextFile.write("text", to: "\(folder)/none.md") }
    #expect(
      throws: FileError(
        "/dev/null: is a file, expected the name of a folder")
    ) { try makeFolder("/dev/null/a") }
  }

  @Test func markupIsEscaped() {
    #expect(Escaping.html("a < b & \"c\" > d é") == "a &lt; b &amp; &quot;c&quot; &gt; d é")
  }

  @Test func numbersAreShortestAndMissingOnesEmpty() {
    #expect(CSV.number(0.1) == "0.1")
    #expect(CSV.number(3.0) == "3")
    #expect(CSV.number(Double.nan).isEmpty && CSV.number(Float.nan).isEmpty)
    var csv = CSV(["a", "b"])
    csv.append(["x,y", "say \"no\""])
    #expect(csv.text == "a,b\n\"x,y\",\"say \"\"no\"\"\"\n")
  }
}
