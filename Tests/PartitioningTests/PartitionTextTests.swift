import Partitioning
import TestSupport
import Testing

@Suite("Partition table")
struct PartitionTextTests {
  @Test("few clients and classes: every count")
  func matrix() throws {
    let partition = try makePartition(
      ClassesPerClient(clientClasses: [[0, 1], [2]], samplesPerClient: 20),
      labels: evenLabels(classes: 3, perClass: 20), classCount: 3)
    #expect(
      PartitionTable(partition).description == """
        letters over 2 clients, scheme classes-per-client, seed 1
        40 samples: 28 train, 12 test; 3 classes
          samples_per_client: 20
          client_classes: [[0, 1], [2]]
          train_fraction: 0.7
        SHA-256 \(partition.sha256)

        Samples of each class (columns) that each client (rows) holds, train and test:
        client   0   1   2  train  test  total
             0  10  10   .     14     6     20
             1   .   .  20     14     6     20
         total  10  10  20     28    12     40

        """)
    #expect(
      PartitionTable(partition).labelCountCSV == """
        client,class,samples
        0,0,10
        0,1,10
        0,2,0
        1,0,0
        1,1,0
        1,2,20

        """)
  }

  @Test("many classes: the largest of each client")
  func manyClasses() throws {
    let partition = try makePartition(
      ClassesPerClient(clientClasses: [[0, 24, 3], [1, 2]], samplesPerClient: 10),
      labels: evenLabels(classes: 25, perClass: 20), classCount: 25)
    let lines = PartitionTable(partition).description.split(separator: "\n").suffix(3)
    #expect(
      lines.map(String.init) == [
        "client  train  test  total  classes  largest classes (class: samples)",
        "     0      7     3     10        3  0: 4, 3: 3, 24: 3",
        "     1      7     3     10        2  5 each of 1, 2",
      ])
  }

  @Test("many clients: a summary over clients and for each class")
  func manyClients() throws {
    let partition = try makePartition(
      ClassesPerClient(
        clientClasses: Array(repeating: [0, 1], count: 20) + [[1]], samplesPerClient: 10),
      labels: evenLabels(classes: 2, perClass: 120), classCount: 2)
    let text = PartitionTable(partition).description
    let summary = try #require(text.range(of: "Over 21 clients"))
    #expect(
      text[summary.lowerBound...] == """
        Over 21 clients:
                                      least  mean  most
                       train samples      7   7.0     7
                        test samples      3   3.0     3
                        classes held      1   2.0     2
        samples of the largest class      5   5.2    10

        Each class over the clients that hold it:
        class  samples  clients  least  mean  most
            0      100       20      5   5.0     5
            1      110       21      5   5.2    10

        """)
  }
}
