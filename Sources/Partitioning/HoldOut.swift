import RandomStreams

extension Partition {
  /// A partition for choosing hyperparameters: a share of each client's training samples, stratified
  /// by class, becomes its test samples; this partition's own test samples are left out altogether.
  ///
  /// Drawn from the stream (the partition's seed, split, round 1, client): round 0 made the split
  /// into training and test samples.
  /// - Parameters:
  ///   - share: The part of the training samples to hold out, above 0 and below 1.
  ///   - labels: The class of every sample of the dataset, [sample].
  /// - Throws: `PartitionError` for another share, or a client with a single training sample.
  public func holdingOut(share: Double, labels: [Int32]) throws(PartitionError) -> Partition {
    guard share > 0, share < 1 else {
      throw PartitionError("--share", "found \(share), expected a number between 0 and 1")
    }
    var newTrain: [[Int32]] = []
    var validation: [[Int32]] = []
    for (client, samples) in train.enumerated() {
      guard samples.count >= 2 else {
        throw PartitionError(
          PartitionCheck.inMemory,
          "client \(client) has one training sample, expected at least 2 to hold one out")
      }
      var stream = RandomStream(seed: seed, purpose: .split, round: 1, client: client)
      let split = TrainTestSplit(
        samples: samples, labels: labels, classCount: classCount, trainFraction: 1 - share,
        using: &stream)
      newTrain.append(split.train)
      validation.append(split.test)
    }
    return try Partition(
      train: newTrain, test: validation, labels: labels, classCount: classCount, scheme: scheme,
      settings: settings + [PartitionSetting("held_out_share_of_training_data", "\(share)")],
      seed: seed, dataset: dataset, datasetSHA256: datasetSHA256)
  }
}
