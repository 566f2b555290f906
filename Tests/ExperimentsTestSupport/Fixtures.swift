import Datasets
import Experiments
import Foundation
import TestSupport

/// A small experiment on synthetic images: five clients, partial participation, batch normalisation.
package enum Fixtures {
  package static let specification = """
    name: small
    method: pfedla
    seed: 3
    dataset: {name: cifar10, splits: [train]}
    partition: {scheme: classes-per-client, clients: 5, classes_per_client: 3, samples_per_client: 30}
    rounds: 4
    participation: 0.6
    local_epochs: 2
    batch_size: 8
    checkpoint_every: 0
    record_weights_every: 2
    methods: {pfedla: {step_size: 0.5, hidden_sizes: [8]}, heurpfedla: {hidden_sizes: [8]}}

    """

  /// A folder with synthetic CIFAR-10 and FashionMNIST, 40 images of each class and split; made once.
  package static let datasets: Result<TemporaryFolder, any Error> = Result {
    let folder = try TemporaryFolder()
    for name in ["cifar10", "fashion-mnist"] {
      try Synthesizer.synthesize(name, into: folder.path, samplesPerClass: 40, seed: 1)
    }
    atexit {
      if case .success(let folder) = Fixtures.datasets {
        try? FileManager.default.removeItem(at: folder.url)
      }
    }
    return folder
  }

  package static func document(_ overrides: [String] = []) -> SpecificationDocument {
    SpecificationDocument(file: "small.yaml", text: specification, overrides: overrides)
  }

  package static func preparation(_ overrides: [String] = []) throws -> RunPreparation {
    try RunPreparation(
      RunSpecification(document(overrides)), datasetsFolder: datasets.get().path)
  }

  /// Stops a run after so many rounds, one process a round, then runs to the end and gives the result's bytes.
  package static func runWithStops(
    _ overrides: [String], to path: String, stops: Int, workers: Int
  ) throws -> Data {
    for _ in 0..<stops {
      let outcome = try ExperimentRun(
        preparation(overrides), output: path, overwrite: false, workerCount: workers
      ).run(shouldStop: { true }, report: { _ in })
      guard case .interrupted = outcome, !FileManager.default.fileExists(atPath: path) else {
        throw EndedEarly()
      }
    }
    return try run(overrides, to: path, workers: workers)
  }

  /// A run was complete before its stops were.
  package struct EndedEarly: Error {}

  /// Runs to the end and gives the result's bytes.
  @discardableResult
  package static func run(
    _ overrides: [String] = [], to path: String, workers: Int = 2
  ) throws -> Data {
    _ = try ExperimentRun(
      preparation(overrides), output: path, overwrite: true, workerCount: workers
    ).run(shouldStop: { false }, report: { _ in })
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }
}
