import ExperimentsTestSupport
import Foundation
import Reports
import TestSupport
import Testing

@Suite("Reports at a round")
struct AtRoundTests {
  private static func text(rounds: Int) -> String {
    """
    name: small
    report: accuracy-table
    base:
      dataset: {name: cifar10, splits: [train]}
      partition: {scheme: classes-per-client, clients: 4, classes_per_client: 3, samples_per_client: 20}
      model: {batch_normalisation: false}
      rounds: \(rounds)
      participation: 0.5
      local_epochs: 1
      batch_size: 8
      evaluate_every: 2
      record_weights_every: 1
      record_class_counts_every: 2
      saved_models: none
    axes: {method: [local, pfedla], seed: [0, 1]}
    profiles: {paper: {summary: all cells}}
    """
  }

  private func sweep(rounds: Int, in output: String) throws {
    let plan = try SmallSweep.plan("paper", text: Self.text(rounds: rounds))
    try plan.write(to: output)
    #expect(try SmallSweep.run(plan.cells, in: output).failures.isEmpty)
  }

  @Test("the first rounds of longer runs make the same tables as shorter runs")
  func sameTables() throws {
    let folder = try TemporaryFolder()
    let (long, short) = (folder.path + "/long", folder.path + "/short")
    try sweep(rounds: 6, in: long)
    try sweep(rounds: 4, in: short)
    let report = try Report(output: long, paperFolder: "/nowhere", atRound: 4)
    try report.write()
    #expect(report.destination == long + "/at-round-4")
    try Report(output: short, paperFolder: "/nowhere").write()
    for file in ["accuracy.csv", "learning-curves.csv", "client-spread.csv"] {
      #expect(
        try String(contentsOfFile: "\(long)/at-round-4/small/\(file)", encoding: .utf8)
          == String(contentsOfFile: "\(short)/small/\(file)", encoding: .utf8), "\(file)")
    }
    let table = try String(contentsOfFile: long + "/at-round-4/small/table.md", encoding: .utf8)
    #expect(table.contains("Shown at round 4: the first 4 rounds of longer runs."))
    // Beside it, the whole runs have their own report.
    #expect(!FileManager.default.fileExists(atPath: long + "/report.html"))
  }

  @Test("a round without an evaluation, or beyond the end, is named")
  func refused() throws {
    let folder = try TemporaryFolder()
    try sweep(rounds: 4, in: folder.path)
    for (round, reason) in [
      (
        3,
        "has no evaluation after round 3; the last one before it is after round 2; give that as "
          + "--at-round"
      ),
      (5, "has 4 rounds, expected at least the 5 of --at-round"),
    ] {
      let report = try Report(output: folder.path, paperFolder: "/nowhere", atRound: round)
      #expect(report.sweeps[0].cells.allSatisfy { $0.result == nil })
      #expect(report.sweeps[0].cells[0].problem?.hasSuffix(reason) == true)
    }
  }
}
