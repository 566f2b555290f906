import Experiments
import FederatedLearning
import Foundation
import Support

/// The accuracy of the runs of a table's cell, which differ only in their seed, in percent.
/// Numbers of no run are NaN.
struct CellAccuracy {
  /// Seeds, ascending.
  let seeds: [UInt64]
  /// The models reported: received or trained; more than one only if the runs disagree.
  let reportedModels: [EvaluatedModel]
  /// Mean over seeds of the mean over clients: reported model, last evaluation.
  let mean: Double
  /// Standard deviation over seeds of the mean over clients; NaN for fewer than two seeds.
  let seedDeviation: Double
  /// Mean over seeds of the standard deviation over clients.
  let clientDeviation: Double
  /// Mean over seeds of the mean of the last five evaluations: reported model; NaN if a run has
  /// fewer than five.
  let lastFive: Double
  /// Last evaluation of received models.
  let received: Double
  /// Its standard deviation over seeds; NaN for fewer than two.
  let receivedDeviation: Double
  /// Last evaluation of trained models.
  let trained: Double
  /// Its standard deviation over seeds; NaN for fewer than two.
  let trainedDeviation: Double

  /// Runs that diverged, which are left out of every number here.
  let divergedCount: Int

  /// All finished runs.
  private let finishedCount: Int

  init(_ runs: [RunResult], divergedCount: Int = 0) {
    self.divergedCount = divergedCount
    finishedCount = runs.count + divergedCount
    seeds = runs.map(\.seed).sorted()
    reportedModels = EvaluatedModel.allCases.filter { model in
      runs.contains { $0.reported == model }
    }
    let means = runs.map { $0.accuracyPercent($0.reported) }
    mean = means.mean
    seedDeviation = means.standardDeviation
    clientDeviation = runs.map(\.clientAccuraciesPercent.standardDeviation).mean
    lastFive = runs.map { $0.accuracyPercent($0.reported, last: 5) }.mean
    let (received, trained) = (
      runs.map { $0.accuracyPercent(.received) }, runs.map { $0.accuracyPercent(.trained) }
    )
    self.received = received.mean
    receivedDeviation = received.standardDeviation
    self.trained = trained.mean
    trainedDeviation = trained.standardDeviation
  }

  /// `61.43 ± 0.20 (61.43)`: ours, its deviation over seeds, the paper's, as far as available.
  func text(paper: Double) -> String {
    [
      mean.isNaN ? "" : Self.number(mean),
      seedDeviation.isNaN ? "" : "± \(Self.number(seedDeviation))",
      divergedCount == 0
        ? "" : mean.isNaN ? "diverged" : "[\(divergedCount) of \(finishedCount) diverged]",
      paper.isNaN ? "" : "(\(Self.number(paper)))",
    ].filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// A number with two decimals; empty if it is NaN.
  static func number(_ value: Double) -> String {
    value.isNaN ? "" : String(format: "%.2f", value).replacingOccurrences(of: "-", with: "−")
  }

  /// The same with its sign.
  static func difference(_ value: Double) -> String {
    value.isNaN ? "" : String(format: "%+.2f", value).replacingOccurrences(of: "-", with: "−")
  }
}

extension RunResult {
  /// Each client's accuracy in percent at the last evaluation: reported model, axis (client); none
  /// without an evaluation.
  var clientAccuraciesPercent: [Double] {
    record.lastEvaluatedRound.map { round in
      accuracies(reported, round: round).map { 100 * Double($0) }
    } ?? []
  }
}

extension [[String: String]] {
  /// The number in a column of the first row that has these values; NaN if there is none.
  func number(_ column: String, where values: [String: String]) -> Double {
    first { row in values.allSatisfy { row[$0.key] == $0.value } }?[column]
      .flatMap(Double.init) ?? .nan
  }
}
