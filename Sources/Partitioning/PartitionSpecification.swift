import RandomStreams

/// A scheme and a train fraction: all that decides a partition except the dataset and the seed.
public struct PartitionSpecification: Sendable {
  /// The default of the train fraction, the paper's.
  public static let defaultTrainFraction = 0.7

  /// Which client holds which samples.
  public let scheme: any PartitionScheme
  /// The fraction of every client's samples that it trains on, between 0 and 1.
  public let trainFraction: Double

  /// A specification; throws if `trainFraction` is not between 0 and 1.
  public init(
    scheme: any PartitionScheme, trainFraction: Double = defaultTrainFraction
  ) throws(PartitionError) {
    guard trainFraction > 0, trainFraction < 1 else {
      throw PartitionError(
        key: "train_fraction", "found \(trainFraction), expected a number between 0 and 1")
    }
    self.scheme = scheme
    self.trainFraction = trainFraction
  }

  /// Reads the `partition` section of a specification: `scheme`, `train_fraction` (default 0.7) and
  /// the keys of the scheme. Throws at a missing, unknown or impossible one.
  public init(settings: PartitionSettings) throws(PartitionError) {
    let type: any PartitionScheme.Type
    switch settings.values["scheme"] {
    case .text(let name): type = try PartitionSchemes.named(name)
    case nil:
      throw PartitionError(
        key: "scheme",
        "missing, expected one of \(PartitionSchemes.names.joined(separator: ", "))")
    case .some(let other):
      throw PartitionError(
        key: "scheme",
        "found \(other), expected one of \(PartitionSchemes.names.joined(separator: ", "))")
    }
    var reader = PartitionSettingReader(settings, scheme: type.name)
    _ = reader.value("scheme")
    let scheme = try type.init(reading: &reader)
    let trainFraction = try reader.number("train_fraction") ?? Self.defaultTrainFraction
    try reader.finish()
    try self.init(scheme: scheme, trainFraction: trainFraction)
  }

  /// Every setting with its value, defaults included: the scheme's, then `train_fraction`.
  public var settings: [PartitionSetting] {
    scheme.settings + [PartitionSetting("train_fraction", "\(trainFraction)")]
  }

  /// Makes the partition of a dataset.
  ///
  /// Equal arguments give equal partitions: the clients' samples come from
  /// the random stream (seed, partition), the train/test split of client i from (seed, split, i).
  ///
  /// - Parameters:
  ///   - labels: The class of every sample, [sample], in 0 ..< `classCount`; −1 marks a sample that
  ///     is not selected and never used.
  ///   - classCount: The number of classes.
  ///   - seed: The seed of the random streams.
  ///   - dataset: The dataset's name, for the record.
  ///   - datasetSHA256: The digest of the dataset's content, for the record.
  ///   - owners: Whose each sample is, [sample], for the scheme `natural`; empty if the dataset does not say.
  /// - Throws: ``PartitionError`` if the labels are out of range or too few for the scheme.
  public func makePartition(
    labels: [Int32], classCount: Int, seed: UInt64, dataset: String, datasetSHA256: String,
    owners: [Int32] = []
  ) throws(PartitionError) -> Partition {
    let pool = try SamplePool(labels: labels, classCount: classCount, owners: owners)
    var stream = RandomStream(seed: seed, purpose: .partition)
    let clients = try scheme.allocate(pool, using: &stream)
    var train: [[Int32]] = []
    var test: [[Int32]] = []
    for (client, samples) in clients.enumerated() {
      guard samples.count >= 2 else {
        throw PartitionError(
          key: "samples_per_client",
          "client \(client) has \(samples.count), expected at least 2 (one for training and one for "
            + "testing)")
      }
      var stream = RandomStream(seed: seed, purpose: .split, client: client)
      let split = TrainTestSplit(
        samples: samples, labels: labels, classCount: classCount, trainFraction: trainFraction,
        using: &stream)
      train.append(split.train)
      test.append(split.test)
    }
    return try Partition(
      train: train, test: test, labels: labels, classCount: classCount,
      scheme: type(of: scheme).name, settings: settings, seed: seed, dataset: dataset,
      datasetSHA256: datasetSHA256)
  }
}
