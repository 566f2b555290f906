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
  static let schemaVersion: Int32 = 1

  /// - Parameters:
  ///   - models: the models to keep of some clients, axes (client, parameter); nil keeps none.
  ///   - audit: what an audited run has collected.
  static func write(
    to path: String, overwrite: Bool, preparation: RunPreparation, record: RunRecord,
    information: MethodInformation, models: (([Int]) throws -> [[Float]])?, audit: AuditRecord?
  ) throws {
    try HDF5File.writeAtomically(to: path, overwrite: overwrite) { file in
      try writeAttributes(file, preparation, information)
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
      if let audit {
        try AuditGroup.write(
          audit, into: file.createGroup("audit"),
          AuditGroup.Axes(
            round: axes.round, client: axes.client, layer: axes.layer, sourceClient: source),
          layout: preparation.layout)
      }
      if let models { try writeModels(file, axes, preparation, models) }
      try writeProvenance(file.createGroup("provenance"), preparation)
    }
  }

  private struct Axes {
    let round: HDF5Dimension
    let client: HDF5Dimension
    let layer: HDF5Dimension
  }

  private static func writeAttributes(
    _ file: HDF5File, _ preparation: RunPreparation, _ information: MethodInformation
  ) throws {
    let (specification, dataset) = (preparation.specification, preparation.dataset)
    let synthetic = dataset.isSynthetic ? " (synthetic data)" : ""
    for (name, value) in [
      ("Conventions", "CF-1.11"),
      ("title", "\(specification.name): \(information.title) on \(dataset.title)\(synthetic)"),
      ("schema_name", schemaName), ("method", information.name),
      ("method_title", information.title), ("method_reference", information.reference),
      ("reported_model", information.reported.rawValue),
      ("dataset", dataset.name), ("data", dataset.isSynthetic ? "synthetic" : "published"),
      ("partition_scheme", preparation.partition.scheme),
      ("partition_sha256", preparation.partition.sha256), ("code_version", CodeVersion.current),
      ("status", "complete"),
    ] {
      try file.setAttribute(name, value)
    }
    try file.setAttribute("schema_version", schemaVersion)
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
    ]
    for (name, key) in RunRecord.matrices {
      let dataset = try file.write(
        name, record[keyPath: key], axes: [axes.round, axes.client], storage: .compressed,
        missingAsNaN: true)
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

  private static func writeModels(
    _ file: HDF5File, _ axes: Axes, _ preparation: RunPreparation,
    _ models: ([Int]) throws -> [[Float]]
  ) throws {
    let group = try file.createGroup("model")
    try group.setAttribute("model_state", preparation.specification.savedModels.rawValue)
    try group.setAttribute("architecture", RunSpecification.architectureName)
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
      "resolved_specification", preparation.resolved.map { "\($0.key): \($0.value)\n" }.joined())
    try group.write("dataset_sha256", preparation.dataset.sha256)
    try group.write(
      "dataset_files",
      preparation.dataset.files.map { "\($0.sha256)  \($0.name)\n" }.joined())
    try group.write("compiler", CodeVersion.compiler)
    try group.write("numerical_library", numericalLibraryVersion)
    try group.write("hdf5_library", HDF5File.libraryVersion)
  }
}
