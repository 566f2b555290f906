import Experiments
import ExperimentsTestSupport
import Foundation
import HDF5
import TestSupport
import Testing

/// Schedules, Nesterov's momentum, clipping and dropout in whole runs.
@Suite("Optimiser options in runs")
struct LearningRateTests {
  private static let plain = [
    "method=fedavg", "model.batch_normalisation=false", "participation=1",
  ]

  private func losses(_ overrides: [String]) throws -> [Float] {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(Self.plain + overrides, to: path)
    return try HDF5File.openForReading(path).read("train_loss", as: Float.self)
  }

  @Test("a step changes the rounds after it, and no earlier one")
  func step() throws {
    let constant = try losses([])
    let stepped = try losses(["learning_rate_schedule=step", "learning_rate_rounds=2"])
    // Four rounds of five clients.
    #expect(constant[..<10] == stepped[..<10])
    #expect(constant[10..<15] != stepped[10..<15])
  }

  @Test(
    "each option changes numbers",
    arguments: [
      ["learning_rate_schedule=cosine"], ["momentum=0.5", "nesterov=true"],
      ["gradient_clipping=0.1"],
    ])
  func options(overrides: [String]) throws {
    let base = overrides.filter { $0.hasPrefix("momentum") }
    #expect(try losses(base) != losses(overrides))
  }

  @Test("a cosine's rounds follow the run's, so that more rounds need them by name")
  func moreRounds() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    let cosine =
      Self.plain + [
        "learning_rate_schedule=cosine", "keep_state=true", "record_class_counts_every=1",
      ]
    try Fixtures.run(cosine + ["rounds=3"], to: path)
    let error = #expect(throws: CheckpointError.self) { try Fixtures.run(cosine, to: path) }
    #expect(error?.reason.contains("learning_rate_rounds") == true)
    let whole = folder.file("whole.h5").path
    try Fixtures.run(cosine + ["learning_rate_rounds=3"], to: whole)
    try Fixtures.run(cosine + ["learning_rate_rounds=3"], to: path)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: path))
        == Data(contentsOf: URL(fileURLWithPath: whole)))
  }

  private static let blocks =
    "model.architecture=[{convolution: {channels: 4, kernel: 3, padding: 1}}, {group-normalisation: 2}, relu, "
    + "{maximum-pooling: 4}, {residual: [{convolution: {channels: 4, kernel: 3, padding: 1}}, batch-normalisation]}, "
    + "{dropout: 0.5}, {fully-connected: 8}, relu, {dropout: 0.25}, {fully-connected: classes}]"

  @Test(
    "blocks with dropout: the same bytes for any number of workers and after an interruption",
    arguments: ["pfedla", "per-fedavg", "fedrep"])
  func blocks(method: String) throws {
    let folder = try TemporaryFolder()
    let overrides = ["method=\(method)", Self.blocks]
    let one = try Fixtures.run(overrides, to: folder.file("one.h5").path, workers: 1)
    let three = try Fixtures.run(overrides, to: folder.file("three.h5").path, workers: 3)
    #expect(one == three)
    let path = folder.file("stopped.h5").path
    for _ in 0..<2 {
      var rounds = 0
      _ = try ExperimentRun(
        Fixtures.preparation(overrides), output: path, overwrite: true, workerCount: 2
      ).run(shouldStop: { rounds > 0 }, report: { _ in rounds += 1 })
    }
    #expect(try Fixtures.run(overrides, to: path) == one)
  }

  @Test("the recorded line of blocks gives the same run")
  func recorded() throws {
    let preparation = try Fixtures.preparation([Self.blocks])
    let line = try #require(preparation.resolved.first { $0.key == "model.architecture" })
    #expect("model.architecture=\(line.value)" == Self.blocks)
    #expect(
      preparation.layout.layers.map(\.name) == ["conv1", "gn1", "conv2", "bn1", "fc1", "fc2"])
  }

  @Test("batch_normalisation belongs to networks with a name")
  func batchNormalisation() {
    #expect(
      throws: (any Error).self,
      performing: { try Fixtures.preparation([Self.blocks, "model.batch_normalisation=true"]) })
  }
}
