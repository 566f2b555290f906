import RandomStreams

/// Which samples a client trains on in which order.
public protocol BatchSchedule: Sendable {
  /// The mini-batches of one client's local training in one round: `epochs` passes over `samples`,
  /// each in batches of `batchSize`, the last of a pass possibly smaller. Must be a pure function.
  func batches(round: Int, client: Int, samples: [Int32], epochs: Int, batchSize: Int)
    -> [[Int32]]
}

/// Every pass in a new random order, from the stream (seed, batch order, round, client).
public struct ShuffledBatches: BatchSchedule {
  /// The run's seed.
  public let seed: UInt64

  /// Orders drawn under that seed.
  public init(seed: UInt64) { self.seed = seed }

  /// The mini-batches of one client's local training in one round.
  public func batches(
    round: Int, client: Int, samples: [Int32], epochs: Int, batchSize: Int
  ) -> [[Int32]] {
    var stream = RandomStream(seed: seed, purpose: .batchOrder, round: round, client: client)
    var batches: [[Int32]] = []
    for _ in 0..<epochs {
      let order = stream.shuffled(samples)
      for start in stride(from: 0, to: order.count, by: batchSize) {
        batches.append(Array(order[start..<min(start + batchSize, order.count)]))
      }
    }
    return batches
  }
}
