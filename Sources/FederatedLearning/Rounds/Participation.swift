import RandomStreams

/// Which clients are evaluated, where not all are: as many as asked for, drawn once for all rounds.
public enum EvaluatedClients {
  /// The clients in ascending order, from the stream (seed, evaluated clients).
  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - count: how many; 0, or as many as there are clients: all.
  ///   - clientCount: how many clients there are.
  public static func clients(seed: UInt64, count: Int, clientCount: Int) -> [Int] {
    guard count > 0, count < clientCount else { return Array(0..<clientCount) }
    var stream = RandomStream(seed: seed, purpose: .evaluatedClients)
    return stream.shuffled(0..<clientCount).prefix(count).sorted()
  }
}

/// Which clients are selected for a round: a share of them, drawn again each round without replacement; and which of
/// these drop out.
public enum Participation {
  /// The number of participants: `share` · `clientCount`, rounded, at least 1.
  public static func count(share: Double, clientCount: Int) -> Int {
    min(clientCount, max(1, Int((share * Double(clientCount)).rounded())))
  }

  /// The clients selected for a round in ascending order, from the stream (seed, participation, round).
  public static func selected(seed: UInt64, round: Int, share: Double, clientCount: Int)
    -> [Int]
  {
    let count = count(share: share, clientCount: clientCount)
    guard count < clientCount else { return Array(0..<clientCount) }
    var stream = RandomStream(seed: seed, purpose: .participation, round: round)
    return stream.shuffled(0..<clientCount).prefix(count).sorted()
  }

  /// Whether a client drops out of a round for which it is selected: a draw with probability `rate` from the stream
  /// (seed, client dropout, round, client), so that it depends on nothing else.
  public static func dropsOut(seed: UInt64, round: Int, client: Int, rate: Double) -> Bool {
    guard rate > 0 else { return false }
    var stream = RandomStream(seed: seed, purpose: .clientDropout, round: round, client: client)
    return stream.uniformDouble() < rate
  }
}
