import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import TestSupport
import Testing

/// A run is only resumed with the same numerics and the same inputs.
@Suite("Resuming")
struct ResumptionTests {
  private static let overrides = ["method=local", "model.batch_normalisation=false"]

  private func stopped(_ folder: TemporaryFolder) throws -> String {
    let path = folder.file("a.h5").path
    _ = try ExperimentRun(
      Fixtures.preparation(Self.overrides), output: path, overwrite: false, workerCount: 1
    ).run(shouldStop: { true }, report: { _ in })
    return path
  }

  @Test("a checkpoint of another version of the numerics is refused in one line")
  func otherNumerics() throws {
    let folder = try TemporaryFolder()
    let path = try stopped(folder)
    let preparation = try Fixtures.preparation(Self.overrides)
    let record = RunRecord(
      roundCount: 4, clientCount: 5, layerCount: preparation.layout.layers.count, classCount: 10)
    func origin(_ version: Int) -> CheckpointFile.Origin {
      CheckpointFile.Origin(preparation, numericsVersion: version)
    }
    let file = CheckpointFile(besides: path)
    let found = try #require(try file.load(origin(CodeVersion.numerics), empty: record))
    file.remove()
    try file.write(found.checkpoint, origin(CodeVersion.numerics - 1))
    let error = #expect(throws: CheckpointError.self) {
      try Fixtures.run(Self.overrides, to: path)
    }
    #expect(
      error?.description
        == "\(path).checkpoint: the checkpoint is of numerics version \(CodeVersion.numerics - 1), this "
        + "program has \(CodeVersion.numerics) and rounds differently. Finish the run with the "
        + "program that started it, or remove \(path).checkpoint to start again")
    #expect(FileManager.default.fileExists(atPath: path + ".checkpoint"))
  }

  /// A copy of the images with one pixel changed.
  private func changedData(in folder: TemporaryFolder) throws -> URL {
    let data = folder.file("data")
    try FileManager.default.copyItem(
      at: URL(fileURLWithPath: Fixtures.datasets.get().path), to: data)
    let images = data.appending(path: "cifar-10-batches-bin/data_batch_1.bin")
    var bytes = try Data(contentsOf: images)
    bytes[100] ^= 1
    try bytes.write(to: images)
    return data
  }

  @Test("other images are refused, even if one pixel differs")
  func otherImages() throws {
    let folder = try TemporaryFolder()
    let path = try stopped(folder)
    let data = try changedData(in: folder)
    let preparation = try RunPreparation(
      RunSpecification(Fixtures.document(Self.overrides)), datasetsFolder: data.path)
    let old = try Fixtures.preparation(Self.overrides).dataset.sha256
    let error = #expect(throws: CheckpointError.self) {
      try ExperimentRun(preparation, output: path, overwrite: false, workerCount: 1)
        .run(shouldStop: { false }, report: { _ in })
    }
    #expect(
      error?.description
        == "\(path).checkpoint: the checkpoint belongs to other images or labels: dataset_sha256 was "
        + "\(old) and is now \(preparation.dataset.sha256). Put the old dataset files back to resume, or "
        + "remove \(path).checkpoint to start again")
  }

  @Test("a partition file made for other images is refused")
  func otherImagesForPartition() throws {
    let folder = try TemporaryFolder()
    let preparation = try Fixtures.preparation()
    let path = folder.file("partition.h5").path
    try preparation.partition.save(to: path)
    func prepare(_ data: String) throws -> RunPreparation {
      let text = """
        method: local
        dataset: {name: cifar10, splits: [train]}
        partition: {file: \(path)}

        """
      return try RunPreparation(
        RunSpecification(SpecificationDocument(file: "x.yaml", text: text)),
        datasetsFolder: data)
    }
    #expect(try prepare(Fixtures.datasets.get().path).partition == preparation.partition)
    let changed = try changedData(in: folder).path
    let error = #expect(throws: SpecificationError.self) { try prepare(changed) }
    #expect(
      error?.description.hasPrefix("\(path): the partition was made for other images") == true)
  }
}
