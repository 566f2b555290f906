/// Which samples of a dataset each client trains and tests on.
///
/// A value of this type is valid: every client has train and test samples, no sample occurs twice,
/// none is unselected. It is made by a ``PartitionSpecification``, loaded from a file, or brought
/// from elsewhere.
public struct Partition: Equatable, Sendable {
  /// The scheme name of a partition that no scheme here has made.
  public static let importedScheme = "imported"

  /// The dataset indices that each client trains on, [client][sample].
  public let train: [[Int32]]
  /// The dataset indices that each client tests on, [client][sample].
  public let test: [[Int32]]
  /// The samples of each class that each client holds, train and test together, [client][class].
  public let labelCounts: [[Int]]
  /// The name of the scheme that made it, or ``importedScheme``.
  public let scheme: String
  /// The scheme's settings, for the record.
  public let settings: [PartitionSetting]
  /// The seed that it was drawn with; 0 if none was.
  public let seed: UInt64
  /// The name of the dataset.
  public let dataset: String
  /// The SHA-256 of the dataset's content as 64 hexadecimal digits; empty if it is unknown.
  public let datasetSHA256: String

  /// A partition of the dataset with these labels; throws ``PartitionError`` if it is not sound.
  ///
  /// - Parameters:
  ///   - train: The dataset indices that each client trains on, [client][sample].
  ///   - test: The dataset indices that each client tests on, [client][sample].
  ///   - labels: The class of every sample of the dataset, [sample]; −1 for one not selected.
  ///   - classCount: The number of classes.
  ///   - scheme: The name of the scheme.
  ///   - settings: The scheme's settings, for the record.
  ///   - seed: The seed, for the record.
  ///   - dataset: The dataset's name, for the record.
  ///   - datasetSHA256: The digest of the dataset's content, for the record.
  public init(
    train: [[Int32]], test: [[Int32]], labels: [Int32], classCount: Int,
    scheme: String = importedScheme, settings: [PartitionSetting] = [], seed: UInt64 = 0,
    dataset: String = "", datasetSHA256: String = ""
  ) throws(PartitionError) {
    try PartitionCheck.structure(train: train, test: test, subject: PartitionCheck.inMemory)
    try PartitionCheck.range(
      train: train, test: test, labels: labels, classCount: classCount,
      subject: PartitionCheck.inMemory)
    self.init(
      checkedTrain: train, test: test,
      labelCounts: Self.countLabels(
        train: train, test: test, labels: labels, classCount: classCount),
      scheme: scheme, settings: settings, seed: seed, dataset: dataset,
      datasetSHA256: datasetSHA256)
  }

  /// A partition whose parts were checked by the caller.
  init(
    checkedTrain train: [[Int32]], test: [[Int32]], labelCounts: [[Int]], scheme: String,
    settings: [PartitionSetting], seed: UInt64, dataset: String, datasetSHA256: String
  ) {
    self.train = train
    self.test = test
    self.labelCounts = labelCounts
    self.scheme = scheme
    self.settings = settings
    self.seed = seed
    self.dataset = dataset
    self.datasetSHA256 = datasetSHA256
  }

  /// The number of clients.
  public var clientCount: Int { train.count }

  /// The number of classes.
  public var classCount: Int { labelCounts.first?.count ?? 0 }

  /// Checks that the partition belongs to the dataset with these labels, [sample]: all indices in
  /// range, none of an unselected sample, and the class counts as recorded. For partitions that were
  /// loaded. Throws ``PartitionError``, its subject `source`, at the first thing that is wrong.
  public func validate(
    labels: [Int32], source: String = PartitionCheck.inMemory
  ) throws(PartitionError) {
    try PartitionCheck.range(
      train: train, test: test, labels: labels, classCount: classCount, subject: source)
    let counts = Self.countLabels(
      train: train, test: test, labels: labels, classCount: classCount)
    for (client, (found, recorded)) in zip(counts, labelCounts).enumerated() {
      for index in 0..<classCount where found[index] != recorded[index] {
        throw PartitionError(
          source,
          "client \(client) has \(found[index]) samples of class \(index) in the dataset, but the "
            + "partition records \(recorded[index]); it was made for other data")
      }
    }
  }

  private static func countLabels(
    train: [[Int32]], test: [[Int32]], labels: [Int32], classCount: Int
  ) -> [[Int]] {
    zip(train, test).map { train, test in
      var counts = [Int](repeating: 0, count: classCount)
      for index in train { counts[Int(labels[Int(index)])] += 1 }
      for index in test { counts[Int(labels[Int(index)])] += 1 }
      return counts
    }
  }
}
