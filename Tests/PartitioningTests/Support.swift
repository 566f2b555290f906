import TestSupport
import Foundation
import Partitioning

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
