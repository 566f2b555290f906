import Partitioning
import TestSupport
import Testing

@Suite("Quantity skew")
struct QuantitySkewTests {
  private func sizes(_ partition: Partition) -> [Int] {
    partition.labelCounts.map { $0.reduce(0, +) }
  }

  @Test(
    "every sample is given away, sizes differ, and no client is below the minimum",
    arguments: 0..<20 as Range<UInt64>)
  func sizes(seed: UInt64) throws {
    let partition = try makePartition(
      QuantitySkew(clients: 10, concentration: 0.5, minimumSamplesPerClient: 20),
      labels: evenLabels(classes: 10, perClass: 500), classCount: 10, seed: seed)
    let sizes = sizes(partition)
    #expect(sizes.reduce(0, +) == 5000)
    #expect(sizes.allSatisfy { $0 >= 20 })
    #expect(Set(sizes).count > 5)
  }

  @Test("a small concentration gives most to few clients, a large one the same to all")
  func concentration() throws {
    func largest(_ concentration: Double) throws -> Int {
      sizes(
        try makePartition(
          QuantitySkew(
            clients: 10, concentration: concentration, minimumSamplesPerClient: 2),
          labels: evenLabels(classes: 10, perClass: 500), classCount: 10, seed: 3)
      ).max() ?? 0
    }
    #expect(try largest(0.2) > 1500)
    #expect(try (500...505).contains(largest(1e8)))
  }

  @Test("the classes of a client are those of the dataset, within chance")
  func classes() throws {
    let labels = evenLabels(classes: 10, perClass: 2000)
    for seed in 0..<5 as Range<UInt64> {
      let partition = try makePartition(
        QuantitySkew(clients: 5, concentration: 1, minimumSamplesPerClient: 200), labels: labels,
        classCount: 10, seed: seed)
      for counts in partition.labelCounts {
        // A tenth each; the variance of a hypergeometric draw is below that of a binomial one.
        let size = Double(counts.reduce(0, +))
        let deviation = (size * 0.1 * 0.9).squareRoot()
        #expect(counts.allSatisfy { abs(Double($0) - size / 10) < 5 * deviation })
      }
    }
  }

  @Test("samples_per_client is the mean over clients")
  func mean() throws {
    let partition = try makePartition(
      QuantitySkew(
        clients: 4, concentration: 2, minimumSamplesPerClient: 5, samplesPerClient: 50),
      labels: evenLabels(classes: 2, perClass: 200), classCount: 2)
    #expect(sizes(partition).reduce(0, +) == 200)
  }

  @Test("settings that cannot be, and those that are recorded")
  func settings() throws {
    let base: [String: PartitionSettings.Value] = [
      "scheme": .text("quantity-skew"), "clients": .integer(10), "concentration": .number(0.5),
    ]
    func line(_ key: String, _ value: PartitionSettings.Value?) -> String {
      var settings = base
      settings[key] = value
      return errorLine(settings: settings)
    }
    #expect(
      line("concentration", nil)
        == "partition.concentration: missing, and the scheme quantity-skew has no default for it")
    #expect(
      line("concentration", .integer(0))
        == "partition.concentration: found 0.0, expected a number above 0, at most 1e9")
    for number in [Int.max, 1 << 40, 101] {
      #expect(
        line("clients", .integer(number)).hasPrefix("partition.minimum_samples_per_client: "))
      #expect(
        line("samples_per_client", .integer(number))
          .hasSuffix("; the largest value that fits is 100"))
    }
    // One client of a hundred is all but sure to get fewer than 9.
    var hopeless = base
    (hopeless["clients"], hopeless["concentration"]) = (.integer(100), .number(0.1))
    hopeless["minimum_samples_per_client"] = .integer(9)
    #expect(
      errorLine(settings: hopeless).hasPrefix(
        "partition.minimum_samples_per_client: none of 100 draws gave every client 9 samples; the best left a "
          + "client with "))
    let specification = try PartitionSpecification(settings: PartitionSettings(base))
    #expect(
      specification.settings == [
        PartitionSetting("clients", "10"), PartitionSetting("concentration", "0.5"),
        PartitionSetting("minimum_samples_per_client", "10"),
        PartitionSetting("train_fraction", "0.7"),
      ])
  }
}
