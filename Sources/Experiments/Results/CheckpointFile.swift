import FederatedLearning
import Foundation
import HDF5

/// Everything that a run needs to go on: the federation's state after a round and the record so far.
struct Checkpoint {
  let round: Int
  let bank: ClientBank
  let server: [StateTensor]
  let record: RunRecord
}

/// The checkpoint of a run, in `RESULT.h5.checkpoint` beside its result, with the one before it in
/// `RESULT.h5.checkpoint.previous`.
struct CheckpointFile {
  let path: String
  private var previous: String { path + ".previous" }
  private static let schemaName = "pfedla_checkpoint"

  init(besides output: String) { path = output + ".checkpoint" }

  /// Whether there is anything to go on from.
  var exists: Bool {
    FileManager.default.fileExists(atPath: path) || FileManager.default.fileExists(atPath: previous)
  }

  /// Removes both checkpoints, once the result is written.
  func remove() {
    for file in [path, previous] { try? FileManager.default.removeItem(atPath: file) }
  }

  /// Writes a checkpoint; the last one stays as the previous one until the next write.
  func write(_ checkpoint: Checkpoint, resolved: [(key: String, value: String)]) throws {
    if FileManager.default.fileExists(atPath: path) {
      _ = try? FileManager.default.removeItem(atPath: previous)
      try FileManager.default.moveItem(atPath: path, toPath: previous)
    }
    try HDF5File.writeAtomically(to: path, overwrite: true) { file in
      try file.setAttribute("schema_name", Self.schemaName)
      try file.setAttribute("round", Int32(checkpoint.round))
      try file.write("specification", Self.text(resolved))
      try file.write(
        "bank", checkpoint.bank.values,
        shape: [checkpoint.bank.clientCount, checkpoint.bank.parameterCount])
      let server = try file.createGroup("server")
      for tensor in checkpoint.server {
        try server.write(tensor.name, tensor.values, shape: tensor.shape)
      }
      let record = checkpoint.record
      let group = try file.createGroup("record")
      for (name, key) in RunRecord.matrices {
        try group.write(name, record[keyPath: key], shape: [record.roundCount, record.clientCount])
      }
      try group.write(
        "participated", record.participated, shape: [record.roundCount, record.clientCount])
      try group.write("uplink_bytes", record.uplinkBytes, shape: [record.roundCount])
      try group.write("downlink_bytes", record.downlinkBytes, shape: [record.roundCount])
      try group.write(
        "recorded_rounds", record.recordedRounds, shape: [record.recordedRounds.count])
      try group.write("weights", record.weights, shape: [record.weights.count])
      try group.write("retained", record.retained, shape: [record.retained.count])
    }
  }

  /// The last checkpoint, or nil if there is none. An unreadable one gives way to the previous one.
  ///
  /// Throws `SpecificationError` if it belongs to another specification, naming the first key that
  /// differs, and `HDF5Error` if no checkpoint can be read.
  /// - Parameter empty: a record of the run's shape.
  func load(resolved: [(key: String, value: String)], empty: RunRecord) throws -> Checkpoint? {
    guard exists else { return nil }
    do {
      return try load(path, resolved: resolved, empty: empty)
    } catch let error as HDF5Error {
      guard FileManager.default.fileExists(atPath: previous) else { throw error }
      return try load(previous, resolved: resolved, empty: empty)
    }
  }

  private func load(_ path: String, resolved: [(key: String, value: String)], empty: RunRecord)
    throws
    -> Checkpoint
  {
    let file = try HDF5File.openForReading(path)
    defer { try? file.close() }
    try checkSpecification(file.readValue("specification"), resolved, path)
    let bank = try file.dataset("bank")
    guard bank.shape.count == 2 else {
      throw SpecificationError("\(path): the bank has shape \(bank.shape), expected two axes")
    }
    let server = try file.group("server")
    var record = empty
    let group = try file.group("record")
    let shape: [Int?] = [record.roundCount, record.clientCount]
    for (name, key) in RunRecord.matrices {
      record[keyPath: key] = try group.read(name, shape: shape)
    }
    record.participated = try group.read("participated", shape: shape)
    record.uplinkBytes = try group.read("uplink_bytes", shape: [record.roundCount])
    record.downlinkBytes = try group.read("downlink_bytes", shape: [record.roundCount])
    record.recordedRounds = try group.read("recorded_rounds", shape: [nil])
    record.weights = try group.read("weights", shape: [nil])
    record.retained = try group.read("retained", shape: [nil])
    let round: Int32 = try file.attribute("round")
    return try Checkpoint(
      round: Int(round),
      bank: ClientBank(
        clientCount: bank.shape[0], parameterCount: bank.shape[1], values: bank.read()),
      server: server.childNames().map { name in
        let tensor = try server.dataset(name)
        return StateTensor(name: name, shape: tensor.shape, values: try tensor.read())
      },
      record: record)
  }

  private func checkSpecification(
    _ found: String, _ resolved: [(key: String, value: String)], _ path: String
  ) throws {
    guard found != Self.text(resolved) else { return }
    let lines = found.split(separator: "\n").map(String.init)
    let difference =
      resolved.first { !lines.contains("\($0.key): \($0.value)") }.map { key, value in
        let old = lines.first { $0.hasPrefix("\(key): ") }.map { $0.dropFirst(key.count + 2) }
        return "\(key) was \(old ?? "absent") and is now \(value)"
      } ?? "it has keys that are gone now"
    throw SpecificationError(
      "\(path): the checkpoint belongs to another specification: \(difference). Give the old value "
        + "to go on, or remove the checkpoint to start anew")
  }

  private static func text(_ resolved: [(key: String, value: String)]) -> String {
    resolved.map { "\($0.key): \($0.value)\n" }.joined()
  }
}
