import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import HDF5
import TestSupport
import Testing

/// A result's description of itself: versions, digest of the numbers, settings, counts of classes.
@Suite("Results that say what they are")
struct ResultIdentityTests {
  @Test("the digest is in the file, and verify computes the same from the arrays")
  func digest() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(to: path)
    let verification = try ResultVerification(path: path)
    #expect(verification.isGood)
    #expect(verification.recorded?.count == 64)
    #expect(verification.changedArrays.isEmpty)
    #expect(try RunResult(path: path).numbersSHA256 == verification.recorded)
    let paths = verification.computed.arrays.map(\.path)
    #expect(paths.contains("/test_accuracy_received") && paths.contains("/model/fc1/weight"))
    #expect(paths.contains("/partition/train/dataset_index"))
    // Text is none of the numbers.
    #expect(!paths.contains("/layer") && !paths.contains("/provenance/specification"))
    #expect(paths == paths.sorted())
  }

  @Test("equal numbers under another name, layout and text have the same digest")
  func sameNumbers() throws {
    let folder = try TemporaryFolder()
    let (first, second) = (folder.file("a.h5").path, folder.file("b.h5").path)
    try Fixtures.run(to: first)
    try Fixtures.run(["name=other"], to: second, workers: 1)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: first))
        != Data(contentsOf: URL(fileURLWithPath: second)))
    #expect(
      try ResultVerification(path: first).recorded == ResultVerification(path: second).recorded)
  }

  @Test("the digest sees another value, shape, type and name, and no other layout")
  func sensitivity() throws {
    let folder = try TemporaryFolder()
    func digest(_ name: String, _ write: (HDF5File) throws -> Void) throws -> String {
      let file = try HDF5File.create(folder.file(name).path)
      try file.setAttribute("schema_name", "pfedla_result")
      try write(file)
      try file.close()
      return try ResultVerification(path: folder.file(name).path).computed.sha256
    }
    let values: [Float] = [1, 2, 3, 4, .nan, 0]
    let plain = try digest("a.h5") { try $0.write("x", values, shape: [2, 3]) }
    let other = try [
      digest("b.h5") { try $0.write("x", [1, 2, 3, 4, .nan, -0.0] as [Float], shape: [2, 3]) },
      digest("c.h5") { try $0.write("x", values, shape: [3, 2]) },
      digest("d.h5") { try $0.write("x", values.map(Double.init), shape: [2, 3]) },
      digest("e.h5") { try $0.write("y", values, shape: [2, 3]) },
    ]
    #expect(Set(other + [plain]).count == 5)
    let compressed = try digest("f.h5") { file in
      try file.write("x", values, shape: [2, 3], storage: .compressed)
      try file.write("note", "text")
      try file.setAttribute("other", 3.5)
    }
    #expect(compressed == plain)
  }

  @Test("a changed number is named")
  func changed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(["saved_models=trained"], to: path)
    // The last model parameters are uncompressed: change one byte in the middle of fc1's weights.
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let file = try HDF5File.openForReading(path)
    let weights: [Float] = try file.read("model/fc1/weight")
    try file.close()
    let pattern = weights[1000..<1016].withUnsafeBytes { Data($0) }
    let range = try #require(bytes.range(of: pattern))
    bytes[range.lowerBound] ^= 1
    // Its seal would notice any change: without it, the digests do.
    try bytes.dropFirst(512).write(to: URL(fileURLWithPath: path))
    let verification = try ResultVerification(path: path)
    #expect(!verification.isGood)
    #expect(verification.changedArrays == ["/model/fc1/weight"])
  }

  @Test("settings are typed attributes, one a key")
  func settings() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(["method=per-fedavg"], to: path)
    let file = try HDF5File.openForReading(path)
    let settings = try file.group("settings")
    #expect(try settings.attribute("method", as: String.self) == "per-fedavg")
    #expect(try settings.attribute("rounds", as: Int64.self) == 4)
    #expect(try settings.attribute("learning_rate", as: Double.self) == 0.01)
    #expect(try settings.attribute("model_batch_normalisation", as: Bool.self))
    #expect(try settings.attribute("model_batch_normalisation", as: Int8.self) == 1)
    #expect(try settings.attribute("dataset_splits", as: String.self) == "[train]")
    #expect(try settings.attribute("methods_per_fedavg_variant", as: String.self) == "first-order")
    let resolved = try RunResult(path: path).resolvedSpecification
    #expect(try settings.attributeNames().count == resolved.count)

    let lists = folder.file("lists.h5").path
    try Fixtures.run(
      ["method=pfedla", "methods.pfedla.hidden_sizes=[8, 9]", "model.batch_normalisation=false"],
      to: lists)
    let typed = try HDF5File.openForReading(lists).group("settings")
    #expect(try typed.attributes("methods_pfedla_hidden_sizes", as: Int64.self) == [8, 9])
    #expect(try !typed.attribute("model_batch_normalisation", as: Bool.self))
    #expect(try RunResult(path: lists).setting("methods.pfedla.hidden_sizes") == "[8, 9]")
  }

  @Test("correct samples of each class add up to the accuracies")
  func classCounts() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(["rounds=5", "record_class_counts_every=2", "evaluate_every=1"], to: path)
    let result = try RunResult(path: path)
    let record = result.record
    // At the first evaluation after every second round, and at the last.
    #expect(record.classCountRounds == [2, 4, 5])
    #expect(result.classNames.count == 10)
    for (index, round) in record.classCountRounds.enumerated() {
      for client in 0..<record.clientCount {
        let start = (index * record.clientCount + client) * 10
        let tested = result.testClassCounts[client * 10..<client * 10 + 10]
        #expect(tested.reduce(0, +) == result.testCounts[client])
        for (counts, accuracies) in [
          (record.correctReceived, record.testAccuracyReceived),
          (record.correctTrained, record.testAccuracyTrained),
        ] {
          let row = counts[start..<start + 10]
          #expect(zip(row, tested).allSatisfy { $0 >= 0 && $0 <= $1 })
          let accuracy = accuracies[(Int(round) - 1) * record.clientCount + client]
          #expect(accuracy == Float(Double(row.reduce(0, +)) / Double(result.testCounts[client])))
        }
      }
    }
  }

  @Test(
    "a later key at its neutral value changes no cell's name, and no checkpoint is refused for it")
  func laterKeys() throws {
    let specification = try RunSpecification(Fixtures.document())
    let now = specification.identity
    func with(_ value: String, isNeutral: Bool) -> [RunSetting] {
      now + [RunSetting.forTests("later_key", value, isNeutral: isNeutral)]
    }
    #expect(now.identityText == with("none", isNeutral: true).identityText)
    #expect(now.identityText != with("some", isNeutral: false).identityText)
    #expect(with("none", isNeutral: true).difference(from: now.text) == nil)
    #expect(
      with("some", isNeutral: false).difference(from: now.text)
        == "later_key was absent and is now some")
    #expect(
      now.difference(from: with("some", isNeutral: false).text)
        == "it has later_key, a key that this version does not know")
    #expect(now.identityText.hasPrefix("numerics_version: \(CodeVersion.numerics)\n"))
    // What to do on divergence is not part of the identity of a run that does not diverge.
    #expect(
      try RunSpecification(Fixtures.document(["on_divergence=continue"])).identity.identityText
        == now.identityText)
  }

  @Test(
    "values are checked in the single precision that they are computed with",
    arguments: [
      (
        "learning_rate=1e50",
        "found 1e50, which is infinite in single precision, expected a number above 0"
      ),
      (
        "learning_rate=1e-60",
        "found 1e-60, which is 0 in single precision, expected a number above 0"
      ),
      (
        "momentum=0.99999999999",
        "found 0.99999999999, which is 1.0 in single precision, expected a number of at least 0 and below 1"
      ),
      ("weight_decay=-1", "found -1, expected a number of at least 0"),
      (
        "weight_decay=1e-60",
        "found 1e-60, which is 0 in single precision, expected a number of at least 0"
      ),
    ])
  func singlePrecision(override: String, expected: String) {
    let error = #expect(throws: SpecificationError.self) {
      try RunSpecification(Fixtures.document([override]))
    }
    let key = override.split(separator: "=")[0]
    #expect(error?.description == "--set \(key): \(expected)")
  }

  @Test("a method's numbers too")
  func singlePrecisionOfOptions() throws {
    func message(_ override: String) -> String? {
      #expect(throws: SpecificationError.self) {
        try RunSpecification(Fixtures.document([override]))
      }?.description
    }
    #expect(
      message("methods.pfedla.step_size=1e-60")
        == "--set methods.pfedla.step_size: found 1e-60, which is 0 in single precision, expected a number "
        + "in 0 … 1000000")
    #expect(
      message("methods.pfedhn.momentum=1e50")
        == "--set methods.pfedhn.momentum: found 1e50, expected a number in 0 … 0.999999")
    _ = try RunSpecification(Fixtures.document(["methods.pfedla.step_size=1e-30"]))
  }

  @Test("a file of schema version 1 opens, and what it did not record is blank")
  func oldSchema() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(to: path)
    let old = folder.file("old.h5").path
    try OldSchema.make(of: path, at: old)
    let result = try RunResult(path: old)
    #expect(result.numericsVersion == 0)
    #expect(result.numbersSHA256 == nil)
    #expect(result.record.classCountRounds.isEmpty && result.classNames.isEmpty)
    #expect(!result.record.hasDiverged)
    #expect(
      try result.record.testAccuracyReceived == RunResult(path: path).record.testAccuracyReceived)
  }

  @Test("a file that is no result is named")
  func notAResult() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    _ = try ExperimentRun(
      Fixtures.preparation(), output: path, overwrite: false, workerCount: 1
    ).run(shouldStop: { true }, report: { _ in })
    let error = #expect(throws: SpecificationError.self) {
      try RunResult(path: path + ".checkpoint")
    }
    #expect(
      error?.description
        == "\(path).checkpoint: not a result of pfedla run")
  }
}
