import HDF5

/// What a result was made from: the dataset's files and the partition, by their digests.
public struct RunInputs: Sendable, Equatable {
  /// A file of the dataset.
  public struct File: Sendable, Equatable {
    /// Its official name.
    public let name: String
    /// The SHA-256 of its content.
    public let sha256: String
  }

  /// The result's file.
  public let path: String
  /// The dataset's name and the splits read of it: which files a run reads.
  public let dataset: String
  /// One digest over all the files.
  public let datasetSHA256: String
  /// The files, in order.
  public let files: [File]
  /// The digest of the partition.
  public let partitionSHA256: String
}

extension RunInputs {
  /// Reads the inputs of a result from its open file. Throws `HDF5Error` naming what is missing.
  init(
    _ file: HDF5File, path: String, keys: [(key: String, value: String)],
    partitionSHA256: String
  ) throws {
    self.path = path
    dataset = Self.dataset(keys)
    self.partitionSHA256 = partitionSHA256
    datasetSHA256 = try file.readValue("provenance/dataset_sha256")
    let lines: String = try file.readValue("provenance/dataset_files")
    files = lines.split(separator: "\n").map { line in
      let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
      return File(
        name: parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "",
        sha256: parts.first.map(String.init) ?? "")
    }
  }

  /// What decides which files a run reads: the keys `dataset.name` and `dataset.splits`.
  static func dataset(_ keys: [(key: String, value: String)]) -> String {
    ["dataset.name", "dataset.splits"]
      .compactMap { key in keys.first { $0.key == key }?.value }.joined(separator: " ")
  }

  /// A sentence for each dataset whose runs were made from different files.
  static func disagreements(_ inputs: [RunInputs]) -> [String] {
    Set(inputs.map(\.dataset)).sorted().compactMap { dataset in
      let groups = Dictionary(
        grouping: inputs.filter { $0.dataset == dataset }, by: \.datasetSHA256
      )
      .values.sorted { ($0.count, $1[0].path) > ($1.count, $0[0].path) }
      guard groups.count > 1 else { return nil }
      let others = groups.dropFirst().joined()
      return "Runs on different files of \(dataset): \(others.count) of "
        + "\(groups.reduce(0) { $0 + $1.count }) results, such as \(groups[1][0].path), "
        + "\(others.count == 1 ? "was" : "were") made from other files than the rest; their numbers must not be compared."
    }
  }
}
