import Experiments
import ExperimentsTestSupport
import Foundation
import TestSupport
import Testing

/// Result files that somebody edited: every array is checked before it is used, and an impossible one ends in
/// one line.
@Suite("Edited results")
struct HostileResultTests {
  /// A result of pFedLA: 5 clients, 4 rounds, 7 layers.
  private static let good = Result {
    let folder = try TemporaryFolder()
    try Fixtures.run(
      ["method=pfedla", "record_weights_every=1"], to: folder.file("good.h5").path)
    return folder
  }

  @Test(
    "one line names the file and what is impossible",
    arguments: [
      ArrayEdit.integers("client", shape: [1 << 19, 4], value: 0),
      .integers("round", shape: [2], value: 1), .integers("round", shape: [4], value: 7),
      .integers("round", shape: [1 << 31], value: 1), .missing("round"),
      .integers("client", shape: [5], value: 0), .integers("train_count", shape: [1], value: 3),
      .integers("train_count", shape: [5], value: -3),
      .integers("test_count", shape: [2], value: 3),
      .integers("test_count", shape: [5], value: -1),
      .integers("test_count", shape: [1 << 40], value: 1),
      .integers("partition/label_count", shape: [3, 10], value: 1),
      .integers("partition/label_count", shape: [5], value: 1),
      .integers("partition/label_count", shape: [5, 10], value: -1),
      .texts("layer", count: 2), .texts("layer", count: 0),
      .integers("layer", shape: [7], value: 1),
      .floats("test_accuracy_received", shape: [4, 5], value: 2),
      .floats("test_accuracy_received", shape: [4, 5], value: -0.5),
      .floats("test_accuracy_received", shape: [5, 4], value: 0.5),
      .floats("test_accuracy_trained", shape: [1 << 30, 5], value: 0.5),
      .floats("train_loss", shape: [4, 5], value: -1),
      .integers("gradient_computations", shape: [4, 5], value: -1),
      .integers("forward_samples", shape: [2, 5], value: 1),
      .floats("uplink_bytes", shape: [4], value: -1),
      .integers("aggregation/recorded_round", shape: [2], value: 1),
      .integers("aggregation/recorded_round", shape: [4], value: 9),
      .integers("aggregation/recorded_round", shape: [0], value: 0),
      .floats("aggregation/weights", shape: [1], value: 0.5),
      .floats("aggregation/weights", shape: [4, 5, 7, 4], value: 0.5),
      .floats("aggregation/weights", shape: [3, 5, 7, 5], value: 0.5),
      .integers("diverged_round", shape: [2], value: 0),
      .integers("diverged_round", shape: [5], value: 9),
    ])
  func edits(edit: ArrayEdit) throws {
    let folder = try TemporaryFolder()
    let path = try EditedResult.copy(of: Self.good.get().file("good.h5"), in: folder) {
      edit.make(in: $0)
    }
    EditedResult.expectRefused(path)
  }

  @Test("a copy without its seal is read, and says so")
  func unsealed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("unsealed.h5").path
    let good = try Self.good.get().file("good.h5")
    try Data(contentsOf: good).dropFirst(512).write(to: URL(fileURLWithPath: path))
    let result = try RunResult(path: path)
    #expect(!result.isSealed && result.sealWarning?.hasPrefix("\(path): has no checksum") == true)
    let sealed = try RunResult(path: good.path)
    #expect(sealed.isSealed && sealed.sealWarning == nil)
    #expect(sealed.numbersSHA256 == result.numbersSHA256)
  }
}
