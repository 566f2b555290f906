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
    try group.write("uplink_bytes", uplinkBytes, shape: [roundCount])
    try group.write("downlink_bytes", downlinkBytes, shape: [roundCount])
    try group.write("recorded_rounds", recordedRounds, shape: [recordedRounds.count])
    try group.write("weights", weights, shape: [weights.count])
    try group.write("retained", retained, shape: [retained.count])
    try group.write("class_count_rounds", classCountRounds, shape: [classCountRounds.count])
    try group.write("correct_received", correctReceived, shape: [correctReceived.count])
    try group.write("correct_trained", correctTrained, shape: [correctTrained.count])
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
    uplinkBytes = try group.read("uplink_bytes", shape: [roundCount])
    downlinkBytes = try group.read("downlink_bytes", shape: [roundCount])
    recordedRounds = try group.read("recorded_rounds", shape: [nil])
    guard Self.ascend(recordedRounds, upTo: round) else {
      throw Misfit(
        reason: "the recorded rounds are \(recordedRounds), the last round is \(round)")
    }
    let rows = weightRowCount(rounds: recordedRounds.count)
    weights = try group.read("weights", shape: [rows * clientCount])
    retained = try group.read("retained", shape: [nil])
    guard retained.isEmpty || retained.count == rows else {
      throw Misfit(reason: "\(retained.count) retained layers, expected \(rows)")
    }
    classCountRounds = try group.read("class_count_rounds", shape: [nil])
    guard Self.ascend(classCountRounds, upTo: round) else {
      throw Misfit(
        reason:
          "classes were counted in rounds \(classCountRounds), the last round is \(round)")
    }
    let count = classCountRounds.count * clientCount * classCount
    correctReceived = try group.read("correct_received", shape: [count])
    correctTrained = try group.read("correct_trained", shape: [count])
    divergedRounds = try group.read("diverged_rounds", shape: [clientCount])
  }

  private static func ascend(_ rounds: [Int32], upTo last: Int) -> Bool {
    rounds.allSatisfy { (1...last).contains(Int($0)) }
      && zip(rounds, rounds.dropFirst()).allSatisfy { $0 < $1 }
  }

  /// Reads the arrays of a result file. What files of schema version 1 do not have stays empty.
  /// - Throws: `HDF5Error` for arrays that are missing or of another shape.
  init(result file: HDF5File, clientCount: Int, layerCount: Int, classCount: Int) throws {
    self.init(
      roundCount: try file.dataset("round").count, clientCount: clientCount,
      layerCount: layerCount, classCount: classCount)
    let shape: [Int?] = [roundCount, clientCount]
    for (name, key) in Self.matrices { self[keyPath: key] = try file.read(name, shape: shape) }
    for (name, key) in Self.countMatrices where try file.exists(name) {
      self[keyPath: key] = try file.read(name, shape: shape)
    }
    participated = try file.read("participated", shape: shape)
    uplinkBytes = try file.read("uplink_bytes", shape: [roundCount])
    downlinkBytes = try file.read("downlink_bytes", shape: [roundCount])
    if try file.exists("aggregation") {
      let group = try file.group("aggregation")
      recordedRounds = try group.read("recorded_round")
      weights = try group.read("weights")
      if try group.exists("retained") { retained = try group.read("retained") }
    }
    if try file.exists("class_counts") {
      let group = try file.group("class_counts")
      classCountRounds = try group.read("recorded_round")
      let shape: [Int?] = [classCountRounds.count, clientCount, classCount]
      correctReceived = try group.read("correct_received", shape: shape)
      correctTrained = try group.read("correct_trained", shape: shape)
    }
    if try file.exists("diverged_round") {
      divergedRounds = try file.read("diverged_round", shape: [clientCount])
    }
  }
}
