import FederatedLearning
import Foundation
import HDF5

/// Everything that a run needs to resume: the federation's state after a round and the record so far.
package struct Checkpoint {
  let round: Int
  let bank: ClientBank
  package let server: [StateTensor]
  let record: RunRecord

  package init(round: Int, bank: ClientBank, server: [StateTensor], record: RunRecord) {
    self.round = round
    self.bank = bank
    self.server = server
    self.record = record
  }
}

/// The checkpoint of a run, in `RESULT.h5.checkpoint` beside its result, with the one before it in
/// `RESULT.h5.checkpoint.previous`.
///
/// Both are sealed with a checksum, so that a damaged one is never opened. Whenever the process ends,
/// an intact one exists: the last one is moved away only when the new one is complete.
package struct CheckpointFile {
  /// The checkpoint to resume from.
  package struct Found {
    package let checkpoint: Checkpoint
    /// The file that it was read from.
    let path: String
    /// Why the last checkpoint was not taken, in one line, where it was not.
    let damage: String?
  }

  /// What a checkpoint belongs to: a run is only resumed from one of the same specification, the same images
  /// and labels, and the same version of the numerics. The keys that only decide how long the run is and what it
  /// records may differ.
  package struct Origin {
    let settings: [RunSetting]
    let datasetSHA256: String
    let numericsVersion: Int
    package let schedule: RunRecord.Schedule

    package init(
      settings: [RunSetting], datasetSHA256: String, schedule: RunRecord.Schedule,
      numericsVersion: Int = CodeVersion.numerics
    ) {
      self.settings = settings
      self.datasetSHA256 = datasetSHA256
      self.schedule = schedule
      self.numericsVersion = numericsVersion
    }

    /// The origin of a prepared run.
    package init(_ preparation: RunPreparation, numericsVersion: Int = CodeVersion.numerics) {
      self.init(
        settings: preparation.resolved, datasetSHA256: preparation.dataset.sha256,
        schedule: RunRecord.Schedule(
          preparation.specification, clientCount: preparation.data.clientCount),
        numericsVersion: numericsVersion)
    }

    /// Keys that decide no state of any round.
    static let scheduleKeys: Set = [
      "rounds", "record_weights_every", "record_class_counts_every", "record_class_confusion",
    ]
  }

  package let path: String
  private var previous: String { path + ".previous" }
  private static let schemaName = "pfedla_checkpoint"

  package init(besides output: String) { path = output + ".checkpoint" }

  /// The files that exist, the last one first.
  private var files: [String] {
    [path, previous].filter { FileManager.default.fileExists(atPath: $0) }
  }

  /// Whether there is a checkpoint to resume from.
  var exists: Bool { !files.isEmpty }

  /// Removes both checkpoints, once the result is written.
  package func remove() {
    for file in [path, previous] { unlink(file) }
  }

  /// Removes the one before the last.
  func removePrevious() { unlink(previous) }

  /// Writes a checkpoint; the last one stays as the previous one until the next write.
  package func write(_ checkpoint: Checkpoint, _ origin: Origin) throws {
    try HDF5File.writeAtomically(
      to: path, overwrite: true, isSealed: true, keeping: previous
    ) { file in
      try file.setAttribute("schema_name", Self.schemaName)
      try file.setAttribute("round", Int32(checkpoint.round))
      try file.setAttribute("numerics_version", Int32(origin.numericsVersion))
      try file.setAttribute("dataset_sha256", origin.datasetSHA256)
      try file.write("specification", origin.settings.text)
      // Row by row both ways: a whole bank in one piece would be a second one in memory.
      let bank = try file.createDataset(
        "bank", of: Float.self,
        shape: [checkpoint.bank.clientCount, checkpoint.bank.parameterCount])
      for client in 0..<checkpoint.bank.clientCount {
        try bank.writeRows(checkpoint.bank[client], from: client)
      }
      let server = try file.createGroup("server")
      for tensor in checkpoint.server {
        guard tensor.pieces.count != 1 else {
          try server.write(tensor.name, tensor.values, shape: tensor.shape)
          continue
        }
        let dataset = try server.createDataset(tensor.name, of: Float.self, shape: tensor.shape)
        for (row, values) in tensor.pieces.enumerated() {
          try dataset.writeRows(values, from: row)
        }
      }
      try checkpoint.record.write(toCheckpoint: file.createGroup("record"))
    }
  }

  /// The last checkpoint, or nil if there is none. A damaged one gives way to the previous one, which
  /// takes its place.
  ///
  /// Throws `CheckpointError` if no checkpoint is whole, and if it belongs to another specification,
  /// other data or another version of the numerics, naming what differs.
  /// - Parameter empty: a record of the run's shape.
  package func load(_ origin: Origin, empty: RunRecord) throws -> Found? {
    var damages: [String] = []
    for file in files {
      do {
        try HDF5File.checkSeal(of: file)
      } catch {
        damages.append("\(error)")
        continue
      }
      let checkpoint: Checkpoint
      do {
        checkpoint = try load(file, origin, empty: empty)
      } catch let error as HDF5Error {
        throw misfit("\(error)")
      } catch let error as RunRecord.Misfit {
        throw misfit(error.reason)
      }
      // Else the next write would keep the damaged one and give up the whole one.
      if !damages.isEmpty { rename(previous, path) }
      return Found(
        checkpoint: checkpoint, path: damages.isEmpty ? file : path, damage: damages.first)
    }
    guard !damages.isEmpty else { return nil }
    throw CheckpointError(
      .damaged, damages.joined(separator: "; ") + ": no checkpoint to resume from",
      advice: "; remove \(files.joined(separator: " and ")) to start again")
  }

  /// The error for a whole checkpoint that this program cannot resume from.
  func misfit(_ reason: String) -> CheckpointError {
    CheckpointError(
      .misfit, "\(path): the checkpoint does not fit this version of pfedla: \(reason)",
      advice: ". Resume with the version that wrote it, or remove "
        + "\(files.joined(separator: " and ")) to start again")
  }

  /// Moves both files aside, to `….unusable`, or `….unusable-2`, … if such files exist
  /// already. Only for the holder of the cell's lock.
  /// - Returns: the new path of the last one.
  /// - Throws: `SpecificationError` if one cannot be moved.
  func setAside() throws -> String {
    let targets = try files.map(CellFolder.setAside(file:))
    return targets.first ?? path
  }

  /// What the last intact checkpoint says about the inputs of its run, without its state.
  struct Inputs {
    /// The checkpoint's file.
    let path: String
    let datasetSHA256: String
    let partitionSHA256: String
  }

  /// The inputs of the run to resume; nil if there is no checkpoint that this program can resume from.
  func inputs() -> Inputs? {
    for name in files {
      guard (try? HDF5File.checkSeal(of: name)) != nil else { continue }
      guard let file = try? HDF5File.openForReading(name) else { return nil }
      defer { try? file.close() }
      guard
        let version = try? file.attribute("numerics_version", as: Int32.self),
        version == CodeVersion.numerics,
        let images = try? file.attribute("dataset_sha256", as: String.self),
        let specification = try? file.readValue("specification", as: String.self)
      else { return nil }
      let key = "\(RunSetting.partitionDigestKey): "
      let line = specification.split(separator: "\n").first { $0.hasPrefix(key) }
      return Inputs(
        path: name, datasetSHA256: images,
        partitionSHA256: line.map { String($0.dropFirst(key.count)) } ?? "")
    }
    return nil
  }

  private func load(_ path: String, _ origin: Origin, empty: RunRecord) throws -> Checkpoint {
    let file = try HDF5File.openForReading(path)
    defer { try? file.close() }
    try checkOrigin(file, origin, path)
    let bank = try file.dataset("bank")
    guard bank.shape.count == 2, bank.shape[0] == empty.clientCount else {
      throw misfit("the bank has shape \(bank.shape), expected \(empty.clientCount) clients")
    }
    let round = Int(try file.attribute("round", as: Int32.self))
    let old = RecordedKeys(try file.readValue("specification"))
    guard let planned = old["rounds"].flatMap({ Int($0) }), (1...10_000_000).contains(planned),
      (1...planned).contains(round)
    else {
      throw misfit("round \(round) of \(old["rounds"] ?? "none")")
    }
    let record = try record(
      file.group("record"), old, shape: [planned, empty.clientCount], empty, origin, round: round)
    let server = try file.group("server")
    return try Checkpoint(
      round: round,
      bank: ClientBank(
        parameterCount: bank.shape[1],
        rows: bank.readEachRow()),
      server: server.childNames().map { name in
        let tensor = try server.dataset(name)
        guard tensor.shape.count > 1 else {
          return StateTensor(name: name, shape: tensor.shape, values: try tensor.read())
        }
        return StateTensor(
          name: name, rowShape: Array(tensor.shape.dropFirst()),
          rows: try tensor.readEachRow())
      },
      record: record)
  }

  /// The record, as the run that resumes has it.
  private func record(
    _ group: HDF5Group, _ old: RecordedKeys, shape: [Int], _ empty: RunRecord, _ origin: Origin,
    round: Int
  ) throws -> RunRecord {
    // Before there is room for all of it.
    guard shape[0] * shape[1] <= RunRecord.mostValues else {
      throw misfit("\(shape[0]) rounds of \(shape[1]) clients")
    }
    for (name, _) in RunRecord.matrices where try group.dataset(name).shape != shape {
      throw misfit("/record/\(name) is \(try group.dataset(name).shape), expected \(shape)")
    }
    let whole = try RunRecord(
      checkpoint: group,
      empty: RunRecord(
        roundCount: shape[0], clientCount: shape[1], layerCount: empty.layerCount,
        classCount: empty.classCount), round: round)
    do {
      return try whole.continued(origin.schedule, after: round)
    } catch let error as RunRecord.OtherSchedule {
      let mend = error.mend ?? old[error.key].map { "\(error.key)=\($0)" } ?? "the old value"
      throw CheckpointError(
        .otherRun, "\(path): the checkpoint cannot be continued: \(error.reason)",
        advice:
          ". Give \(mend) to resume, or remove \(files.joined(separator: " and ")) to start again"
      )
    }
  }

  /// The keys of the run that wrote a checkpoint.
  private struct RecordedKeys {
    private let values: [String: String]

    init(_ text: String) {
      values = Dictionary(
        text.split(separator: "\n").compactMap { line in
          line.range(of: ": ").map {
            (String(line[..<$0.lowerBound]), String(line[$0.upperBound...]))
          }
        }, uniquingKeysWith: { first, _ in first })
    }

    subscript(key: String) -> String? { values[key] }
  }

  private func checkOrigin(_ file: HDF5File, _ origin: Origin, _ path: String) throws {
    let advice = "remove \(files.joined(separator: " and ")) to start again"
    // The version first: another one may know other keys.
    let version =
      try file.hasAttribute("numerics_version")
      ? Int(file.attribute("numerics_version", as: Int32.self)) : 0
    guard version == origin.numericsVersion else {
      throw CheckpointError(
        .otherNumerics,
        "\(path): the checkpoint is of numerics version \(version), this program has "
          + "\(origin.numericsVersion)",
        advice:
          " and rounds differently. Finish the run with the program that started it, or "
          + advice)
    }
    let specification: String = try file.readValue("specification")
    let images: String = try file.attribute("dataset_sha256")
    let hasOwnImages = images == origin.datasetSHA256
    // The partition of other labels is another one: then the images are what differs.
    if let (key, difference) = origin.settings.firstDifference(
      from: specification, except: Origin.scheduleKeys),
      hasOwnImages || key != RunSetting.partitionDigestKey
    {
      throw CheckpointError(
        key == RunSetting.partitionDigestKey ? .otherInputs : .otherRun,
        "\(path): the checkpoint belongs to another specification: \(difference)",
        advice: ". Give the old value to resume, or \(advice)")
    }
    guard hasOwnImages else {
      throw CheckpointError(
        .otherInputs,
        "\(path): the checkpoint belongs to other images or labels: dataset_sha256 was \(images) and is "
          + "now \(origin.datasetSHA256)",
        advice: ". Put the old dataset files back to resume, or \(advice)")
    }
  }
}
