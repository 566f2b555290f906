import Partitioning
import TestSupport
import Testing

@Suite("Every scheme")
struct SchemeInvariantTests {
  /// Schemes with settings that 10 classes of 400 samples, of which some are unselected, can meet.
  static var schemes: [any PartitionScheme] {
    get throws {
      [
        try ClassesPerClient(clients: 10, samplesPerClient: 101, classesPerClient: 4),
        try ClassesPerClient(clients: 7, samplesPerClient: 60, classesPerClient: 10),
        try ClassesPerClient(clientClasses: [[0, 1], [1, 2, 3], [9]], samplesPerClient: 50),
        try DominantClasses(clients: 10, samplesPerClient: 123, dominantClasses: 2),
        try DominantClasses(clients: 9, samplesPerClient: 70, dominantClasses: 3, ratio: 2.5),
        try DominantClasses(
          clients: 9, samplesPerClient: 71, dominantClasses: 3, dominance: .share(0.55)),
        try DirichletLabels(clients: 8, concentration: 0.5),
        try DirichletLabels(clients: 10, concentration: 5, samplesPerClient: 90),
        try CappedDirichlet(clients: 8, concentration: 0.5, maximumSamplesPerClient: 500),
        try CappedDirichlet(
          clients: 10, concentration: 0.1, maximumSamplesPerClient: 90, samplesPerClient: 90),
        try ExtendedDirichlet(clients: 9, classesPerClient: 3, concentration: 1),
        try ExtendedDirichlet(
          clients: 10, classesPerClient: 2, concentration: 0.8, minimumSamplesPerClient: 2,
          samplesPerClient: 60),
        try QuantitySkew(clients: 8, concentration: 1),
        try QuantitySkew(
          clients: 10, concentration: 0.7, minimumSamplesPerClient: 2, samplesPerClient: 90),
        try IndependentAndIdentical(clients: 11, samplesPerClient: 77),
      ]
    }
  }

  /// 4000 samples in no simple order; every ninth is unselected.
  static let labels: [Int32] = (0..<4000).map { (index: Int) -> Int32 in
    guard index % 9 != 4 else { return -1 }
    return Int32((index * 7 + index / 11) % 10)
  }

  @Test(
    "no sample occurs twice, none is unselected, and every client has train and test samples",
    arguments: 0..<25 as Range<UInt64>)
  func soundness(seed: UInt64) throws {
    for scheme in try Self.schemes {
      let partition = try makePartition(scheme, labels: Self.labels, classCount: 10, seed: seed)
      // Counted here from scratch, not by the module's own check.
      var uses = [Int](repeating: 0, count: Self.labels.count)
      for index in partition.train.joined() { uses[Int(index)] += 1 }
      for index in partition.test.joined() { uses[Int(index)] += 1 }
      #expect(uses.allSatisfy { $0 <= 1 })
      #expect(zip(uses, Self.labels).allSatisfy { $0 == 0 || $1 != -1 })
      #expect(partition.train.count == partition.test.count)
      #expect(partition.train.allSatisfy { !$0.isEmpty && $0 == $0.sorted() })
      #expect(partition.test.allSatisfy { !$0.isEmpty && $0 == $0.sorted() })
      for (client, counts) in partition.labelCounts.enumerated() {
        var expected = [Int](repeating: 0, count: 10)
        for index in partition.train[client] + partition.test[client] {
          expected[Int(Self.labels[Int(index)])] += 1
        }
        #expect(counts == expected)
      }
    }
  }

  @Test("the same seed gives the same partition, another seed another one")
  func seeds() throws {
    for scheme in try Self.schemes {
      let first = try makePartition(scheme, labels: Self.labels, classCount: 10, seed: 5)
      let again = try makePartition(scheme, labels: Self.labels, classCount: 10, seed: 5)
      let other = try makePartition(scheme, labels: Self.labels, classCount: 10, seed: 6)
      #expect(first == again)
      #expect(first.sha256 == again.sha256)
      #expect(first.sha256 != other.sha256)
    }
  }

  // Dirichlet draws take logarithms, whose last bit may differ between C libraries.
  @Test("a seed stands for the same partition in every version and on every platform")
  func frozen() throws {
    let labels = evenLabels(classes: 10, perClass: 60)
    func digest(_ scheme: any PartitionScheme) throws -> String {
      try makePartition(scheme, labels: labels, classCount: 10, seed: 2022).sha256
    }
    #expect(
      try digest(ClassesPerClient(clients: 5, samplesPerClient: 43, classesPerClient: 4))
        == "be873f14ebaa0eb3a8d3d398eb476c47b3b075983586006b237a527e06d50622")
    #expect(
      try digest(DominantClasses(clients: 5, samplesPerClient: 43, dominantClasses: 2, ratio: 3))
        == "8b5659f2077363325a3e40255fa2039ca65def6d649c154629149f0e1f9159f4")
    #expect(
      try digest(IndependentAndIdentical(clients: 5, samplesPerClient: 43))
        == "9c92539620be7337771c234f0acab7f53ef05062bcdd21605e739886e364a4e0")
  }

  @Test("many partitions at once are what they are one by one")
  func concurrency() async throws {
    let alone = try Self.schemes.map {
      try makePartition($0, labels: Self.labels, classCount: 10, seed: 3).sha256
    }
    let together = try await withThrowingTaskGroup(of: (Int, String).self) { group in
      for (place, scheme) in try Self.schemes.enumerated() {
        group.addTask {
          (place, try makePartition(scheme, labels: Self.labels, classCount: 10, seed: 3).sha256)
        }
      }
      var digests = [String](repeating: "", count: alone.count)
      for try await (place, digest) in group { digests[place] = digest }
      return digests
    }
    #expect(alone == together)
  }

  @Test("the train fraction changes the split and not which client holds what")
  func fractionIsSeparate() throws {
    for scheme in try Self.schemes {
      let most = try makePartition(
        scheme, labels: Self.labels, classCount: 10, trainFraction: 0.9)
      let half = try makePartition(
        scheme, labels: Self.labels, classCount: 10, trainFraction: 0.5)
      for client in 0..<most.clientCount {
        #expect(
          (most.train[client] + most.test[client]).sorted()
            == (half.train[client] + half.test[client]).sorted())
      }
      #expect(most.train != half.train)
    }
  }

  @Test("the registry finds every scheme by its name, and its recorded settings make it again")
  func registry() throws {
    #expect(
      PartitionSchemes.names == [
        "classes-per-client", "dominant-classes", "dirichlet", "capped-dirichlet",
        "extended-dirichlet", "quantity-skew", "iid", "natural",
      ])
    for name in PartitionSchemes.names { #expect(try PartitionSchemes.named(name).name == name) }
    for scheme in try Self.schemes {
      var values: [String: PartitionSettings.Value] = ["scheme": .text(type(of: scheme).name)]
      for setting in try PartitionSpecification(scheme: scheme).settings {
        values[setting.key] = try SettingsTests.parsed(setting.value)
      }
      let again = try PartitionSpecification(settings: PartitionSettings(values))
      #expect(again.settings == (try PartitionSpecification(scheme: scheme).settings))
    }
  }
}
