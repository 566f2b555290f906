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

  @Test("phases are drawn one after the other, each with its own extent")
  func phases() {
    let shuffled = ShuffledBatches(seed: 5)
    func drawn(_ phases: [LocalPhase]) -> [LocalPhase.Batches] {
      shuffled.batches(of: phases, round: 1, client: 0, samples: samples, batchSize: 8)
    }
    let plain = batches(epochs: 4)
    #expect(drawn([LocalPhase(.train, .passes(4))]) == [LocalPhase.Batches(.train, plain)])
    let parts = drawn([LocalPhase(.head, .passes(3)), LocalPhase(.body, .passes(1))])
    #expect(parts.map(\.phase) == [.head, .body])
    #expect(parts.map(\.batches) == [Array(plain[..<21]), Array(plain[21...])])
    #expect(drawn([LocalPhase(.train, .batches(9))])[0].batches == Array(plain[..<9]))
    #expect(drawn([LocalPhase(.train, .batches(0))])[0].batches.isEmpty)
    // 0.45 · 50 = 22.5, rounded to 23: two batches of eight and seven samples of the third.
    #expect(
      drawn([LocalPhase(.adapt, .share(0.45))])[0].batches
        == [plain[0], plain[1], Array(plain[2].prefix(7))])
    #expect(drawn([LocalPhase(.adapt, .share(0.001))])[0].batches == [[plain[0][0]]])
    #expect(drawn([]).isEmpty)
  }

  @Test(
    "validation samples are drawn once a client and taken out of the training samples",
    arguments: [(0.2, 10), (0.001, 1), (0.99, 49), (0, 0)])
  func validation(share: Double, count: Int) {
    func split(seed: UInt64 = 5, client: Int = 0) -> ValidationSplit {
      ValidationSplit(of: samples, share: share, seed: seed, client: client)
    }
    #expect(split().validation.count == count)
    #expect((split().training + split().validation).sorted() == samples)
    #expect(split().training == split().training.sorted())
    #expect(split() == split())
    if count == 10 {
      #expect(Set([split(), split(client: 1), split(seed: 6)].map(\.validation)).count == 3)
    }
  }

  @Test("a single sample is trained on, not set aside")
  func singleSample() {
    let split = ValidationSplit(of: [4], share: 0.5, seed: 1, client: 0)
    #expect(split.training == [4] && split.validation.isEmpty)
  }

  @Test("no epochs, no batches")
  func noEpochs() {
    #expect(batches(epochs: 0).isEmpty)
  }
}
