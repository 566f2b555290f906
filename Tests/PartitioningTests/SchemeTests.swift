import Partitioning
import TestSupport
import RandomStreams
import Testing

@Suite("Schemes")
struct SchemeTests {
  @Test(
    "classes-per-client: few classes, equal amounts, balanced", arguments: 0..<20 as Range<UInt64>)
  func classesPerClient(seed: UInt64) throws {
    let labels = evenLabels(classes: 10, perClass: 600)
    let scheme = try ClassesPerClient(clients: 10, samplesPerClient: 600, classesPerClient: 4)
    let partition = try makePartition(scheme, labels: labels, classCount: 10, seed: seed)
    for counts in partition.labelCounts {
      #expect(counts.sorted() == [0, 0, 0, 0, 0, 0, 150, 150, 150, 150])
    }
    for index in 0..<10 {
      #expect(partition.labelCounts.count { $0[index] > 0 } == 4)
    }
    #expect(partition.train.allSatisfy { $0.count == 420 })
    #expect(partition.test.allSatisfy { $0.count == 180 })
  }

  @Test("classes-per-client uses a whole dataset up: the paper's 100 clients on CIFAR")
  func classesPerClientWhole() throws {
    let ten = try makePartition(
      ClassesPerClient(clients: 100, samplesPerClient: 600, classesPerClient: 4),
      labels: evenLabels(classes: 10, perClass: 6000), classCount: 10)
    #expect(ten.train.joined().count + ten.test.joined().count == 60_000)
    let hundred = try makePartition(
      ClassesPerClient(clients: 100, samplesPerClient: 600, classesPerClient: 12),
      labels: evenLabels(classes: 100, perClass: 600), classCount: 100)
    #expect(hundred.labelCounts.allSatisfy { row in row.count { $0 == 50 } == 12 })
  }

  @Test("classes-per-client: the remainder favours no class where the classes are drawn")
  func remainder() throws {
    var places = Set<Int>()
    for seed in 0..<10 as Range<UInt64> {
      let partition = try makePartition(
        ClassesPerClient(clients: 10, samplesPerClient: 41, classesPerClient: 4),
        labels: evenLabels(classes: 10, perClass: 100), classCount: 10, seed: seed)
      for counts in partition.labelCounts {
        let held = counts.filter { $0 > 0 }
        #expect(held.sorted() == [10, 10, 10, 11])
        places.formUnion(held.indices.filter { held[$0] == 11 })
      }
    }
    #expect(places == [0, 1, 2, 3])
  }

  @Test("classes-per-client: listed classes are taken as they are, the remainder by the first ones")
  func listedClasses() throws {
    let scheme = try ClassesPerClient(
      clientClasses: [[3, 0, 1], [2, 3]], samplesPerClient: 8)
    let partition = try makePartition(
      scheme, labels: evenLabels(classes: 4, perClass: 20), classCount: 4)
    #expect(partition.labelCounts == [[3, 2, 0, 3], [0, 0, 4, 4]])
    #expect(
      partition.settings.map(\.value) == ["2", "8", "[[3, 0, 1], [2, 3]]", "0.7"])
  }

  @Test(
    "balanced class choices: no class twice, and each by as many clients, within one",
    arguments: [(10, 4, 10), (7, 3, 10), (100, 12, 100), (13, 5, 6), (4, 6, 6), (1, 2, 9)])
  func balance(clients: Int, classesPerClient: Int, classCount: Int) {
    for seed in 0..<50 as Range<UInt64> {
      var stream = RandomStream(seed: seed, purpose: .partition)
      let choice = balancedClassChoice(
        clients: clients, classesPerClient: classesPerClient, classCount: classCount,
        using: &stream)
      #expect(choice.count == clients)
      var holders = [Int](repeating: 0, count: classCount)
      for classes in choice {
        #expect(classes.count == classesPerClient)
        #expect(Set(classes).count == classesPerClient)
        for index in classes { holders[index] += 1 }
      }
      #expect((holders.max() ?? 0) - (holders.min() ?? 0) <= 1)
    }
  }

  @Test("balanced class choices favour no class and no pair of neighbours")
  func choiceIsRandom() {
    var firstClient = [Int](repeating: 0, count: 10)
    var sharedWithNext = 0
    for seed in 0..<2000 as Range<UInt64> {
      var stream = RandomStream(seed: seed, purpose: .partition)
      let choice = balancedClassChoice(
        clients: 10, classesPerClient: 4, classCount: 10, using: &stream)
      for index in choice[0] { firstClient[index] += 1 }
      sharedWithNext += Set(choice[0]).intersection(choice[1]).count
    }
    // 2000 draws with probability 0.4: four standard deviations are 88.
    for count in firstClient { #expect(abs(count - 800) < 88) }
    // Independent clients share 1.6 classes; equal numbers of holders make it 4 · 3/9 = 1.33.
    #expect(abs(Double(sharedWithNext) / 2000 - 4.0 / 3) < 0.15)
  }

  @Test("dominant-classes: the ratio is exact where it divides", arguments: 0..<20 as Range<UInt64>)
  func dominantExact(seed: UInt64) throws {
    let partition = try makePartition(
      DominantClasses(clients: 10, samplesPerClient: 600, dominantClasses: 2),
      labels: evenLabels(classes: 10, perClass: 600), classCount: 10, seed: seed)
    for counts in partition.labelCounts {
      #expect(counts.sorted() == [30, 30, 30, 30, 30, 30, 30, 30, 180, 180])
    }
    for index in 0..<10 {
      #expect(partition.labelCounts.count { $0[index] == 180 } == 2)
    }
  }

  @Test("dominant-classes: totals are exact and no share is off by one or more")
  func dominantRounding() throws {
    for (samples, dominant, ratio) in [(601, 2, 6.0), (97, 3, 2.5), (333, 1, 1.0), (50, 10, 4)] {
      let partition = try makePartition(
        DominantClasses(
          clients: 6, samplesPerClient: samples, dominantClasses: dominant, ratio: ratio),
        labels: evenLabels(classes: 10, perClass: 600), classCount: 10)
      let unit = Double(samples) / (Double(dominant) * ratio + Double(10 - dominant))
      for counts in partition.labelCounts {
        #expect(counts.reduce(0, +) == samples)
        let sorted = counts.sorted().map(Double.init)
        #expect(sorted.prefix(10 - dominant).allSatisfy { abs($0 - unit) < 1 })
        #expect(sorted.suffix(dominant).allSatisfy { abs($0 - unit * ratio) < 1 })
      }
    }
  }

  @Test(
    "dominant-classes uses a whole dataset up, whatever the ratio",
    arguments: [1.0, 1.5, 2, 3.3, 5, 6, 10, 30])
  func dominantWhole(ratio: Double) throws {
    for seed in 0..<5 as Range<UInt64> {
      let partition = try makePartition(
        DominantClasses(clients: 100, samplesPerClient: 600, dominantClasses: 6, ratio: ratio),
        labels: evenLabels(classes: 100, perClass: 600), classCount: 100, seed: seed)
      #expect(partition.labelCounts.allSatisfy { $0.reduce(0, +) == 600 })
    }
  }

  @Test(
    "dominant-classes: the dominant classes have the share of the samples, to the nearest whole number",
    arguments: [
      // As ratio 6 has it for 2 of 10 classes, and the same share for 6 of 100.
      (10, 2, 600, 0.6, 360), (100, 6, 600, 0.6, 360), (100, 6, 600, 0.28, 168),
      // 54.45 and 36.5, of which a half goes up.
      (10, 2, 99, 0.55, 54), (10, 3, 73, 0.5, 37), (10, 1, 570, 0.9, 513), (10, 2, 50, 0.2, 10),
    ])
  func dominantShare(
    classes: Int, dominant: Int, samples: Int, share: Double, dominantSamples: Int
  ) throws {
    let partition = try makePartition(
      DominantClasses(
        clients: 10, samplesPerClient: samples, dominantClasses: dominant,
        dominance: .share(share)),
      labels: evenLabels(classes: classes, perClass: 600), classCount: classes)
    let others = samples - dominantSamples
    for counts in partition.labelCounts {
      let sorted = counts.sorted()
      let (small, large) = (sorted.prefix(classes - dominant), sorted.suffix(dominant))
      #expect(small.reduce(0, +) == others && large.reduce(0, +) == dominantSamples)
      // Each part is spread evenly.
      #expect(small.allSatisfy { [0, 1].contains($0 - others / (classes - dominant)) })
      #expect(large.allSatisfy { [0, 1].contains($0 - dominantSamples / dominant) })
    }
  }

  @Test("dominant-classes: 60 % for 2 of 10 classes, and 28 % for 6 of 100, are ratio 6")
  func shareIsRatio() throws {
    for (classes, dominant, share) in [(10, 2, 0.6), (100, 6, 6.0 * 6 / (6 * 6 + 94))] {
      let labels = evenLabels(classes: classes, perClass: 6000 / classes)
      // 130 is the sum of the weights in CIFAR-100's case, 20 in CIFAR-10's: whole shares.
      let samples = classes == 10 ? 600 : 520
      func partition(_ dominance: DominantClasses.Dominance) throws -> Partition {
        try makePartition(
          DominantClasses(
            clients: 10, samplesPerClient: samples, dominantClasses: dominant,
            dominance: dominance),
          labels: labels, classCount: classes)
      }
      let (byRatio, byShare) = (try partition(.ratio(6)), try partition(.share(share)))
      #expect(byRatio.train == byShare.train && byRatio.test == byShare.test)
    }
  }

  @Test("dominant-classes by the share uses a whole dataset up", arguments: [0.1, 0.28, 0.6, 0.75])
  func dominantShareWhole(share: Double) throws {
    for seed in 0..<3 as Range<UInt64> {
      let partition = try makePartition(
        DominantClasses(
          clients: 100, samplesPerClient: 600, dominantClasses: 6, dominance: .share(share)),
        labels: evenLabels(classes: 100, perClass: 600), classCount: 100, seed: seed)
      #expect(partition.labelCounts.allSatisfy { $0.reduce(0, +) == 600 })
    }
  }

  @Test("ties fall evenly even where a greedy choice alone leaves a class two ahead")
  func evenTies() {
    // Greedily 0 is chosen three times and 2 once, and only by way of 1 can one pass to the other.
    let pairs: [[Double]] = [
      [0, 1, 1], [0, 1, 1], [0, 1, 1], [1, 1, 0], [1, 1, 0], [1, 1, 0],
    ]
    let shares = evenShares(of: 1, weights: pairs)
    for (row, weights) in zip(shares, pairs) {
      #expect(row.reduce(0, +) == 1)
      #expect(zip(row, weights).allSatisfy { $0 == 0 || $1 > 0 })
    }
    #expect((0..<3).map { index in shares.reduce(0) { $0 + $1[index] } } == [2, 2, 2])
  }

  @Test("dirichlet gives every sample away and keeps the minimum")
  func dirichlet() throws {
    let labels = evenLabels(classes: 10, perClass: 500)
    for seed in 0..<10 as Range<UInt64> {
      let partition = try makePartition(
        DirichletLabels(clients: 10, concentration: 0.5, minimumSamplesPerClient: 40),
        labels: labels, classCount: 10, seed: seed)
      #expect(partition.train.joined().count + partition.test.joined().count == 5000)
      #expect(partition.labelCounts.allSatisfy { $0.reduce(0, +) >= 40 })
    }
  }

  @Test("dirichlet: a small concentration gathers a class at few clients, a large one spreads it")
  func dirichletConcentration() throws {
    let labels = evenLabels(classes: 10, perClass: 500)
    func largestShare(_ concentration: Double) throws -> Double {
      let partition = try makePartition(
        DirichletLabels(
          clients: 10, concentration: concentration, minimumSamplesPerClient: 2),
        labels: labels, classCount: 10)
      let largest = (0..<10).map { index in partition.labelCounts.map { $0[index] }.max() ?? 0 }
      return Double(largest.reduce(0, +)) / 5000
    }
    #expect(try largestShare(0.1) > 0.5)
    #expect(try largestShare(1000) < 0.13)
  }

  @Test("dirichlet with samples per client draws so many, the classes in proportion")
  func dirichletCapped() throws {
    let labels = [Int32](repeating: 0, count: 300) + [Int32](repeating: 1, count: 100)
    let partition = try makePartition(
      DirichletLabels(
        clients: 4, concentration: 2, minimumSamplesPerClient: 5, samplesPerClient: 50),
      labels: labels, classCount: 2)
    let totals = (0..<2).map { index in partition.labelCounts.reduce(0) { $0 + $1[index] } }
    #expect(totals == [150, 50])
  }

  @Test("iid: equal sizes, and the classes as in the dataset, within chance")
  func iid() throws {
    let partition = try makePartition(
      IndependentAndIdentical(clients: 10, samplesPerClient: 1000),
      labels: evenLabels(classes: 10, perClass: 2000), classCount: 10)
    for counts in partition.labelCounts {
      #expect(counts.reduce(0, +) == 1000)
      // Hypergeometric with mean 100 and a standard deviation of 9.25: five of them.
      #expect(counts.allSatisfy { abs($0 - 100) < 47 })
    }
    #expect(Set(partition.labelCounts).count > 1)
  }

  @Test("largest remainders: exact totals, ties to the first")
  func largestRemainders() {
    #expect(
      largestRemainderShares(of: 420, weights: [150, 150, 150, 150]) == [105, 105, 105, 105])
    #expect(largestRemainderShares(of: 10, weights: [1, 1, 1]) == [4, 3, 3])
    #expect(largestRemainderShares(of: 5, weights: [0.6, 0, 0.4]) == [3, 0, 2])
    #expect(largestRemainderShares(of: 7, weights: [5, 3, 1]) == [4, 2, 1])
    #expect(largestRemainderShares(of: 0, weights: [1, 2]) == [0, 0])
  }
}

@Suite("Train/test split")
struct SplitTests {
  @Test("every class of every client is split in proportion")
  func stratified() throws {
    let labels = evenLabels(classes: 10, perClass: 600)
    let partition = try makePartition(
      ClassesPerClient(clients: 10, samplesPerClient: 600, classesPerClient: 4),
      labels: labels, classCount: 10)
    for rows in [partition.train, partition.test] {
      for row in rows {
        var counts = [Int](repeating: 0, count: 10)
        for index in row { counts[Int(labels[Int(index)])] += 1 }
        #expect(Set(counts).count == 2)
        #expect(counts.max() == row.count / 4)
      }
    }
  }

  @Test(
    "the train count is the nearest whole number, at least one less than all and at least one",
    arguments: [
      (15, 0.7, 11), (600, 0.7, 420), (2, 0.99, 1), (2, 0.01, 1), (3, 0.999, 2), (10, 0.25, 3),
    ])
  func totals(samples: Int, fraction: Double, train: Int) throws {
    let partition = try makePartition(
      IndependentAndIdentical(clients: 4, samplesPerClient: samples),
      labels: evenLabels(classes: 10, perClass: 240), classCount: 10, trainFraction: fraction)
    #expect(partition.train.allSatisfy { $0.count == train })
    #expect(partition.test.allSatisfy { $0.count == samples - train })
  }

  @Test("a client's split does not depend on the other clients")
  func independent() throws {
    let labels = evenLabels(classes: 3, perClass: 10)
    // Both take all of class 0 for client 0.
    let alone = try makePartition(
      ClassesPerClient(clientClasses: [[0]], samplesPerClient: 10), labels: labels, classCount: 3)
    let accompanied = try makePartition(
      ClassesPerClient(clientClasses: [[0], [2]], samplesPerClient: 10), labels: labels,
      classCount: 3)
    #expect(alone.train[0] == accompanied.train[0])
  }

  @Test("which samples are for training depends on the seed and on the client")
  func random() throws {
    // Sample i has class i modulo 2, so the clients hold equal patterns of indices.
    let labels = evenLabels(classes: 2, perClass: 100)
    let scheme = try ClassesPerClient(clientClasses: [[0], [1]], samplesPerClient: 100)
    let first = try makePartition(scheme, labels: labels, classCount: 2, seed: 1)
    let second = try makePartition(scheme, labels: labels, classCount: 2, seed: 2)
    #expect(first.train[0] != second.train[0])
    #expect(first.train[0] != first.train[1].map { $0 - 1 })
  }
}
