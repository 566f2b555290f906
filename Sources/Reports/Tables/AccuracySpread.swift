import Support

/// How an accuracy differs between clients: who loses is as much a result as the mean.
public struct AccuracySpread: Sendable, Equatable {
  /// The number of clients with a value.
  public let clients: Int
  /// Each client counts the same; the mean of tables.
  public let mean: Double
  /// The standard deviation over clients.
  public let standardDeviation: Double
  /// Each test sample counts the same.
  public let weightedMean: Double
  /// The client with the lowest accuracy.
  public let worst: Double
  /// The mean of the tenth of the clients with the lowest accuracies, at least one.
  public let worstTenth: Double
  /// The mean of the tenth with the highest.
  public let bestTenth: Double

  /// - Parameters:
  ///   - accuracies: in [0, 1], axis (client); NaN where a client was not evaluated.
  ///   - testCounts: test samples, axis (client).
  public init(_ accuracies: [Double], testCounts: [Double]) {
    let found = zip(accuracies, testCounts).filter { !$0.0.isNaN }
    let sorted = found.map(\.0).sorted()
    let tenth = (sorted.count + 9) / 10
    clients = sorted.count
    mean = found.map(\.0).mean
    standardDeviation = found.map(\.0).standardDeviation
    weightedMean =
      found.reduce(0) { $0 + $1.0 * $1.1 } / found.reduce(0) { $0 + $1.1 }
    worst = sorted.first ?? .nan
    worstTenth = sorted.prefix(tenth).mean
    bestTenth = sorted.suffix(tenth).mean
  }

  /// Σ_c (correct_c / count_c) / C over the C classes that a client has test samples of; NaN without any, or where the
  /// client was not evaluated.
  static func balanced(correct: some Sequence<Int32>, counts: some Sequence<Int32>) -> Double {
    zip(correct, counts).filter { $0.1 > 0 }.map { correct, count in
      correct < 0 ? .nan : Double(correct) / Double(count)
    }.mean
  }
}
