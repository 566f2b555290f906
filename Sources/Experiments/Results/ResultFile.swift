import Datasets
import FederatedLearning
import Foundation
import HDF5
import NeuralNetworks

/// Writes one run's HDF5 file. The layout is documented in Documentation/results-format.md.
///
/// The bytes depend on the specification and the data alone: no time, host, path or worker count is
/// in the file. Every axis of every dataset is labelled with a dimension scale.
enum ResultFile {
  static let schemaName = "pfedla_result"
  /// 1 (0.1.0): no numerics version, digest of the numbers, settings, counts of classes or divergence.
  static let schemaVersion: Int32 = 2
  /// The root's attribute with the digest of all numbers.
  static let numbersAttribute = "numbers_sha256"
  /// The text with a line for each array.
  static let numbersDataset = "provenance/\(numbersName)"
  private static let numbersName = "numbers"

  /// - Parameters:
  ///   - models: the models to keep of some clients, axes (client, parameter); nil keeps none.
  ///   - audit: what an audited run has collected.
  static func write(
    to path: String, overwrite: Bool, preparation: RunPreparation, record: RunRecord,
    information: MethodInformation, models: (([Int]) throws -> [[Float]])?, audit: AuditRecord?
  ) throws {
    try HDF5File.writeAtomically(to: path, overwrite: overwrite) { file in
      try writeAttributes(file, preparation, information, record)
      let axes = try Axes(
        round: file.createDimension("round", values: (0..<record.roundCount).map { Int32($0 + 1) }),
        client: file.createDimension("client", values: (0..<record.clientCount).map(Int32.init)),
        layer: file.createDimension("layer", values: preparation.layout.layers.map(\.name)))
      try writeMetrics(file, axes, preparation, record)
      try preparation.partition.write(
        into: file.createGroup("partition"), clientDimension: axes.client)
      let hasWeights = !record.recordedRounds.isEmpty || audit?.aggregationWeights.isEmpty == false
      let source =
        hasWeights
        ? try file.createDimension(
          "source_client", values: (0..<record.clientCount).map(Int32.init)) : nil
      if let source { try writeAggregation(file, axes, source, record) }
      try writeClassCounts(file, axes, preparation, record)
      if let audit {
        try AuditGroup.write(
          audit, into: file.createGroup("audit"),
          AuditGroup.Axes(
            round: axes.round, client: axes.client, layer: axes.layer, sourceClient: source),
          layout: preparation.layout)
      }
      if let models { try writeModels(file, axes, preparation, models) }
      try writeSettings(file.createGroup("settings"), preparation.resolved)
      let provenance = try file.createGroup("provenance")
      try writeProvenance(provenance, preparation)
      let numbers = try NumbersDigest(file)
      try provenance.write(numbersName, numbers.lines)
      try file.setAttribute(numbersAttribute, numbers.sha256)
    }
  }

  /// Throws `SpecificationError` unless the file says that it is a result.
  static func requireResult(_ file: HDF5File, _ path: String) throws {
    guard try file.hasAttribute("schema_name"),
      try file.attribute("schema_name", as: String.self) == schemaName
    else {
      throw SpecificationError(
        "\(path): not a result of pfedla run, expected the file that it wrote")
    }
  }

  private struct Axes {
    let round: HDF5Dimension
    let client: HDF5Dimension
    let layer: HDF5Dimension
  }

  private static func writeAttributes(
    _ file: HDF5File, _ preparation: RunPreparation, _ information: MethodInformation,
    _ record: RunRecord
  ) throws {
    let (specification, dataset) = (preparation.specification, preparation.dataset)
    for (name, value) in [
      ("Conventions", "CF-1.11"),
      ("title", "\(specification.name): \(information.title) on \(dataset.markedTitle)"),
      ("schema_name", schemaName), ("method", information.name),
      ("method_title", information.title), ("method_reference", information.reference),
      ("reported_model", information.reported.rawValue),
      ("dataset", dataset.name), ("data", dataset.origin.rawValue),
      ("partition_scheme", preparation.partition.scheme),
      ("partition_sha256", preparation.partition.sha256), ("code_version", CodeVersion.current),
      ("status", record.hasDiverged ? "diverged" : "complete"),
    ] {
      try file.setAttribute(name, value)
    }
    try file.setAttribute("schema_version", schemaVersion)
    try file.setAttribute("numerics_version", Int32(CodeVersion.numerics))
    try file.setAttribute("clients", Int32(record.clientCount))
    try file.setAttribute("seed", Int64(bitPattern: specification.seed))
  }

  private static func writeMetrics(
    _ file: HDF5File, _ axes: Axes, _ preparation: RunPreparation, _ record: RunRecord
  ) throws {
    let explanations = [
      "test_accuracy_received":
        "share of the client's own test samples that are classified correctly by the model that its next local training would start from, after the round",
      "test_accuracy_trained":
        "share of the client's own test samples that are classified correctly by the client's model after its latest local training",
      "test_loss_received": "mean cross-entropy on the client's own test samples, received model",
      "test_loss_trained": "mean cross-entropy on the client's own test samples, trained model",
      "train_loss":
        "mean cross-entropy over the samples of the mini-batches of the round's local training, each batch before its step",
      "gradient_computations":
        "gradients of mini-batches that the client computed in the round, preparation of the received model included",
      "forward_samples":
        "samples of forward passes without a gradient that the client's training made in the round",
    ]
    for (name, key) in RunRecord.matrices {
      let dataset = try file.write(
        name, record[keyPath: key], axes: [axes.round, axes.client], storage: .compressed,
        missingAsNaN: true)
      try dataset.setAttribute("long_name", explanations[name] ?? name)
      try dataset.setAttribute("units", "1")
    }
    for (name, key) in RunRecord.countMatrices {
      let dataset = try file.write(
        name, record[keyPath: key], axes: [axes.round, axes.client], storage: .compressed)
      try dataset.setAttribute("long_name", explanations[name] ?? name)
      try dataset.setAttribute("units", "1")
    }
    let participated = try file.write(
      "participated", record.participated, axes: [axes.round, axes.client], storage: .compressed)
    try participated.setAttribute("long_name", "whether the client took part in the round")
    for (name, counts) in [
      ("train_count", preparation.partition.train), ("test_count", preparation.partition.test),
    ] {
      let dataset = try file.write(
        name, counts.map { Int32($0.count) }, axes: [axes.client], storage: .compressed)
      try dataset.setAttribute(
        "long_name", "samples of the client's \(name.prefix { $0 != "_" }) data")
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

  private static func writeAggregation(
    _ file: HDF5File, _ axes: Axes, _ source: HDF5Dimension, _ record: RunRecord
  ) throws {
    guard !record.recordedRounds.isEmpty else { return }
    let group = try file.createGroup("aggregation")
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
  private static func writeClassCounts(
    _ file: HDF5File, _ axes: Axes, _ preparation: RunPreparation, _ record: RunRecord
  ) throws {
    guard !record.classCountRounds.isEmpty else { return }
    let group = try file.createGroup("class_counts")
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
    for (name, counts, model) in [
      ("correct_received", record.correctReceived, "received"),
      ("correct_trained", record.correctTrained, "trained"),
    ] {
      let dataset = try group.write(
        name, counts, axes: [recorded, axes.client, classes], storage: .compressed)
      try dataset.setAttribute(
        "long_name",
        "test samples of each class that the \(model) model classifies correctly, after the round")
    }
  }

  /// One typed attribute a key, to select results by.
  private static func writeSettings(_ group: HDF5Group, _ settings: [RunSetting]) throws {
    for setting in settings {
      switch setting.typedValue {
      case .text(let text): try group.setAttribute(setting.attributeName, text)
      case .integer(let number): try group.setAttribute(setting.attributeName, Int64(number))
      case .number(let number): try group.setAttribute(setting.attributeName, number)
      case .flag(let flag): try group.setAttribute(setting.attributeName, flag)
      case .integers(let numbers):
        try group.setAttribute(setting.attributeName, numbers.map(Int64.init))
      }
    }
  }

  private static func writeModels(
    _ file: HDF5File, _ axes: Axes, _ preparation: RunPreparation,
    _ models: ([Int]) throws -> [[Float]]
  ) throws {
    let group = try file.createGroup("model")
    try group.setAttribute("model_state", preparation.specification.savedModels.rawValue)
    try group.setAttribute("architecture", preparation.specification.model.architecture)
    try group.setAttribute(
      "pixel_scaling", preparation.specification.model.pixelScaling.rawValue)
    var datasets: [(range: Range<Int>, dataset: HDF5Dataset)] = []
    for layer in preparation.layout.layers {
      let layerGroup = try group.createGroup(layer.name)
      var dimensions: [String: HDF5Dimension] = [:]
      for tensor in layer.tensors {
        for (axis, length) in zip(tensor.axes, tensor.shape) where dimensions[axis] == nil {
          dimensions[axis] = try layerGroup.createDimension(
            axis, values: (0..<length).map(Int32.init))
        }
        let dataset = try layerGroup.createDataset(
          tensor.name, of: Float.self,
          axes: [axes.client] + tensor.axes.compactMap { dimensions[$0] })
        datasets.append((tensor.range, dataset))
      }
    }
    // A few clients at a time, so that only so many models are in memory twice.
    let clientCount = preparation.partition.clientCount
    for start in stride(from: 0, to: clientCount, by: 64) {
      let clients = Array(start..<min(start + 64, clientCount))
      for (client, parameters) in zip(clients, try models(clients)) {
        for (range, dataset) in datasets {
          try dataset.writeRows(parameters[range], from: client)
        }
      }
    }
  }

  private static func writeProvenance(_ group: HDF5Group, _ preparation: RunPreparation) throws {
    let document = preparation.specification.document
    try group.write("specification", document.text)
    try group.write("overrides", document.overrides.joined(separator: "\n"))
    try group.write(
      "resolved_specification", preparation.resolved.text)
    try group.write("dataset_sha256", preparation.dataset.sha256)
    try group.write(
      "dataset_files",
      preparation.dataset.files.map { "\($0.sha256)  \($0.name)\n" }.joined())
    try group.write("compiler", CodeVersion.compiler)
    try group.write("numerical_library", numericalLibraryVersion)
    try group.write("hdf5_library", HDF5File.libraryVersion)
  }
}
