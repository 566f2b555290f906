import CKernels

/// What a stream of random numbers is for. The raw values are part of the reproducibility contract:
/// never reuse or renumber one.
public enum RandomPurpose: UInt32, Sendable, CaseIterable {
  /// Which samples and classes each client gets.
  case partition = 1
  /// The train/test split inside one client.
  case split = 2
  /// The initial parameters of the client model.
  case modelInitialisation = 3
  /// The initial parameters of one client's hypernetwork.
  case hypernetworkInitialisation = 4
  /// Which clients take part in a round.
  case participation = 5
  /// The order of a client's training samples in a round.
  case batchOrder = 6
  /// Synthetic datasets.
  case dataSynthesis = 7
  /// The samples that a client adapts a received model on in a round.
  case adaptationOrder = 8
  /// Which of a client's training samples are set aside for validation.
  case validationSplit = 9
  /// Which other clients' models a client downloads in a round.
  case modelDownload = 10
  /// Which clients are evaluated, where not all are.
  case evaluatedClients = 11
  /// Which values dropout sets to 0 while a client trains in a round.
  case dropout = 12
  /// Whether a client drops out of a round.
  case clientDropout = 13
  /// Which clients join after training.
  case newClients = 14
  /// Which samples that no client has test the global model.
  case commonTest = 15
  /// What a method outside this package draws.
  case ownMethod = 1_000
}

/// A stream of random numbers named by (seed, purpose, round, client).
///
/// Two streams with different names are independent; a stream with the same name always holds the
/// same numbers, on every platform and for any number of workers. The name is the Philox key (seed)
/// and three words of its counter (purpose, round, client); the fourth word counts blocks, so a
/// stream holds 2³⁴ 32-bit words.
///
/// The derived draws below are written out here, not taken from the standard library, whose
/// algorithms may change between versions.
public struct RandomStream: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private let name: SIMD4<UInt32>
  private var blockIndex: UInt32 = 0
  private var words: SIMD4<UInt32> = .zero
  private var used = 4

  /// Opens the stream with that name at its beginning. `round` and `client` are taken modulo 2³².
  public init(seed: UInt64, purpose: RandomPurpose, round: Int = 0, client: Int = 0) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    name = SIMD4(
      0, purpose.rawValue, UInt32(truncatingIfNeeded: round), UInt32(truncatingIfNeeded: client))
  }

  /// The next 32 random bits.
  public mutating func nextWord() -> UInt32 {
    if used == 4 {
      var counter = name
      counter[0] = blockIndex
      words = Philox4x32.block(counter: counter, key: key)
      blockIndex &+= 1
      used = 0
    }
    defer { used += 1 }
    return words[used]
  }

  /// The next random words, as many as there is room for: those that `nextWord` would give one by one.
  public mutating func fill(_ words: UnsafeMutableBufferPointer<UInt32>) {
    var place = 0
    while used < 4, place < words.count {
      words[place] = nextWord()
      place += 1
    }
    let blocks = (words.count - place) / 4
    if blocks > 0, let start = words.baseAddress {
      withUnsafeBytes(of: (key[0], key[1], name[1], name[2], name[3])) { parts in
        guard let parts = parts.bindMemory(to: UInt32.self).baseAddress else { return }
        philox_words(parts, parts + 2, blockIndex, Int64(blocks), start + place)
      }
      blockIndex &+= UInt32(truncatingIfNeeded: blocks)
      place += 4 * blocks
    }
    while place < words.count {
      words[place] = nextWord()
      place += 1
    }
  }

  /// The next 64 random bits: two words, the first one low.
  public mutating func next() -> UInt64 {
    let low = UInt64(nextWord())
    return low | UInt64(nextWord()) << 32
  }

  /// A uniform integer in 0 ..< `bound`, without bias. `bound` must be in 1 ... 2³².
  public mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0 && bound <= 1 << 32, "bound must be in 1 ... 2^32")
    // Lemire's multiply-and-reject, DOI 10.1145/3230636.
    let range = UInt64(bound)
    let rejectBelow = (UInt64(1) << 32) % range
    while true {
      let product = UInt64(nextWord()) * range
      if product & 0xFFFF_FFFF >= rejectBelow { return Int(product >> 32) }
    }
  }

  /// A uniform number in [0, 1) with 24 random bits: every value is exact in single precision.
  public mutating func uniform() -> Float { Self.uniform(nextWord()) }

  /// The uniform number in [0, 1) that a word gives.
  @inlinable
  public static func uniform(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }

  /// A uniform number in [`lower`, `upper`), computed as lower + (upper − lower) · u.
  public mutating func uniform(from lower: Float, to upper: Float) -> Float {
    lower + (upper - lower) * uniform()
  }

  /// A uniform number in [0, 1) with 53 random bits.
  public mutating func uniformDouble() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// Puts the elements into a uniformly random order (Fisher and Yates, from the last place down).
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    guard elements.count > 1 else { return }
    for last in stride(from: elements.count - 1, through: 1, by: -1) {
      elements.swapAt(last, integer(below: last + 1))
    }
  }

  /// The elements in a uniformly random order.
  public mutating func shuffled<Element>(_ elements: some Sequence<Element>) -> [Element] {
    var copy = Array(elements)
    shuffle(&copy)
    return copy
  }
}
