import RandomStreams
import Testing

@Suite("Random streams")
struct RandomStreamTests {
  @Test("a stream is Philox over (block, purpose, round, client) keyed by the seed")
  func layout() {
    var stream = RandomStream(
      seed: 0x0123_4567_89AB_CDEF, purpose: .batchOrder, round: 7, client: 11)
    for block in 0..<3 as Range<UInt32> {
      let expected = Philox4x32.block(
        counter: SIMD4(block, RandomPurpose.batchOrder.rawValue, 7, 11),
        key: SIMD2(0x89AB_CDEF, 0x0123_4567))
      for word in 0..<4 { #expect(stream.nextWord() == expected[word]) }
    }
  }

  @Test("many words at a time are those that come one by one", arguments: [0, 1, 2, 3])
  func filled(taken: Int) {
    var one = RandomStream(seed: 5, purpose: .dropout, round: 2, client: 1)
    var many = one
    for _ in 0..<taken { #expect(one.nextWord() == many.nextWord()) }
    for count in [0, 1, 3, 4, 5, 64, 67, 200, 1] {
      var words = [UInt32](repeating: 0, count: count)
      words.withUnsafeMutableBufferPointer { many.fill($0) }
      #expect(words == (0..<count).map { _ in one.nextWord() })
    }
    #expect(one.nextWord() == many.nextWord())
  }

  @Test("streams of different names differ")
  func names() {
    var heads: Set<UInt64> = []
    var count = 0
    for seed in 0..<4 as Range<UInt64> {
      for purpose in RandomPurpose.allCases {
        for round in 0..<4 {
          for client in 0..<4 {
            var stream = RandomStream(seed: seed, purpose: purpose, round: round, client: client)
            heads.insert(stream.next())
            count += 1
          }
        }
      }
    }
    #expect(heads.count == count)
  }

  @Test("integers below a bound are in range and even")
  func integers() {
    var stream = RandomStream(seed: 1, purpose: .partition)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[stream.integer(below: 7)] += 1 }
    // Seven cells of 10,000: four standard deviations are 370.
    for count in counts { #expect(abs(count - 10_000) < 370) }
    #expect(stream.integer(below: 1) == 0)
  }

  @Test("a shuffle keeps the elements, and every order of three is as frequent")
  func shuffle() {
    var stream = RandomStream(seed: 2, purpose: .split)
    #expect(stream.shuffled(0..<100).sorted() == Array(0..<100))
    var counts: [[Int]: Int] = [:]
    for _ in 0..<60_000 { counts[stream.shuffled(0..<3), default: 0] += 1 }
    #expect(counts.count == 6)
    for count in counts.values { #expect(abs(count - 10_000) < 370) }
  }

  @Test("uniform numbers stay in [0, 1) with the right mean")
  func uniform() {
    var stream = RandomStream(seed: 3, purpose: .dataSynthesis)
    var sum = 0.0
    for _ in 0..<100_000 {
      let value = stream.uniform()
      #expect(value >= 0 && value < 1)
      sum += Double(value)
    }
    #expect(abs(sum / 100_000 - 0.5) < 0.004)
  }

  @Test("normal numbers have mean 0 and variance 1")
  func normal() {
    var stream = RandomStream(seed: 4, purpose: .dataSynthesis)
    let draws = (0..<100_000).map { _ in stream.normal() }
    let mean = draws.reduce(0, +) / 100_000
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 100_000
    #expect(abs(mean) < 0.013)
    #expect(abs(variance - 1) < 0.02)
  }

  @Test("gamma numbers have mean and variance equal to the shape", arguments: [0.1, 0.5, 1, 4.5])
  func gamma(shape: Double) {
    var stream = RandomStream(seed: 5, purpose: .partition)
    let draws = (0..<200_000).map { _ in stream.gamma(shape: shape) }
    let mean = draws.reduce(0, +) / 200_000
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 200_000
    #expect(abs(mean - shape) < 0.05 * max(shape, 0.2))
    #expect(abs(variance - shape) < 0.1 * max(shape, 0.2))
  }

  @Test("Dirichlet draws sum to one, also at a tiny concentration", arguments: [1e-300, 0.1, 100])
  func dirichlet(concentration: Double) {
    var stream = RandomStream(seed: 6, purpose: .partition)
    for _ in 0..<100 {
      let draw = stream.dirichlet(concentration: concentration, count: 10)
      #expect(draw.allSatisfy { $0 >= 0 && $0 <= 1 })
      #expect(abs(draw.reduce(0, +) - 1) < 1e-12)
    }
  }
}
