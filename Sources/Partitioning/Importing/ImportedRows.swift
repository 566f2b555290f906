/// The dataset indices of each client as a file from elsewhere lists them.
struct ImportedRows {
  /// [client][sample]
  var train: [[Int]]
  /// [client][sample]
  var test: [[Int]]

  /// Clients with the same train and test rows.
  init(train: [[Int]], test: [[Int]]) { (self.train, self.test) = (train, test) }

  /// Rows of a table: the client, the split and the dataset index of each sample. Throws `PartitionError` naming the
  /// row if a number does not fit.
  init(_ table: some Collection<(client: Int, split: String, index: Int)>, source: String) throws {
    let most = table.count
    for (row, entry) in table.enumerated() {
      // More clients than samples would leave one without.
      guard (0..<most).contains(entry.client) else {
        throw PartitionError(
          source,
          "row \(row + 1): found the client \(entry.client), expected 0 to the number of clients − 1"
        )
      }
      guard ["train", "test"].contains(entry.split) else {
        throw PartitionError(
          source,
          "row \(row + 1): found the split \"\(PartitionImport.short(entry.split))\", expected train or test"
        )
      }
    }
    let count = (table.map(\.client).max() ?? -1) + 1
    train = Array(repeating: [], count: count)
    test = train
    for entry in table {
      if entry.split == "train" {
        train[entry.client].append(entry.index)
      } else {
        test[entry.client].append(entry.index)
      }
    }
  }
}
