import HDF5

// The arrays of a run's record in its result file.
extension ResultFile {
  static func writeMetrics(
    _ file: HDF5File, _ axes: Axes, _ preparation: RunPreparation, _ record: RunRecord
  ) throws {
    for (name, key) in RunRecord.matrices {
      let dataset = try file.write(
        name, record[keyPath: key], axes: [axes.round, axes.client], storage: .compressed,
        missingAsNaN: true)
      try dataset.setAttribute("long_name", RunRecord.longNames[name] ?? name)
      try dataset.setAttribute("units", "1")
    }
    for (name, key) in RunRecord.countMatrices {
      let dataset = try file.write(
        name, record[keyPath: key], axes: [axes.round, axes.client], storage: .compressed)
      try dataset.setAttribute("long_name", RunRecord.longNames[name] ?? name)
      try dataset.setAttribute("units", "1")
    }
    let participated = try file.write(
      "participated", record.participated, axes: [axes.round, axes.client], storage: .compressed)
    try participated.setAttribute("long_name", "whether the client took part in the round")
    if preparation.specification.clientDropout > 0 {
      let droppedOut = try file.write(
        "dropped_out", record.droppedOut, axes: [axes.round, axes.client], storage: .compressed)
      try droppedOut.setAttribute(
        "long_name",
        "whether the client was selected for the round and dropped out: its update never arrived")
    }
    for (name, counts) in [
      ("train_count", preparation.partition.train), ("test_count", preparation.partition.test),
    ] {
      let dataset = try file.write(
        name, counts.map { Int32($0.count) }, axes: [axes.client], storage: .compressed)
      try dataset.setAttribute(
        "long_name", "samples of the client's \(name.prefix { $0 != "_" }) data")
    }
    if preparation.specification.evaluateClients > 0 {
      let clients = Set(preparation.evaluatedClients)
      let evaluated = try file.write(
        "evaluated", (0..<record.clientCount).map(clients.contains), axes: [axes.client],
        storage: .compressed)
      try evaluated.setAttribute(
        "long_name",
        "whether the client is evaluated: accuracies and losses of the others are missing")
    }
    if !preparation.commonTest.isEmpty {
      for (name, key) in RunRecord.commonTest {
        let dataset = try file.write(
          name, record[keyPath: key], axes: [axes.round], storage: .compressed, missingAsNaN: true)
        try dataset.setAttribute(
          "long_name",
          "\(name == "common_test_loss" ? "mean cross-entropy" : "accuracy") of the global model on samples that no client has, after the round"
        )
        try dataset.setAttribute("units", "1")
      }
      _ = try file.createDimension("common_test_sample", values: preparation.commonTest)
    }
    let diverged = try file.write(
      "diverged_round", record.divergedRounds, axes: [axes.client], storage: .compressed)
    try diverged.setAttribute(
      "long_name",
      "first round in which a loss, parameter or hypernetwork value of the client was not finite; 0: none"
    )
    for (name, values, direction) in [
      ("uplink_bytes", record.uplinkBytes, "from all participants to the server"),
      ("downlink_bytes", record.downlinkBytes, "from the server to all participants"),
    ] {
      let dataset = try file.write(name, values, axes: [axes.round], storage: .compressed)
      try dataset.setAttribute("long_name", "bytes sent in the round \(direction), as float32")
      try dataset.setAttribute("units", "byte")
    }
  }

  static func writeAggregation(
    _ file: HDF5File, _ axes: Axes, _ source: HDF5Dimension, _ record: RunRecord
  ) throws {
    guard !record.recordedRounds.isEmpty else { return }
    let group = try file.createGroup("aggregation")
    // Readers that open only this group look for its coordinates here.
    for axis in [axes.client, axes.layer, source] { try group.link(axis) }
    let recorded = try group.createDimension("recorded_round", values: record.recordedRounds)
    let weights = try group.write(
      "weights", record.weights, axes: [recorded, axes.client, axes.layer, source],
      storage: .compressed)
    try weights.setAttribute(
      "long_name",
      "weight of the source client's layer in the client's received model, after the round")
    try weights.setAttribute("units", "1")
    guard !record.retained.isEmpty else { return }
    let retained = try group.write(
      "retained", record.retained, axes: [recorded, axes.client, axes.layer], storage: .compressed)
    try retained.setAttribute(
      "long_name", "whether the client would keep its own layer in its next round")
  }

  /// Correct test samples by class, so that later questions (balanced accuracy, fairness between classes)
  /// do not need the run again.
  static func writeClassCounts(
    _ file: HDF5File, _ axes: Axes, _ preparation: RunPreparation, _ record: RunRecord
  ) throws {
    guard !record.classCountRounds.isEmpty else { return }
    let group = try file.createGroup("class_counts")
    try group.link(axes.client)
    let recorded = try group.createDimension("recorded_round", values: record.classCountRounds)
    let classes = try group.createDimension("class", values: preparation.dataset.classNames)
    let labels = preparation.dataset.labels
    let tested = preparation.partition.test.flatMap { samples in
      var counts = [Int32](repeating: 0, count: classes.count)
      for sample in samples { counts[Int(labels[Int(sample)])] += 1 }
      return counts
    }
    let total = try group.write(
      "test_count", tested, axes: [axes.client, classes], storage: .compressed)
    try total.setAttribute("long_name", "test samples of each class")
    let note =
      preparation.specification.evaluateClients > 0
      ? "; \(RunRecord.notEvaluated): not evaluated" : ""
    for (name, counts, model) in [
      ("correct_received", record.correctReceived, "received"),
      ("correct_trained", record.correctTrained, "trained"),
    ] {
      let dataset = try group.write(
        name, counts, axes: [recorded, axes.client, classes], storage: .compressed)
      try dataset.setAttribute(
        "long_name",
        "test samples of each class that the \(model) model classifies correctly, after the round"
          + note)
    }
    try record.confusion?.write(
      into: group,
      ClassConfusion.Axes(recorded: recorded, client: axes.client, label: classes),
      classNames: preparation.dataset.classNames, of: record, note: note)
  }
}
