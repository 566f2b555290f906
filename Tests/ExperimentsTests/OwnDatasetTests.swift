import Datasets
import Experiments
import ExperimentsTestSupport
import Foundation
import HDF5
import Partitioning
import TestSupport
import Testing

@Suite("Runs on files of one's own")
struct OwnDatasetTests {
  /// 60 images of 12 x 12 pixels of 3 classes as IDX files, whose every pixel is 80 · class + `shade`.
  private func files(_ folder: String, shade: UInt8 = 0, count: Int = 60) throws -> String {
    func bigEndian(_ number: Int) -> [UInt8] { [0, 0, 0, UInt8(number)] }
    var images: [UInt8] = [0, 0, 8, 3] + [count, 12, 12].flatMap(bigEndian)
    var labels: [UInt8] = [0, 0, 8, 1] + bigEndian(count)
    for index in 0..<count {
      let pixel = 80 * (index % 3) + index % 5 + Int(shade)
      images += [UInt8](repeating: UInt8(pixel), count: 144)
      labels.append(UInt8(index % 3))
    }
    let (first, second) = ("\(folder)/images-\(shade)", "\(folder)/labels-\(shade)")
    try Data(images).write(to: URL(fileURLWithPath: first))
    try Data(labels).write(to: URL(fileURLWithPath: second))
    return "{images: \(first), labels: \(second)}"
  }

  /// Twelve samples of two users and 2 x 2 pixels, as LEAF has them.
  private func leaf(_ folder: String) throws -> String {
    func user(_ shade: Int) -> String {
      let images = (0..<12).map { "[0.\($0 % 2)\(shade), 0.5, 0.\($0 % 2), 1]" }
      let labels = (0..<12).map { "\($0 % 2)" }
      return
        "{\"x\": [\(images.joined(separator: ", "))], \"y\": [\(labels.joined(separator: ", "))]}"
    }
    let text = """
      {"users": ["f1", "f0"], "num_samples": [12, 12], "user_data": {"f0": \(user(1)), "f1": \(user(2))}}
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/leaf.json"))
    return "\(folder)/leaf.json"
  }

  private func specification(_ files: String, _ overrides: [String] = []) throws
    -> RunSpecification
  {
    let text = """
      method: fedavg
      dataset: {name: shades, files: \(files)}
      partition: {scheme: iid, clients: 3, samples_per_client: 20}
      model: {architecture: mlp}
      rounds: 2
      local_epochs: 1

      """
    return try RunSpecification(
      SpecificationDocument(file: "own.yaml", text: text, overrides: overrides))
  }

  private func preparation(_ files: String, _ overrides: [String] = []) throws -> RunPreparation {
    try RunPreparation(specification(files, overrides), datasetsFolder: "nowhere")
  }

  @Test("from the specification to the result")
  func run() throws {
    try withTemporaryFolder { folder in
      let files = try files(folder)
      let result = "\(folder)/a.h5"
      let settings = ["rounds=4", "local_epochs=5", "batch_size=8", "learning_rate=0.1"]
      _ = try ExperimentRun(
        preparation(files, settings), output: result, overwrite: false, workerCount: 1
      ).run(shouldStop: { false }, report: { _ in })
      let run = try RunResult(path: result)
      #expect(run.dataset == "shades" && run.origin == .own)
      #expect(
        run.setting("dataset.files")
          == #"{"images": ["\#(folder)/images-0"], "labels": ["\#(folder)/labels-0"]}"#)
      #expect(
        try run.inputs.files.map(\.sha256)
          == ["images-0", "labels-0"].map { try FileDigest.sha256(ofFile: "\(folder)/\($0)") })
      // Shades 80 apart are soon told from each other.
      #expect(run.accuracyPercent(.received) > 80)
    }
  }

  @Test("published datasets have no such key in their identity")
  func identity() throws {
    let settings = try RunSpecification(Fixtures.document()).identity
    #expect(settings.first { $0.key == "dataset.files" }?.value == "published")
    #expect(!settings.identityText.contains("dataset.files"))
    try withTemporaryFolder { folder in
      let one = try specification(files(folder)).identity.identityText
      #expect(one.contains("dataset.files: {\"images\": [\"\(folder)/images-0\"]"))
      #expect(try one != specification(files(folder, shade: 1)).identity.identityText)
    }
  }

  @Test("a partition made from other bytes is refused")
  func partitions() throws {
    try withTemporaryFolder { folder in
      let files = try files(folder)
      let path = "\(folder)/p.h5"
      try preparation(files).partition.save(to: path, overwrite: false)
      #expect(
        try preparation(files, ["partition.file=\(path)"]).partition.sha256
          == preparation(files).partition.sha256)
      let other = try self.files(folder, shade: 1)
      let error = #expect(throws: SpecificationError.self) {
        try preparation(other, ["partition.file=\(path)"])
      }
      #expect(error?.description.contains("the partition was made for other images") == true)
    }
  }

  @Test("LEAF's users as clients")
  func natural() throws {
    try withTemporaryFolder { folder in
      let natural = ["partition={scheme: natural}", "model.architecture=mlp"]
      let preparation = try preparation(leaf(folder), natural)
      #expect(preparation.partition.clientCount == 2)
      // In the order of `users`.
      #expect(
        (preparation.partition.train[0] + preparation.partition.test[0]).sorted()
          == Array(0..<12))
      #expect(preparation.partition.train.map(\.count) == [8, 8])
      let error = #expect(throws: (any Error).self) { try self.preparation(files(folder), natural) }
      #expect(
        "\(String(describing: error))".contains("the dataset does not say whose its samples are"))
    }
  }

  @Test("a network that does not fit the images is refused")
  func network() throws {
    try withTemporaryFolder { folder in
      #expect(throws: (any Error).self) {
        try preparation(
          leaf(folder), ["model.architecture=lenet5", "partition.samples_per_client=8"])
      }
    }
  }

  @Test(
    "what cannot be is refused with its key",
    arguments: [
      ("x.npz", "dataset.name=mnist", "dataset.name: found mnist, a published dataset"),
      ("x.npz", "dataset.name=emnist", "dataset.name: found emnist, a published dataset"),
      ("x.npz", "dataset.name=My data", "dataset.name: found My data, expected up to 60 lowercase"),
      ("[]", "seed=1", "dataset.files: found a list, expected the path of a file"),
      ("{image: a}", "seed=1", "dataset.files.image: unknown key; did you mean images?"),
      ("{labels: a}", "seed=1", "dataset.files.images: missing"),
      ("{images: [a, b], labels: a}", "seed=1", "dataset.files.labels: found 1 files, expected 2"),
      ("{train: a, images: b}", "seed=1", "dataset.files.images: found beside train or test"),
      ("{train: {image: a}}", "seed=1", "dataset.files.train.image: unknown key"),
      ("{images: a, channels: 1}", "seed=1", "dataset.files.height: missing"),
      (
        "{images: a, channels: 1, height: 2, width: 2}", "seed=1",
        "dataset.files.class_count: missing"
      ),
      ("{images: a, class_count: 0}", "seed=1", "dataset.files.class_count: found 0"),
      (
        "{images: a, class_count: 70000}", "seed=1",
        "dataset.files.class_count: found 70000, expected a whole number in 1 … 65536"
      ),
      (
        "{images: a, class_names: [a, a]}", "seed=1",
        "dataset.files.class_names: found 2 names, expected different ones"
      ),
      (
        "{images: a, class_names: [a, b], class_count: 3}", "seed=1",
        "dataset.files.class_names: found 2 names, expected class_count, 3"
      ),
      ("{images: \"a\\nb\"}", "seed=1", "dataset.files.images: found"),
    ])
  func refused(files: String, override: String, words: String) throws {
    let error = #expect(throws: SpecificationError.self) { try specification(files, [override]) }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test("every way to list files")
  func lists() throws {
    func text(_ files: String) throws -> String? {
      try specification(files).dataset.files?.text
    }
    #expect(try text("published") == nil)
    #expect(try text("a.npz") == #"{"images": ["a.npz"]}"#)
    #expect(try text("[a.npz, b.npz]") == #"{"images": ["a.npz", "b.npz"]}"#)
    #expect(try text("{images: a, labels: a}") == #"{"images": ["a"]}"#)
    #expect(
      try text("{test: {images: a, labels: b}, train: [c, 'd\"e']}")
        == #"{"train": {"images": ["c", "d\"e"]}, "test": {"images": ["a"], "labels": ["b"]}}"#)
    #expect(
      try text("{images: a, channels: 3, height: 4, width: 5, class_names: [x, y]}")
        == #"{"images": ["a"], "channels": 3, "height": 4, "width": 5, "label_bytes": 1, "class_names": ["x", "y"]}"#
    )
    // What is recorded can be given again.
    for files in ["{test: {images: a, labels: b}, train: c, class_count: 4}", "[a, 'b\\c']"] {
      let recorded = try #require(try text(files))
      #expect(try text(recorded) == recorded)
    }
  }
}
