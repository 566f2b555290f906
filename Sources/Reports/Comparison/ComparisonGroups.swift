import Experiments

// Which runs are one row: those that differ by their seeds alone.
extension Comparison {
  static let partitionSeed = "partition.seed"
  static let statistics = "model.batch_normalisation_statistics"

  /// The rows of a group. Seeds of the partition belong to the seeds of the runs, unless several runs have
  /// the same seed: then partitions are not repetitions of one thing, and each has its own row.
  static func splitByPartition(_ group: Group) throws -> [Group] {
    func seedsAreDistinct(_ runs: [RunResult]) -> Bool {
      Set(runs.map(\.seed)).count == runs.count
    }
    guard !seedsAreDistinct(group.runs) else { return [group] }
    func partitionSeed(_ run: RunResult) -> String { run.setting(Self.partitionSeed) ?? "" }
    func isOwn(_ run: RunResult) -> Bool { partitionSeed(run) == "\(run.seed)" }
    // Either by its value, or with those together that the run's seed decides: what makes fewer rows.
    let ways: [(RunResult) -> String] = [
      partitionSeed, { isOwn($0) ? "seed" : partitionSeed($0) },
    ]
    let splits = ways.map { value in
      Dictionary(grouping: group.runs, by: value).sorted { $0.key < $1.key }
    }.filter { $0.allSatisfy { seedsAreDistinct($0.value) } }
    guard let split = splits.min(by: { $0.count < $1.count }) else {
      let pair = group.runs.lazy.compactMap { run in
        group.runs.first {
          $0.path != run.path && $0.seed == run.seed && partitionSeed($0) == partitionSeed(run)
        }.map { (run, $0) }
      }.first
      throw SpecificationError(
        "\(pair?.0.path ?? "") and \(pair?.1.path ?? ""): two partitions with the same seed "
          + "\(pair?.0.seed ?? 0), the same settings and the same partition.seed, expected one; give one "
          + "of them")
    }
    return split.map { value, runs in
      var part = Group(identity: group.identity, runs: runs)
      part.identity[Self.partitionSeed] = value
      return part
    }
  }

  /// Keys that distinguish seeds, and what to do on divergence, which changes no other run.
  static let seedKeys: Set = [
    "seed", partitionSeed, RunSetting.partitionDigestKey, "on_divergence",
  ]
  /// Keys that have their own columns.
  static let ownColumns: Set = ["method", "dataset.name", "partition.scheme", "rounds"]

  static func identity(of result: RunResult) -> [String: String] {
    var identity: [String: String] = [:]
    for (key, value) in result.resolvedSpecification where !seedKeys.contains(key) {
      identity[key] = value
    }
    // A result from before a key is what one with its neutral value is.
    for (key, value) in RunKey.neutralValues where identity[key] == nil { identity[key] = value }
    // How statistics travel changes nothing if there are none.
    if identity["model.batch_normalisation"] == "false" { identity[statistics] = nil }
    // What the specification does not say.
    identity["method"] = result.method
    identity["dataset"] = result.dataset
    identity["partition.scheme"] = result.partitionScheme
    identity["data"] = result.origin.rawValue
    identity["dataset_sha256"] = result.inputs.datasetSHA256
    identity["numerics_version"] = "\(result.numericsVersion)"
    return identity
  }

  static func requireDistinct(_ results: [RunResult]) throws {
    var known: [[String: String]: RunResult] = [:]
    for result in results {
      var key = identity(of: result)
      key["seed"] = "\(result.seed)"
      key[RunSetting.partitionDigestKey] = result.partitionSHA256
      if let other = known[key] {
        throw SpecificationError(
          other.path == result.path
            ? "\(result.path): given twice, expected each result once"
            : "\(other.path) and \(result.path): two results of one run (\(result.method), seed "
              + "\(result.seed), the same settings); give one of them")
      }
      known[key] = result
    }
  }
}
