import Datasets
import Experiments
import ExperimentsTestSupport
import Foundation
import Partitioning
import TestSupport
import Testing

/// Finished cells are reused only with the images and partitions that they were made from.
@Suite("Inputs of a sweep")
struct SweepInputsTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  /// The same files as the fixtures' with other images in the training files.
  private func otherImages() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try Synthesizer.synthesize("cifar10", into: folder.path, samplesPerClass: 40, seed: 2)
    return folder
  }

  @Test(
    "cells of other images are named with the files that changed, and what is not there is not compared"
  )
  func images() throws {
    let folder = try TemporaryFolder()
    let cells = try SmallSweep.cells(only: ["seed": ["0"], "rate": ["slow"]])
    _ = try SmallSweep.run(Array(cells.prefix(2)), in: folder.path)
    let survey = CellSurvey(cells, in: CellFolder(output: folder.path))
    #expect(Set(survey.finished.keys) == Set(cells.prefix(2).map(\.name)))
    #expect(survey.unusable.isEmpty)
    func check(_ datasets: String, _ cells: [SweepCell]) -> String {
      message {
        try SweepInputs(datasetsFolder: datasets).check(
          cells, survey, in: CellFolder(output: folder.path))
      }
    }
    #expect(try check(Fixtures.datasets.get().path, cells) == "no error")
    #expect(check("/nowhere", cells) == "no error")

    let other = try otherImages()
    // Requested for a cell that is not finished: the table would still mix it with finished ones.
    let error = check(other.path, [cells[2]])
    let names = cells.prefix(2).map(\.name).sorted()
    let dataset = try ImageDataset.load("cifar10", splits: ["train"], from: other.path)
    let old = try ImageDataset.load(
      "cifar10", splits: ["train"], from: Fixtures.datasets.get().path)
    let changed = zip(dataset.files, old.files).filter { $0 != $1 }
    #expect(changed.count == 5)
    #expect(
      error
        == "\(folder.path)/cells/\(names[0]).h5 (and 1 more): made from other files of cifar10 than "
        + "\(other.path) has now: "
        + changed.prefix(3).map {
          "\($0.name): found SHA-256 \($0.sha256.prefix(12))…, expected \($1.sha256.prefix(12))…"
        }.joined(separator: "; ")
        + "; and 2 more. Restore the files, or give another --output")
    // Cells of another dataset do not matter.
    let fashion = try SmallSweep.cells(
      overrides: ["dataset.name=fashion-mnist"], text: SmallSweep.single)
    #expect(check(other.path, fashion) == "no error")
  }

  @Test("a cell of another partition file is named")
  func partitions() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("partition.h5").path
    func partition(_ seed: Int) throws -> Partition {
      try RunPreparation.partition(
        RunSpecification(
          SpecificationDocument(
            file: "a.yaml", text: SmallSweep.baseOfSingle, overrides: ["seed=\(seed)"])),
        datasetsFolder: Fixtures.datasets.get().path)
    }
    let first = try partition(0)
    try first.save(to: path)
    let cells = try SmallSweep.cells(
      overrides: ["partition={file: \(path)}"], text: SmallSweep.single)
    _ = try SmallSweep.run(cells, in: folder.path)
    let place = CellFolder(output: folder.path)
    #expect(place.content(of: cells[0]).isUsable)
    let inputs = SweepInputs(datasetsFolder: try Fixtures.datasets.get().path)
    #expect(
      message { try inputs.check(cells, CellSurvey(cells, in: place), in: place) } == "no error")

    let second = try partition(1)
    try second.save(to: path, overwrite: true)
    #expect(
      message { try inputs.check(cells, CellSurvey(cells, in: place), in: place) }
        == "\(place.result(of: cells[0].name)): made with another partition than \(path) has now: "
        + "found SHA-256 \(second.sha256.prefix(12))…, expected \(first.sha256.prefix(12))…. Restore "
        + "the file, or give another --output")
  }

  @Test(
    "synthetic images of another number replace those before, and are drawn again when asked for")
  func redrawn() throws {
    let folder = try TemporaryFolder()
    func draw(_ samples: Int) throws -> String {
      var drawn: [String] = []
      let path = try SyntheticData.draw(
        ["cifar10"], samplesPerClass: samples, output: folder.path, willDraw: { drawn.append($0) })
      let digest = try ImageDataset.load("cifar10", from: path).sha256
      return "\(drawn.count) \(digest)"
    }
    let first = try draw(10)
    #expect(try draw(10) == "0" + first.dropFirst())
    let second = try draw(20)
    #expect(second.hasPrefix("1 ") && second != first)
    #expect(try draw(10) == first)
  }
}
