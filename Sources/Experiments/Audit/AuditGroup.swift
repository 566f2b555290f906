import FederatedLearning
import HDF5
import NeuralNetworks

/// Writes `/audit` of a result file: what tools/replay.py replays. The layout is documented in
/// Documentation/results-format.md.
enum AuditGroup {
  static let schemaName = "pfedla_audit"
  /// 1: without hypernetworks and the server's state after each round.
  static let schemaVersion: Int32 = 2

  /// The root's dimensions.
  struct Axes {
    let round: HDF5Dimension
    let client: HDF5Dimension
    let layer: HDF5Dimension
    let sourceClient: HDF5Dimension?
  }

  static func write(
    _ record: AuditRecord, into group: HDF5Group, _ axes: Axes, layout: ParameterLayout
  ) throws {
    try group.setAttribute("schema_name", schemaName)
    try group.setAttribute("schema_version", schemaVersion)
    let parameter = try dimension("parameter", count: layout.count, in: group)
    let slot = try dimension("slot", count: record.participants.first?.count ?? 0, in: group)

    try writeParameterLayout(layout, into: group.createGroup("parameter_layout"))
    try group.write(
      "initial_parameters",
      Array(repeating: record.initialParameters, count: axes.client.count).joined(),
      axes: [axes.client, parameter])
    try group.write(
      "participants", record.participants.joined(), axes: [axes.round, slot], storage: .compressed)
    try writeBatches(record.batches, into: group.createGroup("batches"))
    try group.write("received", record.received, axes: [axes.round, slot, parameter])
    try group.write(
      "parameters_after", record.parametersAfter, axes: [axes.round, axes.client, parameter])
    if !record.globalParametersAfter.isEmpty {
      try group.write(
        "global_parameters_after", record.globalParametersAfter, axes: [axes.round, parameter])
    }
    if let source = axes.sourceClient, !record.aggregationWeights.isEmpty {
      try group.write(
        "aggregation_weights", record.aggregationWeights,
        axes: [axes.round, axes.client, axes.layer, source])
    }
    if !record.retained.isEmpty {
      try group.write(
        "retained", record.retained, axes: [axes.round, slot, axes.layer], storage: .compressed)
    }
    if !record.stateAfter.isEmpty {
      try writeState(record.stateAfter, into: group.createGroup("state_after"), axes)
    }
    if !record.joining.batches.isEmpty {
      try writeJoining(record.joining, into: group.createGroup("new_clients"))
    }
    guard !record.hypernetworkTensors.isEmpty else { return }
    try writeHypernetworkLayout(
      record.hypernetworkTensors, into: group.createGroup("hypernetwork_layout"))
    let count = record.hypernetworkTensors.map { $0.offset + $0.shape.reduce(1, *) }.max() ?? 0
    let parameters = try dimension("hypernetwork_parameter", count: count, in: group)
    try group.write(
      "initial_hypernetwork", record.initialHypernetworks,
      axes: record.sharesHypernetwork ? [parameters] : [axes.client, parameters])
    try group.write(
      "hypernetwork_after", record.hypernetworksAfter,
      axes: [axes.round] + (record.sharesHypernetwork ? [] : [axes.client]) + [parameters])
  }

  /// The batches of new clients and, for methods with hypernetworks, what that of a new client starts from.
  private static func writeJoining(_ joining: JoiningAudit, into group: HDF5Group) throws {
    try writeBatches(joining.batches, into: group.createGroup("batches"))
    guard !joining.hypernetworkTensors.isEmpty else { return }
    try writeHypernetworkLayout(
      joining.hypernetworkTensors, into: group.createGroup("hypernetwork_layout"))
    let parameter = try dimension(
      "hypernetwork_parameter", count: joining.initialHypernetwork.count, in: group)
    try group.write("initial_hypernetwork", joining.initialHypernetwork, axes: [parameter])
  }

  /// One dataset a tensor of the server's state; an axis as long as there are clients is theirs.
  private static func writeState(
    _ state: [AuditRecord.StateSeries], into group: HDF5Group, _ axes: Axes
  ) throws {
    for series in state {
      let own = try series.shape.enumerated().map { place, length in
        length == axes.client.count && place == 0
          ? axes.client
          : try dimension("\(series.name)_axis_\(place)", count: length, in: group)
      }
      try group.write(series.name, series.values, axes: [axes.round] + own)
    }
  }

  private static func writeParameterLayout(_ layout: ParameterLayout, into group: HDF5Group) throws
  {
    let tensors = layout.layers.flatMap { layer in layer.tensors.map { (layer.name, $0) } }
    let axis = try dimension("tensor", count: tensors.count, in: group)
    try group.write("layer", tensors.map(\.0), axes: [axis])
    try group.write("name", tensors.map(\.1.name), axes: [axis])
    try group.write(
      "role", tensors.map { $0.1.role == .trained ? "trained" : "statistic" }, axes: [axis])
    try writePlaces(
      tensors.map { ($0.1.range.lowerBound, $0.1.shape) }, into: group, axis: axis)
  }

  private static func writeHypernetworkLayout(
    _ tensors: [HypernetworkTensor], into group: HDF5Group
  ) throws {
    let axis = try dimension("tensor", count: tensors.count, in: group)
    try group.write("name", tensors.map(\.name), axes: [axis])
    try writePlaces(tensors.map { ($0.offset, $0.shape) }, into: group, axis: axis)
  }

  private static func writePlaces(
    _ places: [(offset: Int, shape: [Int])], into group: HDF5Group, axis: HDF5Dimension
  ) throws {
    try group.write("offset", places.map { Int32($0.offset) }, axes: [axis])
    try group.write("size", places.map { Int32($0.shape.reduce(1, *)) }, axes: [axis])
    try group.write(
      "shape", places.map { $0.shape.map(String.init).joined(separator: ",") }, axes: [axis])
  }

  /// A contiguous ragged array, as the CF conventions have it.
  private static func writeBatches(_ batches: [AuditRecord.Batch], into group: HDF5Group) throws {
    let axis = try dimension("batch", count: batches.count, in: group)
    let entry = try dimension(
      "entry", count: batches.reduce(0) { $0 + $1.samples.count }, in: group)
    try group.write("round", batches.map(\.round), axes: [axis], storage: .compressed)
    try group.write("client", batches.map(\.client), axes: [axis], storage: .compressed)
    try group.write("phase", batches.map(\.phase), axes: [axis])
    let sizes = try group.write(
      "row_size", batches.map { Int32($0.samples.count) }, axes: [axis], storage: .compressed)
    try sizes.setAttribute("sample_dimension", "entry")
    try group.write(
      "dataset_index", batches.flatMap(\.samples), axes: [entry], storage: .compressed)
  }

  private static func dimension(_ name: String, count: Int, in group: HDF5Group) throws
    -> HDF5Dimension
  {
    try group.createDimension(name, values: (0..<Int32(count)).map { $0 }, storage: .compressed)
  }
}
