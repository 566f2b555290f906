import Experiments
import HDF5

// The file of merged results; its layout is documented in Documentation/results-format.md.
extension MergedResults {
  static let schemaName = "pfedla_merged_results"
  static let schemaVersion: Int32 = 1
  /// The most values of an array.
  private static let mostValues = 1 << 30

  /// Writes one HDF5 file whose axes are labelled with dimension scales, so that netCDF readers see the
  /// coordinates; what a result does not have is NaN, or empty text. Equal results give equal bytes. Throws
  /// `HDF5Error` where that fails, `SpecificationError` where the results are too many for one file.
  public func write(to path: String, overwrite: Bool) throws {
    try requireSize()
    try HDF5File.writeAtomically(to: path, overwrite: overwrite, isSealed: true) { file in
      for (name, value) in [
        ("Conventions", "CF-1.11"), ("title", "\(runs.count) results of pfedla"),
        ("schema_name", Self.schemaName), ("code_version", CodeVersion.current),
      ] {
        try file.setAttribute(name, value)
      }
      try file.setAttribute("schema_version", Self.schemaVersion)
      let axes = Axes(
        method: try file.createDimension("method", values: methods.map(\.label)),
        seed: try file.createDimension("seed", longValues: seeds.map { Int64(clamping: $0) }),
        setting: try file.createDimension("setting", values: settings.map(\.label)),
        round: try file.createDimension("round", values: (0..<roundCount).map { Int32($0 + 1) }),
        client: try file.createDimension("client", values: (0..<clientCount).map(Int32.init)))
      let coordinates = try writeCoordinates(file, axes)
      try writeTexts(file, axes)
      try writeNumbers(file, axes, coordinates: coordinates)
    }
  }

  private struct Axes {
    let method: HDF5Dimension
    let seed: HDF5Dimension
    let setting: HDF5Dimension
    let round: HDF5Dimension
    let client: HDF5Dimension

    var ofRuns: [HDF5Dimension] { [method, seed, setting] }
  }

  private func requireSize() throws {
    let most = Self.mostValues
    var size = 1
    for extent in [methods.count, seeds.count, settings.count, roundCount, clientCount] {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= most else {
        throw SpecificationError(
          "merging \(methods.count) methods, \(seeds.count) seeds, \(settings.count) settings, "
            + "\(roundCount) rounds and \(clientCount) clients makes more than \(most) values in one array; "
            + "merge fewer results")
      }
      size = product
    }
  }

  /// What is known of a method or a setting, as further coordinates of its axis.
  /// - Returns: their names.
  private func writeCoordinates(_ file: HDF5File, _ axes: Axes) throws -> [String] {
    func runOf(_ method: Int) -> Run? {
      runs.filter { $0.key.method == method }.min { $0.value.seed < $1.value.seed }?.value
    }
    let ofMethods = methods.indices.map(runOf)
    try file.write(
      "method_title", ofMethods.map { $0?.methodTitle ?? "" }, axes: [axes.method])
    try file.write(
      "reported_model", ofMethods.map { $0?.reportedModel ?? "" }, axes: [axes.method])
    var names = ["method_title", "reported_model"]
    for key in settingKeys {
      let name = String(key.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
      let values = settings.map { $0.values[key] ?? "" }
      let numbers = values.compactMap(Double.init)
      // Where every setting has a number, it can be selected and plotted as one.
      if numbers.count == values.count {
        try file.write(name, numbers, axes: [axes.setting])
      } else {
        try file.write(name, values, axes: [axes.setting])
      }
      names.append(name)
    }
    return names
  }

  private func writeTexts(_ file: HDF5File, _ axes: Axes) throws {
    for (name, meaning, text) in [
      ("status", "complete, or diverged; empty where there is no result", \Run.status),
      ("partition_sha256", "digest of the partition", \Run.partitionSHA256),
      ("numbers_sha256", "digest of the numbers of the result", \Run.numbersSHA256),
    ] {
      let places = methods.indices.flatMap { method in
        block(method, rows: 1, columns: 1, missing: "") { ([$0[keyPath: text]], 1) }
      }
      let dataset = try file.write(name, places, axes: axes.ofRuns)
      try dataset.setAttribute("long_name", meaning)
    }
  }

  private func writeNumbers(_ file: HDF5File, _ axes: Axes, coordinates: [String]) throws {
    func write<Number: HDF5Element & BinaryFloatingPoint>(
      _ name: String, _ meaning: String, units: String = "1", _ inner: [HDF5Dimension],
      _ values: (Run) -> ([Number], Int)
    ) throws {
      let dataset = try file.createDataset(
        name, of: Number.self, axes: axes.ofRuns + inner, storage: .compressed, missingAsNaN: true)
      let rows = inner.count == 2 ? inner[0].count : 1
      for method in methods.indices {
        try dataset.writeRows(
          block(
            method, rows: rows, columns: inner.last?.count ?? 1, missing: Number.nan, values),
          from: method)
      }
      try dataset.setAttribute("long_name", meaning)
      try dataset.setAttribute("units", units)
      try dataset.setAttribute("coordinates", coordinates.joined(separator: " "))
    }
    let (ofRoundAndClient, ofClient) = ([axes.round, axes.client], [axes.client])
    for (name, key) in RunRecord.matrices {
      try write(name, RunRecord.longNames[name] ?? name, ofRoundAndClient) {
        ($0.record[keyPath: key], $0.record.clientCount)
      }
    }
    for (name, key) in RunRecord.countMatrices {
      try write(name, RunRecord.longNames[name] ?? name, ofRoundAndClient) {
        ($0.record[keyPath: key].map(Double.init), $0.record.clientCount)
      }
    }
    try write("participated", "whether the client took part in the round, 1 or 0", ofRoundAndClient)
    {
      ($0.record.participated.map { $0 ? Float(1) : 0 }, $0.record.clientCount)
    }
    for (name, counts) in [("train_count", \Run.trainCounts), ("test_count", \Run.testCounts)] {
      try write(name, "samples of the client's \(name.prefix { $0 != "_" }) data", ofClient) {
        ($0[keyPath: counts].map(Double.init), $0.record.clientCount)
      }
    }
    try write(
      "diverged_round", "first round in which a value of the client was not finite; 0: none",
      ofClient
    ) { ($0.record.divergedRounds.map(Double.init), $0.record.clientCount) }
    for (name, bytes, direction) in [
      ("uplink_bytes", \RunRecord.uplinkBytes, "from all participants to the server"),
      ("downlink_bytes", \RunRecord.downlinkBytes, "from the server to all participants"),
    ] {
      try write(
        name, "bytes sent in the round \(direction), as float32", units: "byte", [axes.round]
      ) { ($0.record[keyPath: bytes], $0.record.roundCount) }
    }
  }

  /// The values of one method's runs, axes (seed, setting, row, column), row-major.
  /// - Parameter values: a run's values, row-major, and how many a row of them has: at most `columns`.
  private func block<Value>(
    _ method: Int, rows: Int, columns: Int, missing: Value, _ values: (Run) -> ([Value], Int)
  ) -> [Value] {
    var block = [Value](
      repeating: missing, count: seeds.count * settings.count * rows * columns)
    for (place, run) in runs where place.method == method {
      let start = (place.seed * settings.count + place.setting) * rows * columns
      let (values, width) = values(run)
      for row in 0..<(width == 0 ? 0 : values.count / width) {
        let first = start + row * columns
        block.replaceSubrange(first..<first + width, with: values[row * width..<(row + 1) * width])
      }
    }
    return block
  }
}
