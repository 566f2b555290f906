import Partitioning
import TestSupport
import Testing

@Suite("Capped Dirichlet")
struct CappedDirichletTests {
  private func sizes(_ partition: Partition) -> [Int] {
    partition.labelCounts.map { $0.reduce(0, +) }
  }

  @Test(
    "no client is above the cap or below the minimum, and every sample is given away",
    arguments: 0..<20 as Range<UInt64>)
  func cap(seed: UInt64) throws {
    for (cap, minimum) in [(501, 2), (550, 10), (900, 100)] {
      let partition = try makePartition(
        CappedDirichlet(
          clients: 10, concentration: 0.3, maximumSamplesPerClient: cap,
          minimumSamplesPerClient: minimum),
        labels: evenLabels(classes: 10, perClass: 500), classCount: 10, seed: seed)
      let sizes = sizes(partition)
      #expect(sizes.reduce(0, +) == 5000)
      #expect(sizes.allSatisfy { (minimum...cap).contains($0) })
    }
  }

  @Test("with the mean as the cap all clients are equal, and still differ in their classes")
  func equal() throws {
    for seed in 0..<10 as Range<UInt64> {
      let partition = try makePartition(
        CappedDirichlet(
          clients: 10, concentration: 0.1, maximumSamplesPerClient: 300, samplesPerClient: 300),
        labels: evenLabels(classes: 10, perClass: 500), classCount: 10, seed: seed)
      #expect(sizes(partition) == [Int](repeating: 300, count: 10))
      #expect((0..<10).allSatisfy { c in partition.labelCounts.reduce(0) { $0 + $1[c] } == 300 })
      let largest = partition.labelCounts.map { $0.max() ?? 0 }
      #expect(largest.reduce(0, +) > 1500)
    }
  }

  @Test("with room for everything it is dirichlet, client by client and class by class")
  func uncapped() throws {
    let labels = evenLabels(classes: 10, perClass: 200)
    for seed in 0..<5 as Range<UInt64> {
      let capped = try makePartition(
        CappedDirichlet(clients: 6, concentration: 2, maximumSamplesPerClient: 2000),
        labels: labels, classCount: 10, seed: seed)
      let free = try makePartition(
        DirichletLabels(clients: 6, concentration: 2), labels: labels, classCount: 10, seed: seed)
      #expect(capped.labelCounts == free.labelCounts)
    }
  }

  @Test("no class is always the one that fills up who has room")
  func classOrder() throws {
    // How evenly the clients hold a class: 1 for equal shares; the class given away last is the most even.
    var mostEven = Set<Int>()
    for seed in 0..<40 as Range<UInt64> {
      let partition = try makePartition(
        CappedDirichlet(clients: 5, concentration: 0.2, maximumSamplesPerClient: 80),
        labels: evenLabels(classes: 4, perClass: 100), classCount: 4, seed: seed)
      let largest = (0..<4).map { index in partition.labelCounts.map { $0[index] }.max() ?? 0 }
      mostEven.formUnion(largest.indices.filter { largest[$0] == largest.min() })
    }
    #expect(mostEven == [0, 1, 2, 3])
  }

  @Test("shares under a cap, by hand")
  func shares() {
    #expect(cappedShares(of: 10, weights: [0.5, 0.3, 0.2], room: [10, 10, 10]) == [5, 3, 2])
    // 8 would go to the first; the 6 left of 10 are shared 1 : 1.
    #expect(cappedShares(of: 10, weights: [0.8, 0.1, 0.1], room: [4, 10, 10]) == [4, 3, 3])
    // Filling the first fills the second too.
    #expect(cappedShares(of: 10, weights: [0.8, 0.1, 0.1], room: [4, 2, 10]) == [4, 2, 4])
    #expect(cappedShares(of: 3, weights: [0.8, 0.2, 0], room: [0, 1, 5]) == [0, 1, 2])
    #expect(cappedShares(of: 6, weights: [1, 0, 0], room: [0, 2, 4]) == [0, 2, 4])
    #expect(cappedShares(of: 7, weights: [1, 1, 1], room: [2, 3, 2]) == [2, 3, 2])
    #expect(cappedShares(of: 0, weights: [1, 1], room: [0, 0]) == [0, 0])
  }

  private static let settings: [String: PartitionSettings.Value] = [
    "scheme": .text("capped-dirichlet"), "clients": .integer(10), "concentration": .number(0.5),
    "maximum_samples_per_client": .integer(120),
  ]

  @Test("settings that cannot be, and those that are recorded")
  func settings() throws {
    func line(_ changes: [String: PartitionSettings.Value?]) -> String {
      var settings = Self.settings
      for (key, value) in changes { settings[key] = value }
      return errorLine(settings: settings)
    }
    let key = "partition.maximum_samples_per_client:"
    #expect(line([:]) == "nothing thrown")
    #expect(
      line(["maximum_samples_per_client": nil])
        == "\(key) missing, and the scheme capped-dirichlet has no default for it")
    #expect(
      line(["maximum_samples_per_client": .integer(99)])
        == "\(key) 10 clients with at most 99 samples have no room for all 1000 samples; raise it to at least 100, "
        + "or give samples_per_client, the mean over clients")
    #expect(line(["maximum_samples_per_client": .integer(100)]) == "nothing thrown")
    #expect(
      line(["samples_per_client": .integer(50), "maximum_samples_per_client": .integer(49)])
        == "\(key) found 49, expected at least partition.samples_per_client (50)")
    #expect(
      line(["maximum_samples_per_client": .integer(9)])
        == "\(key) found 9, expected at least partition.minimum_samples_per_client (10)")
    for number in [Int.max, 1 << 40] {
      #expect(line(["maximum_samples_per_client": .integer(number)]) == "nothing thrown")
      #expect(
        line(["clients": .integer(number)]).hasPrefix("partition.minimum_samples_per_client: "))
    }
    let specification = try PartitionSpecification(settings: PartitionSettings(Self.settings))
    #expect(
      specification.settings.map(\.key) == [
        "clients", "concentration", "minimum_samples_per_client", "maximum_samples_per_client",
        "train_fraction",
      ])
  }
}
