import CHDF5
import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import HDF5
import Partitioning
import TestSupport

// HDF5 files.
extension Target {
  static let results: [Target] = [
    Target(name: "result", summary: "a result, its bytes changed", share: 0.04, isSealed: true) {
      folder in
      let path = "\(folder)/a.h5"
      try Fixtures.run(["rounds=2"], to: path)
      return Prepared([try contents(path)]) { bytes in
        try write(bytes, to: path)
        let result = try RunResult(path: path)
        _ = result.accuracyPercent(.received)
      }
    },
    Target(
      name: "result-arrays", summary: "a result without a seal, an array replaced", share: 0.04
    ) { folder in
      let (good, path) = ("\(folder)/good.h5", "\(folder)/a.h5")
      try Fixtures.run(
        ["rounds=2", "record_weights_every=1", "record_class_confusion=true"], to: good)
      // The seal is the user block of 512 bytes ahead of the file.
      let unsealed = Array(try contents(good).dropFirst(512))
      let names = [
        "round", "client", "layer", "train_count", "test_count", "partition/label_count",
        "partition/class", "partition/train", "partition/test", "test_accuracy_received",
        "test_accuracy_trained", "test_loss_received", "train_loss", "participated",
        "gradient_computations", "forward_samples", "uplink_bytes", "downlink_bytes",
        "diverged_round", "aggregation/recorded_round", "aggregation/weights",
        "class_counts/recorded_round", "class_counts/class", "class_counts/test_count",
        "class_counts/correct_received", "class_counts/predicted_class",
        "class_counts/confusion_received", "provenance/resolved_specification",
        "provenance/dataset_sha256", "provenance/dataset_files",
      ]
      return Prepared([], make: choice) { bytes in
        try write(unsealed, to: path)
        let file = H5Fopen(path, 1 /* H5F_ACC_RDWR */, chdf5_default())
        guard file >= 0 else { throw FuzzingError("cannot open the copy") }
        guard edit(bytes, names).make(in: file), H5Fclose(file) >= 0 else {
          throw FuzzingError("cannot make the edit \(edit(bytes, names))")
        }
        let result = try RunResult(path: path)
        _ = result.accuracyPercent(.trained)
        _ = try? result.atRound(1)
      }
    },
    Target(
      name: "partition", summary: "a partition, its bytes changed", share: 0.03, isSealed: true
    ) { folder in
      let path = "\(folder)/a.h5"
      try Fixtures.preparation().partition.save(to: path, overwrite: true)
      return Prepared([try contents(path)]) { bytes in
        try write(bytes, to: path)
        _ = try Partition.load(from: path)
      }
    },
    Target(
      name: "partition-arrays", summary: "a partition without a seal, an array replaced",
      share: 0.03
    ) { folder in
      let path = "\(folder)/a.h5"
      try Fixtures.preparation().partition.save(to: path, overwrite: true)
      let unsealed = Array(try contents(path).dropFirst(512))
      let names = [
        "partition/class", "partition/label_count", "partition/train/row_size",
        "partition/train/dataset_index", "partition/test/row_size",
        "partition/test/dataset_index", "client",
      ]
      return Prepared([], make: choice) { bytes in
        try write(unsealed, to: path)
        let file = H5Fopen(path, 1 /* H5F_ACC_RDWR */, chdf5_default())
        guard file >= 0 else { throw FuzzingError("cannot open the copy") }
        // An array that this kind of file does not have cannot be replaced.
        _ = edit(bytes, names).make(in: file)
        H5Fclose(file)
        _ = try Partition.load(from: path)
      }
    },
    Target(
      name: "checkpoint", summary: "a checkpoint, its bytes changed", share: 0.03, isSealed: true
    ) { folder in
      let (checkpoint, preparation) = try stopped(folder)
      return Prepared([try contents(checkpoint.path)]) { bytes in
        try write(bytes, to: checkpoint.path)
        _ = try checkpoint.load(CheckpointFile.Origin(preparation), empty: empty(preparation))
      }
    },
    Target(
      name: "checkpoint-arrays", summary: "a checkpoint with a new seal, an array replaced",
      share: 0.03
    ) { folder in
      let (checkpoint, preparation) = try stopped(folder)
      let unsealed = Array(try contents(checkpoint.path).dropFirst(512))
      let names = [
        "bank", "specification", "server/hypernetwork_forms", "server/hypernetwork_step_counts",
        "server/hypernetwork_bases", "server/hypernetwork_step_inputs",
        "server/hypernetwork_step_outputs", "server/hypernetwork_heads",
        "record/test_accuracy_received", "record/train_loss", "record/gradient_computations",
        "record/participated", "record/uplink_bytes", "record/recorded_rounds", "record/weights",
        "record/retained", "record/class_count_rounds", "record/correct_received",
        "record/confusion_received_places", "record/confusion_received_counts",
        "record/diverged_rounds",
      ]
      return Prepared([], make: choice) { bytes in
        try write(unsealed, to: checkpoint.path)
        let file = H5Fopen(checkpoint.path, 1 /* H5F_ACC_RDWR */, chdf5_default())
        guard file >= 0, edit(bytes, names).make(in: file), H5Fclose(file) >= 0 else {
          throw FuzzingError("cannot make the edit \(edit(bytes, names))")
        }
        try write(HDF5File.sealed(contents(checkpoint.path)), to: checkpoint.path)
        guard
          let found = try checkpoint.load(
            CheckpointFile.Origin(preparation), empty: empty(preparation))
        else { return }
        _ = try PFedLA(
          options: preparation.specification.methodOptions, setting: preparation.setting
        ).state(from: found.checkpoint.server)
      }
    },
  ]

  /// The choice of an edit: 64 bytes that stand for it.
  private static func choice(_ mutator: inout Mutator) -> [UInt8] {
    (0..<64).map { _ in UInt8(mutator.below(256)) }
  }

  /// The checkpoint of a run that was stopped.
  private static func stopped(_ folder: String) throws -> (CheckpointFile, RunPreparation) {
    let path = "\(folder)/a.h5"
    let preparation = try Fixtures.preparation(["record_class_confusion=true"])
    _ = try ExperimentRun(preparation, output: path, overwrite: false, workerCount: 1)
      .run(shouldStop: { true }, report: { _ in })
    return (CheckpointFile(besides: path), preparation)
  }

  private static func empty(_ preparation: RunPreparation) -> RunRecord {
    RunRecord(
      roundCount: 4, clientCount: 5, layerCount: preparation.layout.layers.count, classCount: 10)
  }

  /// The edit that some bytes stand for.
  private static func edit(_ bytes: [UInt8], _ names: [String]) -> ArrayEdit {
    var rest = bytes[...]
    func next() -> Int { Int(rest.popFirst() ?? 0) }
    let name = names[next() % names.count]
    let lengths = [0, 1, 2, 3, 4, 5, 7, 10, 1 << 20, 1 << 31, 1 << 40]
    let shape = (0..<next() % 5).map { _ in lengths[next() % lengths.count] }
    let small: [Int32] = [0, 1, 2, -1, 5, 9, .max, .min]
    let floats: [Float] = [0, 0.5, 1, -1, 2, .nan, .infinity, -.infinity, 1e38]
    return switch next() % 4 {
    case 0: .integers(name, shape: shape, value: small[next() % small.count])
    case 1: .floats(name, shape: shape, value: floats[next() % floats.count])
    case 2: .texts(name, count: [0, 1, 2, 5, 7][next() % 5])
    default: .missing(name)
    }
  }
}
