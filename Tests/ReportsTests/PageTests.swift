import Experiments
import ExperimentsTestSupport
import Foundation
import Reports
import TestSupport
import Testing

/// What `report.html` shows, and in which order. A browser looks at it in `make check-report`.
@Suite("Page")
struct PageTests {
  private func page(_ text: String, in folder: TemporaryFolder) throws -> (
    page: String, written: Report.Written
  ) {
    let plan = try SmallSweep.plan(only: ["seed": ["0"], "rate": ["slow"]], text: text)
    try plan.write(to: folder.path)
    _ = try SmallSweep.run(plan.selected, in: folder.path)
    let written = try Report(output: folder.path, paperFolder: HandMade.paperFolder).write()
    return (try String(contentsOf: folder.file("report.html"), encoding: .utf8), written)
  }

  @Test("a sweep of one's own has its own title and none of the paper's claims")
  func ownSweep() throws {
    let folder = try TemporaryFolder()
    let (page, written) = try page(SmallSweep.text, in: folder)
    #expect(page.contains("<h1>A small sweep</h1>"))
    #expect(!page.contains("id=\"claims\"") && !page.contains("CVPR"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("claims.csv").path))
    #expect(written.answer.isEmpty == false && !written.answer.joined().contains("claim"))
  }

  @Test("a sweep of the paper: the answer and the tables first, the claims after the figures")
  func paperSweep() throws {
    let folder = try TemporaryFolder()
    let (page, written) = try page(
      SmallSweep.text.replacing("name: small", with: "name: table1"), in: folder)
    let places = try [
      "<h1>pFedLA", "class=\"answer\"", "class=\"overview\"", "<nav", "<section id=\"table1\"",
      "<section id=\"claims\"", "<section id=\"how\"",
    ].map { try #require(page.range(of: $0), "\($0)").lowerBound }
    #expect(places == places.sorted())
    #expect(page.contains("pfedla reproduce table1 --profile full"))
    #expect(!page.contains("<script"))
    #expect(page.components(separatedBy: "<h1").count == 2)
    #expect(written.answer.last?.contains("inconclusive") == true)
  }

  @Test("without report: a table and curves; with report: none neither")
  func generic() throws {
    let folder = try TemporaryFolder()
    _ = try page(SmallSweep.text.replacing("report: accuracy-table\n", with: ""), in: folder)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.file("small").path)
    #expect(files.contains("accuracy.csv") && files.contains("learning-curves.csv"))
    #expect(!files.contains("client-spread.csv"))

    let empty = try TemporaryFolder()
    let (page, _) = try page(
      SmallSweep.text.replacing("report: accuracy-table", with: "report: none"), in: empty)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: empty.file("small").path)
        .allSatisfy { $0.hasPrefix("plan.json") })
    #expect(page.contains("<h1>A small sweep</h1>"))
  }
}
