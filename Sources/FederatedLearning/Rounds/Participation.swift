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

/// Which clients take part in a round: a share of them, drawn again each round without replacement.
public enum Participation {
  /// The number of participants: `share` · `clientCount`, rounded, at least 1.
  public static func count(share: Double, clientCount: Int) -> Int {
    min(clientCount, max(1, Int((share * Double(clientCount)).rounded())))
  }

  /// The participants of a round in ascending order, from the stream (seed, participation, round).
  public static func participants(seed: UInt64, round: Int, share: Double, clientCount: Int)
    -> [Int]
  {
    let count = count(share: share, clientCount: clientCount)
    guard count < clientCount else { return Array(0..<clientCount) }
    var stream = RandomStream(seed: seed, purpose: .participation, round: round)
    return stream.shuffled(0..<clientCount).prefix(count).sorted()
  }
}
