import Partitioning
import Testing

@Suite("The scheme natural")
struct NaturalClientsTests {
  /// 60 samples of 3 classes by 4 owners: 30, 4, 16 and 10 samples, one unselected.
  private static let owners: [Int32] =
    Array(repeating: 2, count: 16) + Array(repeating: 0, count: 30) + Array(repeating: 1, count: 4)
    + Array(repeating: 3, count: 10)
  private static let labels: [Int32] = (0..<60).map { $0 == 20 ? -1 : Int32($0 % 3) }

  private func make(
    _ scheme: NaturalClients, seed: UInt64 = 1, owners: [Int32] = NaturalClientsTests.owners
  ) throws -> Partition {
    try PartitionSpecification(scheme: scheme).makePartition(
      labels: Self.labels, classCount: 3, seed: seed, dataset: "own", datasetSHA256: "",
      owners: owners)
  }

  private func held(_ partition: Partition, by client: Int) -> [Int32] {
    (partition.train[client] + partition.test[client]).sorted()
  }

  @Test("a client for each owner with enough samples, in their order")
  func all() throws {
    let partition = try make(NaturalClients())
    #expect(partition.clientCount == 3)
    #expect(held(partition, by: 0) == (16..<46).filter { $0 != 20 })
    #expect(held(partition, by: 1) == Array(0..<16))
    #expect(held(partition, by: 2) == Array(50..<60))
    // 0.7 of 29, 16 and 10.
    #expect(partition.train.map(\.count) == [20, 11, 7])
    #expect(partition.settings.first == PartitionSetting("clients", "all"))
    let small = try make(NaturalClients(minimumSamplesPerClient: 2))
    #expect(small.clientCount == 4 && held(small, by: 1) == Array(46..<50))
  }

  @Test("the first owners, and the seed decides the split alone")
  func first() throws {
    let two = try make(NaturalClients(clients: 2))
    #expect(two.clientCount == 2)
    let other = try make(NaturalClients(clients: 2), seed: 2)
    #expect(two.train != other.train)
    for client in 0..<2 { #expect(held(two, by: client) == held(other, by: client)) }
    #expect(try make(NaturalClients(clients: 2)) == two)
    // Clients that both have are the same.
    #expect(try make(NaturalClients()).train.prefix(2) == two.train[...])
  }

  @Test("too many clients, none that is large enough, and no owners are refused")
  func refused() throws {
    #expect(
      throws: PartitionError(
        key: "clients", "found 4, expected at most 3, the users with at least 10 samples (of 4)")
    ) { try make(NaturalClients(clients: 4)) }
    #expect(
      throws: PartitionError(
        key: "minimum_samples_per_client", "found 40, which none of 4 users has")
    ) { try make(NaturalClients(minimumSamplesPerClient: 40)) }
    #expect(throws: PartitionError.self) { try make(NaturalClients(), owners: []) }
    #expect(throws: PartitionError.self) { try make(NaturalClients(), owners: [0]) }
    #expect(throws: PartitionError.self) { try NaturalClients(minimumSamplesPerClient: 1) }
  }

  @Test("its keys")
  func keys() throws {
    let read = try PartitionSpecification(
      settings: PartitionSettings([
        "scheme": .text("natural"), "clients": .text("all"),
        "minimum_samples_per_client": .integer(5),
      ]))
    #expect(
      read.settings == [
        PartitionSetting("clients", "all"), PartitionSetting("minimum_samples_per_client", "5"),
        PartitionSetting("train_fraction", "0.7"),
      ])
    #expect(throws: PartitionError.self) {
      try PartitionSpecification(
        settings: PartitionSettings(["scheme": .text("natural"), "samples_per_client": .integer(5)])
      )
    }
  }
}
