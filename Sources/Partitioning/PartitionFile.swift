import HDF5

// The layout, in the root of a partition file or in the group `partition` of a result file:
//
//   client (client), class (class)        dimension scales
//   label_count (client, class)           samples of each class, train and test together
//   train/sample (sample)                 dimension scale
//   train/row_size (client)               train samples of each client
//   train/dataset_index (sample)          their dataset indices, rows one after another
//   test/…                                the same for test
//   attributes: scheme, settings, seed, dataset, dataset_sha256, partition_sha256
//
// `train` and `test` are contiguous ragged arrays of the CF conventions. All numbers are int32.
extension Partition {
  /// Writes a partition file, completely or not at all.
  ///
  /// The file is HDF5 with a dimension scale for every axis; equal partitions give equal bytes.
  /// - Parameters:
  ///   - path: the file.
  ///   - overwrite: Whether a file that is there is replaced.
  /// - Throws: `HDF5Error` if the file exists and must not be replaced, or writing fails.
  public func save(to path: String, overwrite: Bool = false) throws {
    try HDF5File.writeAtomically(to: path, overwrite: overwrite, isSealed: true) { file in
      try file.setAttribute("Conventions", "CF-1.11")
      try file.setAttribute("title", "Partition of \(dataset) over \(clientCount) clients")
      try file.setAttribute("schema_name", Self.schemaName)
      try file.setAttribute("schema_version", Self.schemaVersion)
      let clients = try file.createDimension(
        "client", values: Array(0..<Int32(clientCount)))
      try write(into: file, clientDimension: clients)
    }
  }

  static let schemaName = "pfedla_partition"
  static let schemaVersion: Int32 = 1

  /// Writes the partition into a group of a file, for result files.
  ///
  /// - Parameters:
  ///   - group: An empty group.
  ///   - clientDimension: The dimension of the clients, in the group or in one that holds it.
  /// - Throws: `HDF5Error` if the dimension has another size or writing fails; the group is then
  ///   incomplete.
  public func write(into group: HDF5Group, clientDimension: HDF5Dimension) throws {
    try group.setAttribute("scheme", scheme)
    try group.setAttribute(
      "settings", settings.map { "\($0.key): \($0.value)\n" }.joined())
    try group.setAttribute("seed", Int64(bitPattern: seed))
    try group.setAttribute("dataset", dataset)
    try group.setAttribute("dataset_sha256", datasetSHA256)
    try group.setAttribute("partition_sha256", sha256)
    let classes = try group.createDimension("class", values: Array(0..<Int32(classCount)))
    let labelCount = try group.write(
      "label_count", labelCounts.joined().map { Int32($0) }, axes: [clientDimension, classes],
      storage: .compressed)
    try labelCount.setAttribute(
      "long_name", "samples of a class that a client holds, train and test together")
    for (name, rows) in [("train", train), ("test", test)] {
      let part = try group.createGroup(name)
      let indices = Array(rows.joined())
      let samples = try part.createDimension(
        "sample", values: Array(0..<Int32(indices.count)), storage: .compressed)
      let sizes = try part.write(
        "row_size", rows.map { Int32($0.count) }, axes: [clientDimension], storage: .compressed)
      try sizes.setAttribute("long_name", "\(name) samples of a client")
      try sizes.setAttribute("sample_dimension", "sample")
      let index = try part.write(
        "dataset_index", indices, axes: [samples], storage: .compressed)
      try index.setAttribute(
        "long_name", "index of a \(name) sample in the dataset, clients one after the other")
    }
  }

  /// Loads the partition of a partition file or of a result file, and checks it.
  ///
  /// - Throws: `HDF5Error` if the file is missing, damaged or incomplete; ``PartitionError``
  ///   if the content is invalid or does not match its `partition_sha256`. Whether it belongs to
  ///   a dataset is checked by ``validate(labels:source:)``.
  public static func load(from path: String) throws -> Partition {
    let file = try HDF5File.openForReading(path)
    let isResult = try !file.exists("train") && file.exists("partition")
    return try Partition(reading: isResult ? file.group("partition") : file, source: path)
  }

  /// Reads a partition from a group of a file, and checks it; see ``load(from:)``.
  ///
  /// All attributes may be missing, so that a file from another program needs no more than the five
  /// arrays; what has no `partition_sha256` is not compared with one.
  /// - Parameters:
  ///   - group: The group that holds it.
  ///   - source: The file's name, for errors.
  public init(reading group: HDF5Group, source: String) throws {
    let stored = try group.dataset("label_count")
    let counts = try stored.read(as: Int32.self, shape: [nil, nil])
    let clientCount = stored.shape[0]
    let classCount = stored.shape[1]
    let train = try Self.rows(of: "train", in: group, clientCount: clientCount, source: source)
    let test = try Self.rows(of: "test", in: group, clientCount: clientCount, source: source)
    try PartitionCheck.structure(train: train, test: test, subject: source)
    let labelCounts = (0..<clientCount).map { client in
      counts[client * classCount..<(client + 1) * classCount].map(Int.init)
    }
    for (client, row) in labelCounts.enumerated() {
      let size = train[client].count + test[client].count
      guard row.allSatisfy({ $0 >= 0 }), row.reduce(0, +) == size else {
        throw PartitionError(
          source,
          "label_count gives client \(client) \(row.reduce(0, +)) samples, but it has \(size) train "
            + "and test indices; make the partition again")
      }
    }
    if try group.hasAttribute("partition_sha256") {
      let recorded: String = try group.attribute("partition_sha256")
      let found = Self.digest(train: train, test: test, classCount: classCount)
      guard recorded == found else {
        throw PartitionError(
          source,
          "the content has the SHA-256 \(found), but partition_sha256 says \(recorded); the file was "
            + "changed or damaged; make it again")
      }
    }
    func text(_ name: String, default text: String) throws -> String {
      try group.hasAttribute(name) ? group.attribute(name) : text
    }
    self.init(
      checkedTrain: train, test: test, labelCounts: labelCounts,
      scheme: try text("scheme", default: Self.importedScheme),
      settings: Self.settings(from: try text("settings", default: "")),
      seed: try group.hasAttribute("seed")
        ? UInt64(bitPattern: group.attribute("seed", as: Int64.self)) : 0,
      dataset: try text("dataset", default: ""),
      datasetSHA256: try text("dataset_sha256", default: ""))
  }

  private static func rows(
    of part: String, in group: HDF5Group, clientCount: Int, source: String
  ) throws -> [[Int32]] {
    let sizes: [Int32] = try group.read("\(part)/row_size", shape: [clientCount])
    let indices: [Int32] = try group.read("\(part)/dataset_index", shape: [nil])
    if let client = sizes.firstIndex(where: { $0 < 0 }) {
      throw PartitionError(
        source,
        "\(part)/row_size gives client \(client) \(sizes[client]) samples, expected 0 or more")
    }
    let total = sizes.reduce(0) { $0 + Int($1) }
    guard total == indices.count else {
      throw PartitionError(
        source,
        "\(part)/row_size adds up to \(total) samples, but \(part)/dataset_index holds "
          + "\(indices.count), expected the same number")
    }
    var start = 0
    return sizes.map { size in
      defer { start += Int(size) }
      return Array(indices[start..<start + Int(size)])
    }
  }

  private static func settings(from text: String) -> [PartitionSetting] {
    text.split(separator: "\n").map { line in
      let parts = line.split(separator: ": ", maxSplits: 1, omittingEmptySubsequences: false)
      return PartitionSetting(String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }
  }
}
