import Partitioning
import Testing

@Suite("Partition")
struct PartitionTests {
  static let labels: [Int32] = [0, 1, 2, 0, 1, 2, -1]
  static var tiny: Partition {
    get throws {
      try Partition(
        train: [[0, 2], [5]], test: [[1], [3, 4]], labels: labels, classCount: 3,
        scheme: "listed", settings: [PartitionSetting("clients", "2")], seed: .max,
        dataset: "tiny", datasetSHA256: "00")
    }
  }

  @Test("the digest is what Python's hashlib gives over the same numbers")
  func digest() throws {
    // hashlib.sha256(struct.pack("<12i", 3, 2, 2, 1, 0, 2, 5, 1, 2, 1, 3, 4)).hexdigest()
    #expect(
      try Self.tiny.sha256 == "0781d6a5b7989bf71543b869eab33077faf8447e9763935e92367f68bd30c228")
  }

  @Test("the digest covers which client holds what, as train or test, and nothing else")
  func digestCoverage() throws {
    func digest(_ train: [[Int32]], _ test: [[Int32]], classCount: Int = 3) throws -> String {
      try Partition(train: train, test: test, labels: Self.labels, classCount: classCount).sha256
    }
    #expect(try digest([[0, 2], [5]], [[1], [3, 4]]) == Self.tiny.sha256)
    let others = [
      try digest([[0], [2, 5]], [[1], [3, 4]]), try digest([[0, 2], [5]], [[1, 3], [4]]),
      try digest([[2, 0], [5]], [[1], [3, 4]]), try digest([[0, 2], [5]], [[1], [3]]),
      try digest([[0, 2, 5]], [[1, 3, 4]]),
      try digest([[0, 2], [5]], [[1], [3, 4]], classCount: 4),
    ]
    #expect(Set(others + [try Self.tiny.sha256]).count == others.count + 1)
  }

  @Test("class counts are counted from the labels")
  func labelCounts() throws {
    #expect(try Self.tiny.labelCounts == [[1, 1, 1], [1, 1, 1]])
    #expect(try Self.tiny.clientCount == 2)
    #expect(try Self.tiny.classCount == 3)
  }

  @Test("what is not sound is refused with the place where it is not")
  func unsound() {
    func line(_ train: [[Int32]], _ test: [[Int32]], classCount: Int = 3) -> String {
      errorLine {
        _ = try Partition(train: train, test: test, labels: Self.labels, classCount: classCount)
      }
    }
    #expect(
      line([[0], [1]], [[2]])
        == "partition: has train samples of 2 clients and test samples of 1, expected the same "
        + "clients")
    #expect(line([], []) == "partition: has no clients, expected at least 1")
    #expect(
      line([[0], []], [[1], [2]]) == "partition: client 1 has no train samples, expected at least 1"
    )
    #expect(
      line([[0], [1]], [[], [2]]) == "partition: client 0 has no test samples, expected at least 1")
    #expect(
      line([[0], [1]], [[-1], [2]])
        == "partition: client 0 has the test index -1, expected 0 or more")
    #expect(
      line([[0], [1]], [[2], [3, 0]])
        == "partition: sample 0 occurs twice, in the train samples of client 0 and the test "
        + "samples of client 1; every sample may occur once only")
    #expect(
      line([[0, 4, 4]], [[2]])
        == "partition: sample 4 occurs twice, in the train samples of client 0 and the train "
        + "samples of client 0; every sample may occur once only")
    #expect(
      line([[0]], [[7]])
        == "partition: client 0 has the test index 7, expected 0 to 6, the samples of the dataset")
    #expect(
      line([[6]], [[1]])
        == "partition: client 0 has the train index 6, a sample that the selection of classes leaves "
        + "out")
    #expect(
      line([[0]], [[5]], classCount: 2)
        == "partition: client 0 has the test index 5 with the label 2, expected 0 to 1")
    #expect(
      line([[Int32.max]], [[1]])
        == "partition: client 0 has the train index 2147483647, expected 0 to 6, the samples of "
        + "the dataset")
  }

  @Test("validation against the labels finds a partition of other data")
  func validation() throws {
    let partition = try Self.tiny
    #expect(errorLine { try partition.validate(labels: Self.labels) } == "nothing thrown")
    #expect(
      errorLine { try partition.validate(labels: [0, 1, 2, 0, 2, 2, -1], source: "a.h5") }
        == "a.h5: client 1 has 0 samples of class 1 in the dataset, but the partition records 1; "
        + "it was made for other data")
    #expect(
      errorLine { try partition.validate(labels: [0, 1, 2, 0]) }
        == "partition: client 1 has the train index 5, expected 0 to 3, the samples of the dataset")
  }
}
