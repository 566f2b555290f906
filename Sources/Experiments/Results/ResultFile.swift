import Datasets
import FederatedLearning
import Foundation
import HDF5
import NeuralNetworks

/// Writes one run's HDF5 file. The layout is documented in Documentation/results-format.md.
///
/// The bytes depend only on the specification and the data: no time, host, path or worker count is
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
  ///   - newClients: what clients that joined after training have measured; nil without any.
  ///   - models: the models to keep of some clients, axes (client, parameter); nil keeps none.
  ///   - audit: what an audited run has collected.
  static func write(
    to path: String, overwrite: Bool, preparation: RunPreparation, record: RunRecord,
    newClients: NewClientRecord? = nil, information: MethodInformation,
    models: (([Int]) throws -> [[Float]])?, audit: AuditRecord?
  ) throws {
    try HDF5File.writeAtomically(to: path, overwrite: overwrite, isSealed: true) { file in
      try writeAttributes(file, preparation, information, record)
      let axes = try Axes(
        round: file.createDimension("round", values: (0..<record.roundCount).map { Int32($0 + 1) }),
        client: file.createDimension("client", values: (0..<record.clientCount).map(Int32.init)),
        layer: file.createDimension("layer", values: preparation.layout.layers.map(\.name)))
      try writeMetrics(file, axes, preparation, record)
      let partition = try file.createGroup("partition")
      try partition.link(axes.client)
      try preparation.partition.write(into: partition, clientDimension: axes.client)
      let hasWeights = !record.recordedRounds.isEmpty || audit?.aggregationWeights.isEmpty == false
      let source =
        hasWeights
        ? try file.createDimension(
          "source_client", values: (0..<record.clientCount).map(Int32.init)) : nil
      if let source { try writeAggregation(file, axes, source, record) }
      try writeClassCounts(file, axes, preparation, record)
      if let newClients, let partition = preparation.newPartition {
        try newClients.write(into: file.createGroup("new_clients"), partition: partition)
      }
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
        "\(path): not a result of pfedla run")
    }
  }

  /// The scales that the arrays share.
  struct Axes {
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
    // A few clients at a time, so that only few models are in memory twice.
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
