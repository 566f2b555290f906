import CHDF5
import Experiments
import ExperimentsTestSupport
import Foundation
import TestSupport
import Testing

/// Result files that somebody edited: every array is checked before it is used, and an impossible one ends in
/// one line.
@Suite("Edited results")
struct HostileResultTests {
  /// An array to put in the place of another.
  enum Edit: CustomTestStringConvertible {
    case integers(String, shape: [Int], value: Int32)
    case floats(String, shape: [Int], value: Float)
    case texts(String, count: Int)
    case missing(String)

    var testDescription: String {
      switch self {
      case .integers(let path, let shape, let value): "\(path) \(shape) of \(value)"
      case .floats(let path, let shape, let value): "\(path) \(shape) of \(value)"
      case .texts(let path, let count): "\(path) [\(count)] of text"
      case .missing(let path): "\(path) missing"
      }
    }

    var path: String {
      switch self {
      case .integers(let path, _, _), .floats(let path, _, _), .texts(let path, _),
        .missing(let path):
        path
      }
    }

    /// Makes the change in an open file; true if all calls went well.
    func make(in file: hid_t) -> Bool {
      let properties = chdf5_default()
      guard H5Ldelete(file, path, properties) >= 0 else { return false }
      let (type, shape): (hid_t, [Int]) =
        switch self {
        case .integers(_, let shape, _): (chdf5_native_int32(), shape)
        case .floats(_, let shape, _): (chdf5_native_float(), shape)
        case .texts(_, let count): (chdf5_create_utf8_string_type(), [count])
        case .missing: (-1, [])
        }
      guard type >= 0 else { return true }
      let extents = shape.map { hsize_t($0) }
      let space = H5Screate_simple(Int32(shape.count), extents, nil)
      let set = H5Dcreate2(file, path, type, space, properties, properties, properties)
      defer {
        H5Dclose(set)
        H5Sclose(space)
      }
      let count = shape.reduce(1, *)
      // A huge array is only claimed: nothing is stored.
      guard count < 1 << 20 else { return set >= 0 }
      let written: herr_t =
        switch self {
        case .integers(_, _, let value):
          H5Dwrite(
            set, type, chdf5_all(), chdf5_all(), properties,
            [Int32](repeating: value, count: count))
        case .floats(_, _, let value):
          H5Dwrite(
            set, type, chdf5_all(), chdf5_all(), properties,
            [Float](repeating: value, count: count))
        case .texts:
          "x".withCString { text in
            H5Dwrite(
              set, type, chdf5_all(), chdf5_all(), properties,
              [UnsafePointer<CChar>?](repeating: text, count: count))
          }
        case .missing: 0
        }
      return set >= 0 && written >= 0
    }
  }

  /// A result of pFedLA: 5 clients, 4 rounds, 7 layers.
  private static let good = Result {
    let folder = try TemporaryFolder()
    try Fixtures.run(
      ["method=pfedla", "record_weights_every=1"], to: folder.file("good.h5").path)
    return folder
  }

  /// An unsealed copy with a change.
  private func edited(_ edit: Edit, in folder: TemporaryFolder) throws -> String {
    let path = folder.file("edited.h5").path
    // The seal is the user block of 512 bytes ahead of the file.
    try Data(contentsOf: Self.good.get().file("good.h5")).dropFirst(512)
      .write(to: URL(fileURLWithPath: path))
    let file = H5Fopen(path, 1 /* H5F_ACC_RDWR */, chdf5_default())
    defer { H5Fclose(file) }
    #expect(file >= 0 && edit.make(in: file))
    return path
  }

  @Test(
    "one line names the file and what is impossible",
    arguments: [
      Edit.integers("round", shape: [2], value: 1), .integers("round", shape: [4], value: 7),
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
  func edits(edit: Edit) throws {
    let folder = try TemporaryFolder()
    let path = try edited(edit, in: folder)
    do {
      _ = try RunResult(path: path)
      Issue.record("read without an error")
    } catch {
      let line = "\(error)"
      #expect(line.hasPrefix(path) && !line.contains("\n"), "\(line)")
    }
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
