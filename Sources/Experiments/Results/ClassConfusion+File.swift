import HDF5

// Confusion counts as they lie in files: as arrays in a result's group class_counts, as entries in a checkpoint.
extension ClassConfusion {
  /// The axes that the arrays share with those of the counts of classes.
  struct Axes {
    let recorded: HDF5Dimension
    let client: HDF5Dimension
    let label: HDF5Dimension
  }

  /// Writes the arrays, a recorded round at a time.
  /// - Parameters:
  ///   - record: says which clients were evaluated; −1 in all entries of the others.
  ///   - note: what more to say of the values.
  func write(
    into group: HDF5Group, _ axes: Axes, classNames: [String], of record: RunRecord, note: String
  ) throws {
    let predicted = try group.createDimension("predicted_class", values: classNames)
    for model in Self.models {
      let dataset = try group.createDataset(
        model.name, of: Int32.self, axes: [axes.recorded, axes.client, axes.label, predicted],
        storage: .compressed)
      for recorded in 0..<axes.recorded.count {
        var table = table(model.entries, recorded: recorded)
        for client in 0..<clientCount where !record.hasClassCounts(of: client, recorded: recorded) {
          let places = client * tableSize..<(client + 1) * tableSize
          for place in places { table[place] = RunRecord.notEvaluated }
        }
        try dataset.writeRows(table, from: recorded)
      }
      try dataset.flush()
      try dataset.setAttribute(
        "long_name",
        "test samples of each class by the class that the \(model.word) model predicts, after the round"
          + note)
    }
  }

  /// Reads the arrays of a result's group, a recorded round at a time; nil if it has none.
  /// - Parameters:
  ///   - record: what else was measured: its counts of classes are the diagonals.
  ///   - classNames: the coordinates of both axes of classes.
  ///   - testCounts: test samples of each class, axes (client, class): the sums of the rows, from which only samples
  ///     without a prediction of a client that has diverged may be missing.
  /// - Throws: `HDF5Error` for arrays that are missing or of another shape, `RunRecord.Misfit` for counts that
  ///   contradict the others.
  init?(
    result group: HDF5Group, record: RunRecord, classNames: [String], testCounts: [Int32]
  ) throws {
    guard try Self.models.contains(where: { try group.exists($0.name) }) else { return nil }
    self.init(clientCount: record.clientCount, classCount: record.classCount)
    let rounds = record.classCountRounds
    try requirePossible(records: rounds.count, "/class_counts")
    let predicted: [String] = try group.read("predicted_class", shape: [classCount])
    guard predicted == classNames else {
      throw RunRecord.Misfit(
        reason: "/class_counts/predicted_class: expected the classes of /class_counts/class")
    }
    for model in Self.models {
      let dataset = try group.dataset(model.name)
      let shape = [rounds.count, clientCount, classCount, classCount]
      guard dataset.shape == shape else {
        throw RunRecord.Misfit(
          reason: "/class_counts/\(model.name): its shape is \(dataset.shape), expected \(shape)")
      }
      for recorded in rounds.indices {
        let table: [Int32] = try dataset.readRows(recorded..<recorded + 1)
        for client in 0..<clientCount {
          try check(
            Array(table[client * tableSize..<(client + 1) * tableSize]), model, of: client,
            recorded, record, classNames, testCounts)
        }
        let start = recorded * recordSize
        for (place, count) in table.enumerated() where count > 0 {
          self[keyPath: model.entries].add(count, at: Int32(start + place))
        }
      }
    }
  }

  /// Throws `RunRecord.Misfit` if a client's table in a recorded round contradicts the counts of classes.
  private func check(
    _ table: [Int32], _ model: Model, of client: Int, _ recorded: Int,
    _ record: RunRecord, _ classNames: [String], _ testCounts: [Int32]
  ) throws {
    let round = Int(record.classCountRounds[recorded])
    func misfit(_ reason: String) -> RunRecord.Misfit {
      RunRecord.Misfit(
        reason: "/class_counts/\(model.name): round \(round), client \(client): \(reason)")
    }
    guard record.hasClassCounts(of: client, recorded: recorded) else {
      guard let count = table.first(where: { $0 != RunRecord.notEvaluated }) else { return }
      throw misfit("found \(count), expected \(RunRecord.notEvaluated) for a client not evaluated")
    }
    let diverged = Int(record.divergedRounds[client])
    let hasDiverged = diverged > 0 && diverged <= round
    let correct = record[keyPath: model.correct]
    for label in 0..<classCount {
      let row = table[label * classCount..<(label + 1) * classCount]
      if let count = row.first(where: { $0 < 0 }) {
        throw misfit("found \(count) samples of class \(classNames[label]), expected at least 0")
      }
      let expected = correct[(recorded * clientCount + client) * classCount + label]
      let found = table[label * classCount + label]
      guard found == expected else {
        throw misfit(
          "found \(found) correct samples of class \(classNames[label]), expected the \(expected) of "
            + "/class_counts/correct_\(model.word)")
      }
      let (sum, all) = (
        row.reduce(0) { $0 + Int($1) }, Int(testCounts[client * classCount + label])
      )
      guard sum == all || (hasDiverged && sum < all) else {
        throw misfit(
          "found \(sum) predictions for class \(classNames[label]), expected the \(all) of "
            + "/class_counts/test_count")
      }
    }
  }

  // MARK: Checkpoints

  /// Writes the entries into a checkpoint's group.
  func write(toCheckpoint group: HDF5Group) throws {
    for model in Self.models {
      let entries = self[keyPath: model.entries]
      try group.write("\(model.name)_places", entries.places, shape: [entries.places.count])
      try group.write("\(model.name)_counts", entries.counts, shape: [entries.counts.count])
    }
  }

  /// Reads the entries of a checkpoint's group; nil if it has none.
  /// - Throws: `RunRecord.Misfit` if they lie outside the recorded rounds or out of order, `HDF5Error` for missing ones.
  init?(checkpoint group: HDF5Group, records: Int, clientCount: Int, classCount: Int) throws {
    guard try Self.models.contains(where: { try group.exists("\($0.name)_places") }) else {
      return nil
    }
    self.init(clientCount: clientCount, classCount: classCount)
    try requirePossible(records: records, "/record")
    for model in Self.models {
      let name = model.name
      let places: [Int32] = try group.read("\(name)_places", shape: [nil])
      let counts: [Int32] = try group.read("\(name)_counts", shape: [places.count])
      let ascend = zip(places, places.dropFirst()).allSatisfy { $0 < $1 }
      guard ascend, places.first ?? 0 >= 0, Int(places.last ?? -1) < records * recordSize else {
        throw RunRecord.Misfit(
          reason: "/record/\(name)_places: expected ascending places below \(records * recordSize)")
      }
      try RunRecord.require(counts, "/record/\(name)_counts", "at least 1") { count, _ in count > 0
      }
      self[keyPath: model.entries] = Entries(places: places, counts: counts)
    }
  }

  /// Throws `RunRecord.Misfit` for more numbers than a run records, before any is counted in 32 bits.
  private func requirePossible(records: Int, _ group: String) throws {
    let values = Self.values(records: records, clientCount: clientCount, classCount: classCount)
    guard values > Double(Self.mostValues) else { return }
    throw RunRecord.Misfit(
      reason:
        "\(group): \(records) rounds of \(clientCount) clients and \(classCount)² pairs of classes, expected at "
        + "most \(Self.mostValues) counts")
  }
}
