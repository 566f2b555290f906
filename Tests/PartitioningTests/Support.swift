import TestSupport
import Foundation
import Partitioning

/// A dataset's labels with `perClass` samples of each class, the classes mixed.
func evenLabels(classes: Int, perClass: Int) -> [Int32] {
  (0..<classes * perClass).map { Int32($0 % classes) }
}

/// A partition by `scheme` with made-up names for the record.
func makePartition(
  _ scheme: any PartitionScheme, labels: [Int32], classCount: Int, seed: UInt64 = 1,
  trainFraction: Double = 0.7
) throws -> Partition {
  try PartitionSpecification(scheme: scheme, trainFraction: trainFraction).makePartition(
    labels: labels, classCount: classCount, seed: seed, dataset: "letters",
    datasetSHA256: String(repeating: "ab", count: 32))
}

/// The line that `body` fails with, or `nothing thrown`.
func errorLine(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "nothing thrown"
  } catch {
    return "\(error)"
  }
}

/// The line that the `partition` section `settings` fails with on 100 samples of each of 10 classes.
func errorLine(settings: [String: PartitionSettings.Value], perClass: Int = 100) -> String {
  errorLine {
    _ = try PartitionSpecification(settings: PartitionSettings(settings)).makePartition(
      labels: evenLabels(classes: 10, perClass: perClass), classCount: 10, seed: 1,
      dataset: "letters", datasetSHA256: "")
  }
}
