import CHDF5
import Experiments
import ExperimentsTestSupport
import Foundation
import HDF5
import Partitioning
import TestSupport

// HDF5 files.
extension Target {
  static let results: [Target] = [
    Target(name: "result", summary: "a result, its bytes changed", share: 0.06) { folder in
      let path = "\(folder)/a.h5"
      try Fixtures.run(["rounds=2"], to: path)
      return Prepared([try contents(path)]) { bytes in
        try write(bytes, to: path)
        let result = try RunResult(path: path)
        _ = result.accuracyPercent(.received)
      }
    },
    Target(
      name: "result-arrays", summary: "a result without a seal, an array replaced", share: 0.03
    ) { folder in
      let (good, path) = ("\(folder)/good.h5", "\(folder)/a.h5")
      try Fixtures.run(["rounds=2", "record_weights_every=1"], to: good)
      // The seal is the user block of 512 bytes ahead of the file.
      let unsealed = Array(try contents(good).dropFirst(512))
      let names = [
        "round", "client", "layer", "train_count", "test_count", "partition/label_count",
        "partition/class", "partition/train", "partition/test", "test_accuracy_received",
        "test_accuracy_trained", "test_loss_received", "train_loss", "participated",
        "gradient_computations", "forward_samples", "uplink_bytes", "downlink_bytes",
        "diverged_round", "aggregation/recorded_round", "aggregation/weights",
        "class_counts/recorded_round", "class_counts/class", "class_counts/test_count",
        "class_counts/correct_received", "provenance/resolved_specification",
        "provenance/dataset_sha256", "provenance/dataset_files",
      ]
      // An input is the choice of an edit: 64 bytes that stand for it.
      return Prepared([], make: { mutator in (0..<64).map { _ in UInt8(mutator.below(256)) } }) {
        bytes in
        try write(unsealed, to: path)
        let file = H5Fopen(path, 1 /* H5F_ACC_RDWR */, chdf5_default())
        guard file >= 0 else { throw FuzzingError("cannot open the copy") }
        _ = edit(bytes, names).make(in: file)
        H5Fclose(file)
        let result = try RunResult(path: path)
        _ = result.accuracyPercent(.trained)
        _ = try? result.atRound(1)
      }
    },
    Target(name: "partition", summary: "a partition, its bytes changed", share: 0.05) { folder in
      let path = "\(folder)/a.h5"
      try Fixtures.preparation().partition.save(to: path, overwrite: true)
      return Prepared([try contents(path)]) { bytes in
        try write(bytes, to: path)
        _ = try Partition.load(from: path)
      }
    },
    Target(name: "checkpoint", summary: "a checkpoint, its bytes changed", share: 0.06) { folder in
      let path = "\(folder)/a.h5"
      let preparation = try Fixtures.preparation()
      _ = try ExperimentRun(preparation, output: path, overwrite: false, workerCount: 1)
        .run(shouldStop: { true }, report: { _ in })
      let checkpoint = CheckpointFile(besides: path)
      let empty = RunRecord(
        roundCount: 4, clientCount: 5, layerCount: preparation.layout.layers.count, classCount: 10)
      return Prepared([try contents(checkpoint.path)]) { bytes in
        try write(bytes, to: checkpoint.path)
        _ = try checkpoint.load(CheckpointFile.Origin(preparation), empty: empty)
      }
    },
  ]

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
