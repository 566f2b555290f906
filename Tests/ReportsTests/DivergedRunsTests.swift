import Experiments
import ExperimentsTestSupport
import Foundation
import Reports
import Support
import TestSupport
import Testing

/// Runs that diverged, in tables, figures, comparisons and exports.
@Suite("Reports of diverged runs")
struct DivergedRunsTests {
  @Test("a diverged cell of a sweep is shown as diverged, and in no mean")
  func sweep() throws {
    let folder = try TemporaryFolder()
    let text = SmallSweep.text.replacingOccurrences(
      of: "fast: {learning_rate: 0.05,", with: "fast: {learning_rate: 1000,")
    let plan = try SmallSweep.plan(only: ["method": ["fedavg"], "seed": ["0"]], text: text)
    _ = try SmallSweep.run(plan.selected, in: folder.path)
    try plan.write(to: folder.path)
    let record = try #require(try SweepPlan.records(in: folder.path).first)
    let table = AccuracyTable(
      SweepResults(record, output: folder.path), paper: HandMade.noPaper)
    let rows = HandMade.rows(table.csv).filter { $0["method"] == "fedavg" }
    let fast = try #require(rows.first { $0["rate"] == "fast" })
    #expect(fast["diverged"] == "1" && fast["accuracy_percent"] == "")
    #expect(fast["method_title"] == "FedAvg" && fast["data"] == "synthetic")
    #expect(fast["numerics_version"] == "\(CodeVersion.numerics)")
    #expect(
      try Report(output: folder.path, paperFolder: "/nowhere").diverged(among: plan.cells)
        == [plan.selected[1].name])
    #expect(rows.first { $0["rate"] == "slow" }?["diverged"] == "0")
    #expect(table.table.rows.joined().contains("diverged"))
    #expect(
      table.table.footers.contains("1 of 2 finished runs diverged and is left out of the means."))
  }

  @Test("a diverged run is left out of the means of a comparison, and counted")
  func compared() throws {
    let good = HandMade.run("fedavg", seed: 0, [[0.5, 0.7]])
    let bad = HandMade.run("fedavg", seed: 1, [[0.1, 0.1]]) { $0.divergedRounds = [0, 1] }
    let comparison = try Comparison([good, bad])
    #expect(comparison.rows.count == 1)
    #expect(comparison.rows[0].divergedCount == 1)
    #expect(abs(comparison.rows[0].received.mean - 60) < 1e-4)
    #expect(comparison.plainText(isBold: false).contains("1 of 2 diverged"))
    #expect(comparison.warnings.contains("1 of 2 runs diverged and is left out of the means"))
    let alone = try Comparison([bad])
    #expect(alone.plainText(isBold: false).contains("diverged  diverged"))
    #expect(alone.rows[0].received.mean.isNaN)
  }

  @Test("losses of exactly 0 are losses: the client took part")
  func zeroLosses() throws {
    let run = HandMade.run("fedavg", [[0.5, 0.5]]) { record in
      record.participated = [true, true]
      record.trainLoss = [0, 0]
    }
    let folder = try TemporaryFolder()
    _ = try ResultExport(run).write(to: folder.path)
    let rows = try String(contentsOf: folder.file("rounds.csv"), encoding: .utf8)
      .split(separator: "\n")
    let header = rows[0].split(separator: ",", omittingEmptySubsequences: false)
    let values = rows[1].split(separator: ",", omittingEmptySubsequences: false)
    let place = try #require(header.firstIndex(of: "train_loss_mean"))
    #expect(values[place] == "0")
    let participants = try #require(header.firstIndex(of: "participants"))
    #expect(values[participants] == "2")
    let diverged = try #require(header.firstIndex(of: "diverged_clients"))
    #expect(values[diverged] == "0")
  }

  @Test("exported means are over finite losses, beside the number of clients that have diverged")
  func exported() throws {
    let run = HandMade.run("fedavg", [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]) { record in
      record.participated = [Bool](repeating: true, count: 6)
      record.trainLoss = [1, 3, 2, 1, .infinity, .nan]
      record.divergedRounds = [0, 2, 1]
    }
    let folder = try TemporaryFolder()
    _ = try ResultExport(run).write(to: folder.path)
    let rows = try SweepFixtures.rows(folder.file("rounds.csv").path)
    #expect(rows.map { $0["train_loss_mean"] } == ["2", "1"])
    #expect(rows.map { $0["diverged_clients"] } == ["1", "2"])
  }

  @Test("a sweep without an axis of methods names the method of runs that all diverged")
  func namedByTheirRuns() throws {
    let sweep = try HandMade.sweep("own", [("step", ["1", "2"])]) { place in
      HandMade.run("fedprox", [[0.5]]) { record in
        if place["step"] == "2" { record.divergedRounds = [1] }
      }
    }
    let table = AccuracyTable(sweep, paper: HandMade.noPaper)
    #expect(table.table.rows == [["FedProx, step 1", "50.00"], ["FedProx, step 2", "diverged"]])
    #expect(HandMade.rows(table.csv).map { $0["method_title"] } == ["FedProx", "FedProx"])
    let folder = try TemporaryFolder()
    _ = try [
      LearningCurvesFigure(sweep, paper: HandMade.noPaper).write(to: folder.path),
      ClientSpreadFigure(sweep, paper: HandMade.noPaper).write(to: folder.path),
      CommunicationFigure(sweep, paper: HandMade.noPaper).write(to: folder.path),
    ]
    for name in ["learning-curves", "client-spread", "accuracy-over-communication"] {
      let rows = try SweepFixtures.rows(folder.file("\(name).csv").path)
      #expect(rows.map { $0["method"] } == ["fedprox"], "\(name)")
    }
  }
}
