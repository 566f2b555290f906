import Support

extension Partition {
  /// The SHA-256 of the partition's content as 64 hexadecimal digits.
  ///
  /// It covers, as little-endian 32-bit integers one after another: the number of classes, the
  /// number of clients, the train samples of each client (their number), all train indices in client
  /// order, the test samples of each client (their number), and all test indices in client order. In
  /// Python, with the arrays as they stand in a partition file:
  ///
  /// ```python
  /// parts = [[class_count, client_count], train_row_size, train_dataset_index,
  ///          test_row_size, test_dataset_index]
  /// hashlib.sha256(b"".join(numpy.asarray(p, "<i4").tobytes() for p in parts)).hexdigest()
  /// ```
  ///
  /// Equal digests mean equal samples in equal order for every client, however they were drawn.
  public var sha256: String {
    Self.digest(train: train, test: test, classCount: classCount)
  }

  static func digest(train: [[Int32]], test: [[Int32]], classCount: Int) -> String {
    var hash = StreamingDigest()
    func update(_ values: [Int32]) {
      values.map(\.littleEndian).withUnsafeBytes { hash.update($0) }
    }
    update([Int32(truncatingIfNeeded: classCount), Int32(truncatingIfNeeded: train.count)])
    for rows in [train, test] {
      update(rows.map { Int32(truncatingIfNeeded: $0.count) })
      for row in rows { update(row) }
    }
    return hash.hexadecimal
  }
}
