import FederatedLearning
import NeuralNetworks
import Testing

@Suite("Federated data")
struct FederatedDataTests {
  /// Eight samples of one pixel; the seventh may not be used, the eighth has a class too many.
  func data(train: [[Int32]], test: [[Int32]]) throws -> FederatedData {
    let images = try LabelledImages(
      pixels: [UInt8](repeating: 0, count: 8), labels: [0, 1, 2, 0, 1, 2, -1, 3], imageSize: 1,
      scaling: .unit)
    return try FederatedData(images: images, classCount: 3, train: train, test: test)
  }

  @Test("disjoint samples with valid labels are taken over in their order")
  func valid() throws {
    let data = try data(train: [[4, 0], [2]], test: [[1], [5, 3]])
    #expect(data.clientCount == 2)
    #expect(data.train == [[4, 0], [2]])
    #expect(data.test == [[1], [5, 3]])
  }

  static let invalidCases: [(train: [[Int32]], test: [[Int32]], message: String)] = [
    (
      [[0], [1]], [[2]],
      "partition: 2 clients with training data and 1 with test data, expected the same number, "
        + "at least 1"
    ),
    (
      [], [],
      "partition: 0 clients with training data and 0 with test data, expected the same number, "
        + "at least 1"
    ),
    (
      [[0], []], [[1], [2, 3]],
      "partition: client 1 has 0 training and 2 test samples, expected at least 1 of each"
    ),
    (
      [[0], [1]], [[], [2]],
      "partition: client 0 has 1 training and 0 test samples, expected at least 1 of each"
    ),
    ([[0, 8]], [[1]], "partition: client 0 has sample 8, the dataset has 8 samples"),
    ([[0]], [[-1]], "partition: client 0 has sample -1, the dataset has 8 samples"),
    ([[0], [6]], [[1], [2]], "partition: client 1's sample 6 has label -1, expected 0 … 2"),
    ([[0]], [[7]], "partition: client 0's sample 7 has label 3, expected 0 … 2"),
    (
      [[0, 0]], [[1]],
      "partition: sample 0 of client 0 is used twice; clients, training and test data must not "
        + "share samples"
    ),
    (
      [[0, 1]], [[1]],
      "partition: sample 1 of client 0 is used twice; clients, training and test data must not "
        + "share samples"
    ),
    (
      [[0], [2]], [[1], [0]],
      "partition: sample 0 of client 1 is used twice; clients, training and test data must not "
        + "share samples"
    ),
  ]

  @Test("anything else is an error that says what and where", arguments: invalidCases)
  func rejects(train: [[Int32]], test: [[Int32]], message: String) {
    #expect(throws: FederationError(message)) { try data(train: train, test: test) }
  }
}
