import RandomStreams

/// Which samples a client trains on in which order.
public protocol BatchSchedule: Sendable {
  /// The mini-batches of one client's local training in one round: `epochs` passes over `samples`,
  /// each in batches of `batchSize`, the last of a pass possibly smaller. Must be a pure function.
  func batches(round: Int, client: Int, samples: [Int32], epochs: Int, batchSize: Int)
    -> [[Int32]]
}

extension BatchSchedule {
  /// The mini-batches of several phases of local training, drawn one after another.
  package func batches(
    of phases: [LocalPhase], round: Int, client: Int, samples: [Int32], batchSize: Int
  ) -> [LocalPhase.Batches] {
    let perPass = (samples.count + batchSize - 1) / batchSize
    let passes = phases.map { $0.passes(batchesPerPass: perPass) }
    let all = batches(
      round: round, client: client, samples: samples, epochs: passes.reduce(0, +),
      batchSize: batchSize)
    var rest = all[...]
    return zip(phases, passes).map { phase, passes in
      let drawn = rest.prefix(passes * perPass)
      rest = rest.dropFirst(passes * perPass)
      switch phase.extent {
      case .passes: return LocalPhase.Batches(phase.name, Array(drawn))
      case .batches(let count): return LocalPhase.Batches(phase.name, Array(drawn.prefix(count)))
      case .share(let share):
        var left = max(1, Int((share * Double(samples.count)).rounded()))
        var kept: [[Int32]] = []
        for batch in drawn where left > 0 {
          kept.append(Array(batch.prefix(left)))
          left -= batch.count
        }
        return LocalPhase.Batches(phase.name, kept)
      }
    }
  }
}

/// Every pass in a new random order, from the stream (seed, purpose, round, client).
public struct ShuffledBatches: BatchSchedule {
  /// The run's seed.
  public let seed: UInt64
  /// What the orders are for.
  public let purpose: RandomPurpose

  /// Orders drawn under that seed.
  public init(seed: UInt64, purpose: RandomPurpose = .batchOrder) {
    self.seed = seed
    self.purpose = purpose
  }

  /// The mini-batches of one client's local training in one round.
  public func batches(
    round: Int, client: Int, samples: [Int32], epochs: Int, batchSize: Int
  ) -> [[Int32]] {
    var stream = RandomStream(seed: seed, purpose: purpose, round: round, client: client)
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
