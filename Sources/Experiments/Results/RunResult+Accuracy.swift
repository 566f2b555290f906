import FederatedLearning
import Support

extension RunResult {
  /// Accuracy in [0, 1] of a model after a round, of the clients that were evaluated, axis (evaluated client).
  public func accuracies(_ model: EvaluatedModel, round: Int) -> [Float] {
    let matrix = model == .received ? record.testAccuracyReceived : record.testAccuracyTrained
    let row = record.places(ofRound: round)
    return record.evaluatedClients(round: round).map { matrix[row.lowerBound + $0] }
  }

  /// The same of one client; nil if it was not evaluated.
  public func accuracy(_ model: EvaluatedModel, of client: Int, round: Int) -> Float? {
    let matrix = model == .received ? record.testAccuracyReceived : record.testAccuracyTrained
    let value = matrix[record.place(round: round, client: client)]
    return value.isNaN ? nil : value
  }

  /// The evaluated rounds, ascending.
  public var evaluatedRounds: [Int] { record.evaluatedRounds }

  /// Mean accuracy over clients and the last evaluations, in percent; NaN if the run has fewer
  /// evaluations than that.
  /// - Parameters:
  ///   - model: which of the two evaluated models.
  ///   - last: how many evaluations from the end.
  public func accuracyPercent(_ model: EvaluatedModel, last: Int = 1) -> Double {
    let rounds = evaluatedRounds.suffix(last)
    guard rounds.count == last else { return .nan }
    return rounds.map { accuracyPercent(model, round: $0) }.mean
  }

  /// Mean accuracy over the clients that were evaluated after a round, in percent; NaN if none was.
  package func accuracyPercent(_ model: EvaluatedModel, round: Int) -> Double {
    100 * accuracies(model, round: round).map(Double.init).mean
  }
}
