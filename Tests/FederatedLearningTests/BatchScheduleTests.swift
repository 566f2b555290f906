import FederatedLearning
import Testing

@Suite("Batches")
struct BatchScheduleTests {
  let samples: [Int32] = (0..<50).map { 7 * $0 + 3 }

  func batches(
    seed: UInt64 = 5, round: Int = 1, client: Int = 0, count: Int = 50, epochs: Int = 3,
    batchSize: Int = 8
  ) -> [[Int32]] {
    ShuffledBatches(seed: seed).batches(
      round: round, client: client, samples: Array(samples.prefix(count)), epochs: epochs,
      batchSize: batchSize)
  }

  @Test(
    "every epoch is a permutation of the samples, only its last batch smaller",
    arguments: [
      (50, 8, [8, 8, 8, 8, 8, 8, 2]), (48, 16, [16, 16, 16]), (5, 32, [5]), (1, 1, [1]),
    ])
  func permutations(count: Int, batchSize: Int, sizes: [Int]) throws {
    let batches = batches(count: count, batchSize: batchSize)
    try #require(batches.map(\.count) == sizes + sizes + sizes)
    for epoch in 0..<3 {
      let order = batches[epoch * sizes.count..<(epoch + 1) * sizes.count].flatMap { $0 }
      #expect(order.sorted() == Array(samples.prefix(count)))
    }
  }

  @Test("every epoch, round, client and seed has an order of its own")
  func orders() {
    let order = batches()
    #expect(order == batches())
    let epochs = (0..<3).map { order.dropFirst(7 * $0).prefix(7).flatMap { $0 } }
    #expect(Set(epochs).count == 3)
    #expect(Set([order, batches(round: 2), batches(client: 1), batches(seed: 6)]).count == 4)
    // Committed results depend on these numbers.
    #expect(
      batches(seed: 1, round: 2, client: 3, count: 5, epochs: 2, batchSize: 3)
        == [[31, 17, 24], [10, 3], [10, 17, 24], [3, 31]])
  }

  @Test("no epochs, no batches")
  func noEpochs() {
    #expect(batches(epochs: 0).isEmpty)
  }
}
