import BenchmarkFigures
import Datasets
import Experiments
import FederatedLearning
import Foundation
import NeuralNetworks
import Partitioning

/// A part of the table.
protocol BenchmarkSection: Sendable {
  /// Its name on the command line and in the table.
  static var name: String { get }
  /// What it measures, in one line.
  static var summary: String { get }
  /// Measures, and adds rows to the workbench.
  static func run(_ bench: Workbench) throws
}

/// What sections work with: the data, the programs, and the place where rows go.
final class Workbench {
  /// The `pfedla` program.
  let program: String
  /// A folder of this run's own, removed at the end.
  let temporary: URL
  /// What PyTorch processes are started with; nil if PyTorch is absent.
  let pyTorch: PyTorch.Installation?
  /// For the section `methods`: which methods (none named: all), and local epochs.
  let methods: (names: [String], epochs: Int)
  let cores = WorkerPool.coreCount

  private let datasets: String
  private let report: Report
  private var section = ""
  private var loaded: [String: ImageDataset] = [:]

  init(
    program: String, datasets: String, pyTorch: PyTorch.Installation?,
    methods: (names: [String], epochs: Int), report: Report
  ) throws {
    self.methods = methods
    self.program = program
    self.datasets = datasets
    self.pyTorch = pyTorch
    self.report = report
    temporary = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pfedla-benchmarks-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
  }

  func run(_ type: any BenchmarkSection.Type) throws {
    section = type.name
    note("\(type.name): \(type.summary)")
    let duration = try seconds { try type.run(self) }
    try report.show()
    note("\(type.name): \(TableLayout.number(duration)) s")
  }

  func removeTemporaryFiles() { try? FileManager.default.removeItem(at: temporary) }

  /// Adds a row.
  func add(
    _ subject: String, _ quantity: String, _ values: Series, _ unit: String,
    _ ratio: Figure.Ratio? = nil
  ) {
    report.add(
      Figure(
        section: section, subject: subject, quantity: quantity, values: values, unit: unit,
        ratio: ratio))
  }

  /// A line for who waits.
  func note(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

  // MARK: Data

  /// The folder with the published files of a dataset, or nil if no split is there.
  func publishedFolder(_ name: String) throws -> (folder: String, splits: [String])? {
    let presence = DatasetFolder(datasets).presence(of: try DatasetCatalogue.entry(named: name))
    return presence.presentSplits.isEmpty ? nil : (datasets, presence.presentSplits)
  }

  /// The images of a dataset: the published ones if present, otherwise synthetic ones.
  func images(_ name: String, classes: [String]? = nil) throws -> ImageDataset {
    if let known = loaded[name] { return known }
    let (folder, splits) = try source(of: name)
    let dataset = try ImageDataset.load(name, splits: splits, classes: classes, from: folder)
    loaded[name] = dataset
    return dataset
  }

  /// Where the images of a dataset are, and which splits: the published ones if present, otherwise
  /// synthetic ones, which are made on first use.
  func source(of name: String) throws -> (folder: String, splits: [String]) {
    if let published = try publishedFolder(name) { return published }
    let entry = try DatasetCatalogue.entry(named: name)
    let folder = temporary.appendingPathComponent("drawn").path
    if DatasetFolder(folder).presence(of: entry).presentSplits.isEmpty {
      note("\(name): no published files in \(datasets); using synthetic images")
      try Synthesizer.synthesize(name, into: folder, samplesPerClass: 6000)
    }
    return (folder, entry.splits.map(\.name))
  }

  /// The specification of a case on CIFAR-10 with the paper's CNN and batch normalisation.
  /// - Parameters:
  ///   - samples: of each client, of which 70 % are for training.
  ///   - keys: further lines.
  func specification(
    method: String, clients: Int, samples: Int, epochs: Int, rounds: Int, keys: String = ""
  ) throws -> String {
    """
    name: benchmark
    method: \(method)
    dataset: {name: cifar10, splits: [\(try source(of: "cifar10").splits.joined(separator: ", "))]}
    partition: {scheme: classes-per-client, clients: \(clients), classes_per_client: 4, \
    samples_per_client: \(samples)}
    rounds: \(rounds)
    local_epochs: \(epochs)
    batch_size: 32
    \(keys)
    """
  }

  /// Such a case with its data.
  func preparation(
    method: String, clients: Int = 10, samples: Int = 600, epochs: Int, rounds: Int = 1000,
    keys: String = ""
  ) throws -> RunPreparation {
    let text = try specification(
      method: method, clients: clients, samples: samples, epochs: epochs, rounds: rounds,
      keys: keys)
    return try RunPreparation(
      RunSpecification(SpecificationDocument(file: "benchmark", text: text)),
      dataset: images("cifar10"))
  }
}

extension RunPreparation {
  /// An engine for this case.
  func engine(workers: Int) throws -> ProcessorTrainingEngine {
    try ProcessorTrainingEngine(
      architecture: architecture, batchSize: specification.batchSize, workerCount: workers)
  }

  /// A federation before its first round.
  func federation<Method: FederatedMethod>(_ type: Method.Type, on engine: any TrainingEngine)
    throws -> Federation<Method>
  {
    try Federation(
      method: Method(options: specification.methodOptions, setting: setting), data: data,
      engine: engine)
  }
}
