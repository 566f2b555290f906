import Partitioning

/// A dataset's labels with `perClass` samples of each class, the classes mixed.
public func evenLabels(classes: Int, perClass: Int) -> [Int32] {
  (0..<classes * perClass).map { Int32($0 % classes) }
}

/// A partition by `scheme` with made-up names for the record.
public func makePartition(
  _ scheme: any PartitionScheme, labels: [Int32], classCount: Int, seed: UInt64 = 1,
  trainFraction: Double = 0.7
) throws -> Partition {
  try PartitionSpecification(scheme: scheme, trainFraction: trainFraction).makePartition(
    labels: labels, classCount: classCount, seed: seed, dataset: "letters",
    datasetSHA256: String(repeating: "ab", count: 32))
}
