import Experiments
import Support

// The numbers of a row.
extension Comparison {
  static func row(_ group: Group, _ columns: [Column]) -> Row? {
    guard let first = group.runs.first else { return nil }
    let runs = group.finite
    return Row(
      method: first.methodTitle, dataset: first.markedDataset, datasetName: first.dataset,
      origin: first.origin, scheme: first.partitionScheme,
      settings: columns.map { column in
        // Twelve digits of a digest are enough to distinguish files.
        column.keys == ["dataset_sha256"]
          ? String(column.value(of: group).prefix(12)) : column.value(of: group)
      },
      seeds: group.runs.map(\.seed), divergedCount: group.runs.count - runs.count,
      received: accuracy(runs, \.testAccuracyReceived),
      trained: accuracy(runs, \.testAccuracyTrained), rounds: first.record.roundCount,
      uplinkMegabytes: runs.map { $0.record.uplinkBytes.mean / Megabyte.bytes }.mean,
      downlinkMegabytes: runs.map { $0.record.downlinkBytes.mean / Megabyte.bytes }.mean,
      seconds: group.runs.map { RunSidecar.seconds(of: $0) ?? .nan }.mean,
      numericsVersion: first.numericsVersion)
  }

  static func accuracy(_ runs: [RunResult], _ key: KeyPath<RunRecord, [Float]>) -> Accuracy {
    let perRun = runs.map { run -> (mean: Double, deviation: Double) in
      guard let round = run.record.lastEvaluatedRound else { return (.nan, .nan) }
      // Without clients that are not evaluated.
      let values = run.record[keyPath: key][run.record.places(ofRound: round)]
        .filter { !$0.isNaN }.map { 100 * Double($0) }
      return (values.mean, values.standardDeviation)
    }
    return Accuracy(
      mean: perRun.map(\.mean).mean, clientDeviation: perRun.map(\.deviation).mean,
      seedDeviation: perRun.map(\.mean).standardDeviation)
  }
}

extension RunResult {
  /// The dataset's name, marked where its files are not the published ones.
  var markedDataset: String {
    dataset + ([.published, .own].contains(origin) ? "" : " (\(origin.rawValue))")
  }
}
