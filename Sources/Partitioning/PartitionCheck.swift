/// What makes a partition sound.
public enum PartitionCheck {
  /// The subject of errors about a partition that did not come from a file.
  public static let inMemory = "partition"

  /// Checks what can be seen without the dataset: as many train as test rows, no empty one, no
  /// negative index, no sample twice.
  static func structure(
    train: [[Int32]], test: [[Int32]], subject: String
  ) throws(PartitionError) {
    guard train.count == test.count else {
      throw PartitionError(
        subject,
        "has train samples of \(train.count) clients and test samples of \(test.count), expected "
          + "the same clients")
    }
    guard !train.isEmpty else {
      throw PartitionError(subject, "has no clients, expected at least 1")
    }
    for (part, rows) in [("train", train), ("test", test)] {
      for (client, row) in rows.enumerated() {
        guard !row.isEmpty else {
          throw PartitionError(
            subject, "client \(client) has no \(part) samples, expected at least 1")
        }
        if let negative = row.first(where: { $0 < 0 }) {
          throw PartitionError(
            subject, "client \(client) has the \(part) index \(negative), expected 0 or more")
        }
      }
    }
    try repeats(train: train, test: test, subject: subject)
  }

  /// Throws if a sample occurs twice, with both places. Sorts, so that a huge index from outside
  /// costs no memory.
  private static func repeats(
    train: [[Int32]], test: [[Int32]], subject: String
  ) throws(PartitionError) {
    // The index in the upper half, the place (client, test or train) in the lower.
    var places: [UInt64] = []
    places.reserveCapacity(2 * train.reduce(0) { $0 + $1.count })
    for (part, rows) in [train, test].enumerated() {
      for (client, row) in rows.enumerated() {
        let place = UInt64(client) << 1 | UInt64(part)
        for index in row { places.append(UInt64(UInt32(bitPattern: index)) << 32 | place) }
      }
    }
    places.sort()
    for (first, second) in zip(places, places.dropFirst()) where first >> 32 == second >> 32 {
      throw PartitionError(
        subject,
        "sample \(first >> 32) occurs twice, in \(name(first)) and \(name(second)); every sample "
          + "may occur once only")
    }
  }

  private static func name(_ place: UInt64) -> String {
    let low = place & 0xFFFF_FFFF
    return "the \(low & 1 == 0 ? "train" : "test") samples of client \(low >> 1)"
  }

  /// Checks the indices against the labels of the dataset, [sample].
  static func range(
    train: [[Int32]], test: [[Int32]], labels: [Int32], classCount: Int, subject: String
  ) throws(PartitionError) {
    for (part, rows) in [("train", train), ("test", test)] {
      for (client, row) in rows.enumerated() {
        for index in row {
          guard labels.indices.contains(Int(index)) else {
            throw PartitionError(
              subject,
              "client \(client) has the \(part) index \(index), expected 0 to \(labels.count - 1), "
                + "the samples of the dataset")
          }
          let label = labels[Int(index)]
          guard label != -1 else {
            throw PartitionError(
              subject,
              "client \(client) has the \(part) index \(index), a sample that the selection of classes "
                + "leaves out")
          }
          guard label >= 0, label < classCount else {
            throw PartitionError(
              subject,
              "client \(client) has the \(part) index \(index) with the label \(label), expected 0 "
                + "to \(classCount - 1)")
          }
        }
      }
    }
  }
}
