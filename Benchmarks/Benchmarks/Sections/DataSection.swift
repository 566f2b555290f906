import BenchmarkFigures
import Datasets
import Foundation
import Partitioning

/// From dataset files to a partition.
enum DataSection: BenchmarkSection {
  static let name = "data"
  static let summary =
    "import and partition of 60,000 and 800,000 images, compared with a plain read"

  private static let repetitions = 5

  static func run(_ bench: Workbench) throws {
    for (name, splits) in [
      ("mnist", ["train"]), ("fashion-mnist", ["train"]), ("cifar10", ["train", "test"]),
    ] {
      let source = try bench.source(of: name)
      guard splits.allSatisfy(source.splits.contains) else {
        bench.note("\(name): incomplete, left out")
        continue
      }
      try run(bench, name, splits: splits, folder: source.folder, samplesPerClient: 540)
    }
    let folder = bench.temporary.appendingPathComponent("large").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let large = try DatasetCatalogue.entry(named: "emnist-byclass")
    bench.note("  synthesizing 800,000 images")
    try Synthesizer.synthesize(
      large.name, into: folder, samplesPerClass: 800_000 / large.classNames.count)
    try run(
      bench, large.name, splits: large.splits.map(\.name), folder: folder, samplesPerClient: 6000)
  }

  private static func run(
    _ bench: Workbench, _ name: String, splits: [String], folder: String, samplesPerClient: Int
  ) throws {
    let entry = try DatasetCatalogue.entry(named: name)
    let files = entry.splits.filter { splits.contains($0.name) }.flatMap(\.files)
      .compactMap { DatasetFolder(folder).locate($0, of: entry) }
    var byteCount = 0
    let dataset = try ImageDataset.load(name, splits: splits, from: folder)
    let partition = try PartitionSpecification(
      settings: PartitionSettings([
        "scheme": .text("classes-per-client"), "clients": .integer(100),
        "classes_per_client": .integer(4), "samples_per_client": .integer(samplesPerClient),
      ]))
    let series = try interleaved(
      repetitions,
      [
        { try seconds { _ = try ImageDataset.load(name, splits: splits, from: folder) } },
        {
          byteCount = 0
          return try seconds {
            for file in files {
              byteCount += try Data(contentsOf: URL(fileURLWithPath: file)).count
            }
          }
        },
        {
          try seconds {
            _ = try partition.makePartition(
              labels: dataset.labels, classCount: dataset.classNames.count, seed: 0,
              dataset: name, datasetSHA256: dataset.sha256)
          }
        },
      ])
    let (load, read, split) = (series[0], series[1], series[2])
    let isCompressed = files.contains { $0.hasSuffix(".gz") }
    let subject = "\(name), \(dataset.count) images" + (isCompressed ? ", gzip" : "")
    bench.add(
      subject, "import", load * 1e3, "ms",
      Figure.Ratio(load / read, "to a plain read of the files (cached)"))
    bench.add(
      subject, "import", Double(dataset.pixels.count) * 1e-6 / load, "MB/s")
    bench.add(subject, "plain read", Double(byteCount) * 1e-6 / read, "MB/s")
    bench.add(
      subject, "partition, 100 clients", split * 1e3, "ms",
      Figure.Ratio(split / load, "to the import"))
  }
}
