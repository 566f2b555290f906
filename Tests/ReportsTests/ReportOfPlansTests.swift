import Datasets
import Experiments
import ExperimentsTestSupport
import Foundation
import Reports
import TestSupport
import Testing

/// Reports of output folders: of part of a plan, with files that cannot be used, of other versions.
@Suite("Reports of plans")
struct ReportOfPlansTests {
  @Test("two calls with different --only fill one table")
  func parts() throws {
    let folder = try TemporaryFolder()
    for method in ["local", "fedavg"] {
      let plan = try SmallSweep.plan(only: ["method": [method], "rate": ["slow"], "seed": ["0"]])
      try plan.write(to: folder.path)
      _ = try SmallSweep.run(plan.selected, in: folder.path)
    }
    let report = try Report(output: folder.path, paperFolder: "/nowhere")
    try report.write()
    #expect(report.sweeps[0].cells.count == 12)
    #expect(report.sweeps[0].cells.count { $0.result != nil } == 2)
    #expect(report.sweeps[0].problems.isEmpty)
    let rows = try SweepFixtures.rows(folder.file("small/accuracy.csv").path)
    #expect(
      rows.map { "\($0["rate"] ?? "") \($0["method"] ?? ""): \($0["seed_values"] ?? "?")" }
        == ["slow local: 0", "slow fedavg: 0", "fast fedavg: ", "slow fedper: "])
    #expect(rows.allSatisfy { $0["seeds_planned"] == "3" })
  }

  @Test("a file that is not the cell's result is missing in the report, and the rest is there")
  func unusable() throws {
    let folder = try TemporaryFolder()
    let plan = try SmallSweep.plan(only: ["rate": ["slow"], "seed": ["0"]])
    try plan.write(to: folder.path)
    _ = try SmallSweep.run(plan.selected, in: folder.path)
    let cells = CellFolder(output: folder.path)
    let paths = plan.selected.map { URL(fileURLWithPath: cells.result(of: $0.name)) }
    // Local's file over FedAvg's, and FedPer's cut off where no digest is recorded.
    try Data(contentsOf: paths[0]).write(to: paths[1])
    try Data(contentsOf: paths[2]).prefix(20_000).write(to: paths[2])
    try FileManager.default.removeItem(at: folder.file("cells/\(plan.selected[2].name).run.json"))

    let report = try Report(output: folder.path, paperFolder: "/nowhere")
    try report.write()
    let problems = report.sweeps[0].problems
    #expect(problems.count == 2)
    #expect(
      problems.first
        == "Not used, shown as missing: cells/\(plan.selected[1].name).h5: holds another run: method: "
        + "found local, expected fedavg. pfedla reproduce will do this run again.")
    #expect(
      problems.last?.hasPrefix(
        "Not used, shown as missing: cells/\(plan.selected[2].name).h5: damaged, truncated or changed: "
          + "its bytes do not match its checksum") == true)
    let rows = try SweepFixtures.rows(folder.file("small/accuracy.csv").path)
    #expect(rows.filter { $0["seed_values"] != "" }.map { $0["method"] } == ["local"])
    let page = try String(contentsOf: folder.file("report.html"), encoding: .utf8)
    #expect(
      page.contains("1 of 12 finished; missing runs are left empty; 2 cannot be used, see below"))
    for problem in problems {
      let escaped = problem.replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
        .replacing(">", with: "&gt;")
      #expect(page.contains("<p class=\"warning\">\(escaped)</p>"), "\(problem)")
    }
    #expect(
      try String(contentsOf: folder.file("small/table.md"), encoding: .utf8).contains(
        "2 planned runs have files that cannot be used; report.html says why."))
  }

  @Test("a plan of format 1 is reported")
  func format1() throws {
    let folder = try TemporaryFolder()
    _ = try SmallSweep.folderOfFormat1(in: folder)
    try Report(output: folder.path, paperFolder: "/nowhere").write()
    let rows = try SweepFixtures.rows(folder.file("small/accuracy.csv").path)
    #expect(
      rows.map {
        "\($0["method"] ?? ""): \($0["seed_values"] ?? "") \($0["numerics_version"] ?? "")"
      } == ["local: 0 0", "fedavg:  "])
  }

  @Test("a report of runs on different images says so")
  func disagreement() throws {
    let folder = try TemporaryFolder()
    let plan = try SmallSweep.plan(only: ["seed": ["0"], "rate": ["slow"]])
    try plan.write(to: folder.path)
    _ = try SmallSweep.run(Array(plan.selected.prefix(2)), in: folder.path)
    let other = try TemporaryFolder()
    try Synthesizer.synthesize("cifar10", into: other.path, samplesPerClass: 40, seed: 2)
    _ = try Sweep(
      folder: CellFolder(output: folder.path), datasetsFolder: other.path, workerCount: 1
    ).run([plan.selected[2]], shouldStop: { false }, report: { _ in })
    let report = try Report(output: folder.path, paperFolder: "/nowhere")
    let expected =
      "Runs on different files of cifar10 [train]: 1 of 3 results, such as "
      + "cells/\(plan.selected[2].name).h5, was made from other files than the rest; their numbers must "
      + "not be compared."
    #expect(report.sweeps.map(\.problems) == [[expected]])
    try report.write()
    #expect(
      try String(contentsOf: folder.file("report.html"), encoding: .utf8).contains(expected))
  }
}
