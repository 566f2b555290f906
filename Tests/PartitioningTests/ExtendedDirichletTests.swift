import Partitioning
import TestSupport
import Testing

@Suite("Extended Dirichlet")
struct ExtendedDirichletTests {
  @Test(
    "a client has at most its classes, every sample is given away, and every class has as many holders",
    arguments: 0..<20 as Range<UInt64>)
  func classes(seed: UInt64) throws {
    let partition = try makePartition(
      ExtendedDirichlet(clients: 10, classesPerClient: 3, concentration: 10),
      labels: evenLabels(classes: 10, perClass: 300), classCount: 10, seed: seed)
    #expect(partition.labelCounts.allSatisfy { row in row.count { $0 > 0 } <= 3 })
    for index in 0..<10 {
      let held = partition.labelCounts.map { $0[index] }
      #expect(held.reduce(0, +) == 300)
      #expect(held.count { $0 > 0 } <= 3)
    }
    #expect(partition.labelCounts.allSatisfy { $0.reduce(0, +) >= 10 })
  }

  @Test("a large concentration shares a class evenly among its holders, a small one gathers it")
  func concentration() throws {
    let labels = evenLabels(classes: 10, perClass: 300)
    func largest(_ concentration: Double) throws -> [Int] {
      let partition = try makePartition(
        ExtendedDirichlet(
          clients: 10, classesPerClient: 3, concentration: concentration,
          minimumSamplesPerClient: 2), labels: labels, classCount: 10, seed: 4)
      return (0..<10).map { index in partition.labelCounts.map { $0[index] }.max() ?? 0 }
    }
    // Three holders a class: 100 each where the shares are even.
    #expect(try largest(1e8).allSatisfy { (100...101).contains($0) })
    #expect(try largest(0.2).reduce(0, +) > 2000)
  }

  @Test(
    "with all classes for everybody, the shares of a class are those of a Dirichlet draw over all")
  func allClasses() throws {
    let partition = try makePartition(
      ExtendedDirichlet(clients: 4, classesPerClient: 5, concentration: 1e8),
      labels: evenLabels(classes: 5, perClass: 40), classCount: 5)
    #expect(partition.labelCounts == [[Int]](repeating: [Int](repeating: 10, count: 5), count: 4))
  }

  @Test("a class without a holder is not used, and samples_per_client is of those that are held")
  func unheld() throws {
    let labels = evenLabels(classes: 10, perClass: 100)
    let all = try makePartition(
      ExtendedDirichlet(clients: 3, classesPerClient: 2, concentration: 5), labels: labels,
      classCount: 10)
    #expect(all.labelCounts.joined().reduce(0, +) == 600)
    func some(_ samples: Int) throws -> Partition {
      try makePartition(
        ExtendedDirichlet(
          clients: 3, classesPerClient: 2, concentration: 5, samplesPerClient: samples),
        labels: labels, classCount: 10)
    }
    #expect(try some(200).labelCounts.joined().reduce(0, +) == 600)
    #expect(try some(50).labelCounts.joined().reduce(0, +) == 150)
    #expect(
      errorLine { _ = try some(201) }
        == "partition.samples_per_client: 3 clients with 201 samples each need more than the 600 samples of the "
        + "classes that they hold; the largest value that fits is 200")
  }

  @Test("settings that cannot be, and those that are recorded")
  func settings() throws {
    let base: [String: PartitionSettings.Value] = [
      "scheme": .text("extended-dirichlet"), "clients": .integer(10), "concentration": .integer(1),
      "classes_per_client": .integer(2),
    ]
    func line(_ key: String, _ value: PartitionSettings.Value?) -> String {
      var settings = base
      settings[key] = value
      return errorLine(settings: settings)
    }
    #expect(
      line("classes_per_client", nil)
        == "partition.classes_per_client: missing, and the scheme extended-dirichlet has no default for it"
    )
    #expect(
      line("classes_per_client", .integer(0))
        == "partition.classes_per_client: found 0, expected at least 1")
    #expect(
      line("classes_per_client", .integer(11))
        == "partition.classes_per_client: found 11, expected at most the 10 classes of the dataset")
    for number in [Int.max, 1 << 40] {
      #expect(
        line("clients", .integer(number)).hasPrefix("partition.minimum_samples_per_client: "))
      #expect(
        line("samples_per_client", .integer(number)).hasPrefix("partition.samples_per_client: "))
    }
    let specification = try PartitionSpecification(settings: PartitionSettings(base))
    #expect(
      specification.settings == [
        PartitionSetting("clients", "10"), PartitionSetting("concentration", "1.0"),
        PartitionSetting("minimum_samples_per_client", "10"),
        PartitionSetting("classes_per_client", "2"), PartitionSetting("train_fraction", "0.7"),
      ])
  }
}
