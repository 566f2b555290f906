import HDF5

// A record as it lies in files: in a checkpoint whole, in a result as arrays among others.
extension RunRecord {
  /// Writes all of it into a checkpoint's group.
  func write(toCheckpoint group: HDF5Group) throws {
    let shape = [roundCount, clientCount]
    for (name, key) in Self.matrices { try group.write(name, self[keyPath: key], shape: shape) }
    for (name, key) in Self.countMatrices {
      try group.write(name, self[keyPath: key], shape: shape)
    }
    try group.write("participated", participated, shape: shape)
    try group.write("dropped_out", droppedOut, shape: shape)
    for (name, key) in Self.commonTest {
      try group.write(name, self[keyPath: key], shape: [roundCount])
    }
    try group.write("uplink_bytes", uplinkBytes, shape: [roundCount])
    try group.write("downlink_bytes", downlinkBytes, shape: [roundCount])
    try group.write("recorded_rounds", recordedRounds, shape: [recordedRounds.count])
    try group.write("weights", weights, shape: [weights.count])
    try group.write("retained", retained, shape: [retained.count])
    try group.write("class_count_rounds", classCountRounds, shape: [classCountRounds.count])
    try group.write("correct_received", correctReceived, shape: [correctReceived.count])
    try group.write("correct_trained", correctTrained, shape: [correctTrained.count])
    try confusion?.write(toCheckpoint: group)
    try group.write("diverged_rounds", divergedRounds, shape: [clientCount])
  }

  /// Why a checkpoint's group does not hold the record of a run.
  struct Misfit: Error {
    let reason: String
  }

  /// Reads what `write(toCheckpoint:)` wrote, every size checked against the run's, since all of it is
  /// indexed later.
  /// - Parameters:
  ///   - empty: a record of the run's shape.
  ///   - round: the last round that the checkpoint holds.
  /// - Throws: `Misfit`, or `HDF5Error` for arrays that are missing or of another shape.
  init(checkpoint group: HDF5Group, empty: RunRecord, round: Int) throws {
    self = empty
    let shape: [Int?] = [roundCount, clientCount]
    for (name, key) in Self.matrices { self[keyPath: key] = try group.read(name, shape: shape) }
    for (name, key) in Self.countMatrices {
      self[keyPath: key] = try group.read(name, shape: shape)
    }
    participated = try group.read("participated", shape: shape)
    // Version 0.2.0's first checkpoints have none of these.
    if try group.exists("dropped_out") { droppedOut = try group.read("dropped_out", shape: shape) }
    for (name, key) in Self.commonTest where try group.exists(name) {
      self[keyPath: key] = try group.read(name, shape: [roundCount])
    }
    uplinkBytes = try group.read("uplink_bytes", shape: [roundCount])
    downlinkBytes = try group.read("downlink_bytes", shape: [roundCount])
    recordedRounds = try group.read("recorded_rounds", shape: [nil])
    try Self.requireAscending(recordedRounds, "/record/recorded_rounds", upTo: round)
    let rows = weightRowCount(rounds: recordedRounds.count)
    weights = try group.read("weights", shape: [rows * clientCount])
    retained = try group.read("retained", shape: [nil])
    guard retained.isEmpty || retained.count == rows else {
      throw Misfit(reason: "\(retained.count) retained layers, expected \(rows)")
    }
    classCountRounds = try group.read("class_count_rounds", shape: [nil])
    try Self.requireAscending(classCountRounds, "/record/class_count_rounds", upTo: round)
    let count = classCountRounds.count * clientCount * classCount
    correctReceived = try group.read("correct_received", shape: [count])
    correctTrained = try group.read("correct_trained", shape: [count])
    confusion = try ClassConfusion(
      checkpoint: group, records: classCountRounds.count, clientCount: clientCount,
      classCount: classCount)
    divergedRounds = try group.read("diverged_rounds", shape: [clientCount])
  }

  private static func ascend(_ rounds: [Int32], upTo last: Int) -> Bool {
    rounds.allSatisfy { (1...last).contains(Int($0)) }
      && zip(rounds, rounds.dropFirst()).allSatisfy { $0 < $1 }
  }

  /// The most rounds and clients of a result that is read.
  private static let (mostRounds, mostClients) = (10_000_000, 1_000_000)
  /// The most values of a matrix that is read.
  static let mostValues = 1 << 30

  /// Reads the arrays of a result file, each checked for its size and its values, since all of it is
  /// indexed later. What files of schema version 1 do not have stays empty.
  /// - Throws: `HDF5Error` for arrays that are missing or of another shape, `Misfit` for values that no run
  ///   measures.
  init(result file: HDF5File, clientCount: Int, layerCount: Int, classCount: Int) throws {
    let roundCount = try file.dataset("round").count
    guard (1...Self.mostRounds).contains(roundCount), (1...Self.mostClients).contains(clientCount),
      (1...10_000).contains(layerCount), roundCount * clientCount <= Self.mostValues
    else {
      throw Misfit(
        reason:
          "\(roundCount) rounds of \(clientCount) clients with \(layerCount) layers are no run")
    }
    let shape: [Int?] = [roundCount, clientCount]
    // Before there is room for all of them.
    for (name, _) in Self.matrices where try file.dataset(name).shape != shape {
      throw Misfit(
        reason:
          "/\(name): its shape is \(try file.dataset(name).shape), expected \([roundCount, clientCount])"
      )
    }
    self.init(
      roundCount: roundCount, clientCount: clientCount, layerCount: layerCount,
      classCount: classCount)
    try Self.require(file.read("round", shape: [roundCount]), "/round", "1, 2, 3, …") {
      $0 == Int32($1 + 1)
    }
    try Self.require(file.read("client", shape: [clientCount]), "/client", "0, 1, 2, …") {
      $0 == Int32($1)
    }
    for (name, key) in Self.matrices {
      let values: [Float] = try file.read(name, shape: shape)
      // A loss is infinite where a model diverged.
      let highest: Float = name.contains("accuracy") ? 1 : .infinity
      try Self.require(values, "/\(name)", highest == 1 ? "0 … 1 or NaN" : "at least 0 or NaN") {
        value, _ in
        value.isNaN || (value >= 0 && value <= highest)
      }
      self[keyPath: key] = values
    }
    for (name, key) in Self.countMatrices where try file.exists(name) {
      self[keyPath: key] = try file.read(name, shape: shape)
      try Self.require(self[keyPath: key], "/\(name)", "at least 0") { count, _ in count >= 0 }
    }
    participated = try file.read("participated", shape: shape)
    if try file.exists("dropped_out") { droppedOut = try file.read("dropped_out", shape: shape) }
    for (name, key) in Self.commonTest where try file.exists(name) {
      let values: [Float] = try file.read(name, shape: [roundCount])
      let highest: Float = name.contains("accuracy") ? 1 : .infinity
      try Self.require(values, "/\(name)", "at least 0 or NaN, an accuracy at most 1") { value, _ in
        value.isNaN || (value >= 0 && value <= highest)
      }
      self[keyPath: key] = values
    }
    uplinkBytes = try file.read("uplink_bytes", shape: [roundCount])
    downlinkBytes = try file.read("downlink_bytes", shape: [roundCount])
    for (name, values) in [("uplink_bytes", uplinkBytes), ("downlink_bytes", downlinkBytes)] {
      try Self.require(values, "/\(name)", "a finite number of at least 0") { bytes, _ in
        bytes >= 0 && bytes.isFinite
      }
    }
    try readAggregation(file)
    try readClassCounts(file)
    if try file.exists("diverged_round") {
      divergedRounds = try file.read("diverged_round", shape: [clientCount])
      try Self.require(divergedRounds, "/diverged_round", "0 … \(roundCount)") { round, _ in
        (0...roundCount).contains(Int(round))
      }
    }
  }

  private mutating func readAggregation(_ file: HDF5File) throws {
    guard try file.exists("aggregation") else { return }
    let group = try file.group("aggregation")
    recordedRounds = try group.read("recorded_round", shape: [nil])
    try Self.requireAscending(recordedRounds, "/aggregation/recorded_round", upTo: roundCount)
    let shape = [recordedRounds.count, clientCount, layerCount]
    weights = try group.read("weights", shape: shape + [clientCount])
    if try group.exists("retained") { retained = try group.read("retained", shape: shape) }
  }

  private mutating func readClassCounts(_ file: HDF5File) throws {
    guard try file.exists("class_counts") else { return }
    let group = try file.group("class_counts")
    classCountRounds = try group.read("recorded_round", shape: [nil])
    try Self.requireAscending(classCountRounds, "/class_counts/recorded_round", upTo: roundCount)
    let shape: [Int?] = [classCountRounds.count, clientCount, classCount]
    correctReceived = try group.read("correct_received", shape: shape)
    correctTrained = try group.read("correct_trained", shape: shape)
    for (name, counts) in [
      ("correct_received", correctReceived), ("correct_trained", correctTrained),
    ] {
      try Self.require(counts, "/class_counts/\(name)", "at least 0, or −1 if not evaluated") {
        count, _ in count >= Self.notEvaluated
      }
    }
  }

  private static func requireAscending(_ rounds: [Int32], _ name: String, upTo last: Int) throws {
    guard ascend(rounds, upTo: last) else {
      throw Misfit(reason: "\(name): expected ascending rounds from 1 to \(last)")
    }
  }

  /// Throws `Misfit` naming the first value of an array that a run cannot have.
  static func require<Value>(
    _ values: [Value], _ name: String, _ expected: String, _ isGood: (Value, Int) -> Bool
  ) throws {
    guard let place = values.indices.first(where: { !isGood(values[$0], $0) }) else { return }
    throw Misfit(reason: "\(name): found \(values[place]), expected \(expected)")
  }
}
