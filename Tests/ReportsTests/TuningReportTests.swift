import Experiments
import ExperimentsTestSupport
import Foundation
import Reports
import Support
import TestSupport
import Testing

@Suite("Reports of trials")
struct TuningReportTests {
  private func message(_ text: String, overrides: [String] = []) -> String {
    do {
      _ = try SmallSweep.plan(overrides: overrides, text: text)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test("a sensitivity shows the same trials and chooses nothing")
  func sensitivity() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/sensitivity"
    let plan = try SmallSweep.plan(text: SmallTuning.text(report: "sensitivity"))
    try plan.write(to: output)
    #expect(try SmallSweep.run(plan.cells, in: output).failures.isEmpty)
    let report = try Report(output: output, paperFolder: "/nowhere")
    try report.write()
    #expect(report.tuningSweeps.isEmpty)
    let files = try FileManager.default.contentsOfDirectory(atPath: output + "/small-tune")
    #expect(files.contains("tuning.csv") && !files.contains("hyperparameters.yaml"))
    let rows = HandMade.rows(CSV(file: "\(output)/small-tune/tuning.csv"))
    #expect(
      rows.count == 4 && rows.allSatisfy { $0["chosen"] == nil && $0["score_percent"] != "" })
    let table = try String(contentsOfFile: output + "/small-tune/table.md", encoding: .utf8)
    #expect(table.contains("nothing is chosen") && !table.contains("**"))
  }

  @Test("trials leave test samples out; a sweep takes the chosen values")
  func wholeWay() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/tune"
    let plan = try SmallSweep.plan(text: SmallTuning.text())
    try plan.write(to: output)
    let outcome = try SmallSweep.run(plan.cells, in: output)
    #expect(outcome.failures.isEmpty)
    try Report(output: output, paperFolder: "/nowhere").write()

    // 30 samples per client: 21 for training, 6 of them held out, and the 9 test samples unused.
    let cells = CellFolder(output: output)
    for cell in plan.cells {
      let result = try RunResult(path: cells.result(of: cell.name))
      #expect(result.trainCounts.allSatisfy { $0 >= 14 && $0 <= 15 })
      #expect(zip(result.trainCounts, result.testCounts).allSatisfy { $0 + $1 == 21 })
      #expect(result.setting("held_out_share") == "0.3")
    }

    let values = "\(output)/small-tune/hyperparameters.yaml"
    let rows = HandMade.rows(CSV(file: "\(output)/small-tune/tuning.csv"))
    #expect(rows.count == 4 && rows.count { $0["chosen"] == "yes" } == 2)
    let row = rows.first { $0["method"] == "fedper" && $0["chosen"] == "yes" }
    let chosen = try #require(row?["trial"])

    func sweep(
      scheme: String = "classes-per-client, classes_per_client: 3", dataset: String = "cifar10"
    )
      -> String
    {
      """
      name: table
      report: accuracy-table
      hyperparameters: {file: \(values), datasets: {mnist: cifar10}}
      base:
        dataset: {name: \(dataset)}
        partition: {scheme: \(scheme), clients: 3, samples_per_client: 30}
        momentum: 0.25
      axes:
        method: [local, fedper, fedavg]
      profiles:
        full: {summary: all}
        own: {summary: own values, set: {methods.fedper.personal_layers: 3}}
      """
    }
    for dataset in ["cifar10", "mnist"] {
      let cells = try SmallSweep.cells(text: sweep(dataset: dataset))
      let keys = cells[1].specification.identity
      #expect(keys.first { $0.key == "methods.fedper.personal_layers" }?.value == chosen)
      #expect(keys.first { $0.key == "momentum" }?.value == (chosen == "1" ? "0.0" : "0.5"))
      // FedAvg was not tuned and keeps the base.
      #expect(cells[2].specification.optimiser.momentum == 0.25)
    }
    // What the sweep sets overrides the chosen values.
    let own = try SmallSweep.cells("own", text: sweep())
    #expect(
      own[1].specification.identity.first { $0.key == "methods.fedper.personal_layers" }?.value
        == "3")
    let record = try SmallSweep.plan(text: sweep()).record
    #expect(record.hyperparameters?.hasPrefix("\(values), SHA-256 ") == true)
    #expect(
      message(sweep(scheme: "iid"))
        == "\(values): no values of local for dataset.name cifar10, partition.scheme iid, expected a "
        + "choice for each run; tune it, or name a dataset to use instead under "
        + "hyperparameters.datasets")
  }
}

extension CSV {
  /// The text of a file.
  fileprivate init(file: String) {
    let lines = String(
      decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self
    )
    .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    self.init(lines.first?.map(String.init) ?? [])
    for line in lines.dropFirst() { append(line.map(String.init)) }
  }
}
