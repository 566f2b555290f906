import Experiments
import ExperimentsTestSupport
import Foundation
import Reports
import TestSupport
import Testing

@Suite("Registry of reports")
struct ReportRegistryTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test("names are distinct, each leads to its tables and figures, and trials have grids")
  func names() {
    let names = ReportRegistry.reports.map(\.name)
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(ReportRegistry.entry(named: name)?.report.name == name)
      #expect(ReportRegistry.entry(named: name)?.parts.isEmpty == (name == "none"))
    }
    #expect(ReportRegistry.entry(named: "table") == nil)
    #expect(ReportRegistry.reports.filter(\.hasGrids).map(\.name) == ["tuning", "sensitivity"])
  }

  @Test("every part writes the files that it names, with results and without")
  func parts() throws {
    let run = HandMade.run("pfedla", [[0.5, 0.75]]) { record in
      record.recordedRounds = [1]
      record.weights = [Float](repeating: 0.5, count: 2 * 2 * 2)
    }
    for entry in ReportRegistry.all {
      for part in entry.parts {
        for result in [run, nil] {
          let folder = try TemporaryFolder()
          let sweep = try HandMade.sweep(
            "own", [("method", ["pfedla"]), ("trial", ["1"]), ("seed", ["0"])]
          ) { _ in result }
          let section = try part.init(sweep, paper: HandMade.noPaper).write(to: folder.path)
          #expect(section.name == "own", "\(part)")
          for file in section.files + section.pictures.map({ "\($0.name).svg" }) {
            #expect(
              FileManager.default.fileExists(atPath: folder.file(file).path), "\(part) \(file)")
          }
        }
      }
    }
  }

  @Test("an unknown report is refused when its sweep is read, with the nearest name")
  func unknown() throws {
    #expect(
      message {
        _ = try SmallSweep.sweep(
          SmallSweep.text.replacing("report: accuracy-table", with: "report: acuracy-table"))
      }
        == "small.yaml, line 3: report: found acuracy-table, expected one of "
        + "\(ReportRegistry.reports.map(\.name).joined(separator: ", ")) (did you mean accuracy-table?)"
    )
    let sweep = try SmallSweep.sweep(
      SmallSweep.text.replacing("report: accuracy-table\n", with: ""))
    #expect(sweep.report.name == "accuracy")
  }

  @Test("a plan of a report that this program does not have is named with the nearest one")
  func otherPlan() throws {
    let folder = try TemporaryFolder()
    try SmallSweep.plan().write(to: folder.path)
    let path = "\(folder.path)/small/plan.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacing("accuracy-table", with: "accuracy-tables").write(
      toFile: path, atomically: true, encoding: .utf8)
    #expect(
      message { try Report(output: folder.path, paperFolder: "/nowhere").write() }
        == "\(path): report: found accuracy-tables, expected one of "
        + "\(ReportRegistry.reports.map(\.name).joined(separator: ", ")) (did you mean accuracy-table?)"
    )
  }

  @Test("every committed sweep asks for a report that there is")
  func committed() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "experiments")
    var count = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where file.hasSuffix(".yaml") {
      let path = folder.appending(path: file).path
      guard try String(contentsOfFile: path, encoding: .utf8).contains("\nreport:") else {
        continue
      }
      _ = try SmallSweep.sweep(SpecificationDocument(file: path))
      count += 1
    }
    #expect(count >= 7)
  }
}
