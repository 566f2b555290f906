import BenchmarkFigures
import Foundation

/// The most memory that a run of pFedLA has resident, from start to the written result.
enum MemorySection: BenchmarkSection {
  static let name = "memory"
  static let summary = "peak memory of `pfedla run` of pFedLA with 10, 100 and 1,000 clients"

  private static let samplesPerClient = 40

  static func run(_ bench: Workbench) throws {
    let images = try bench.images("cifar10")
    let folder = try bench.source(of: "cifar10").folder
    for clients in [10, 100, 1000] {
      // So many that nearly every client takes part once: models that were never trained share memory.
      let rounds = max(3, clients / 4)
      // With as few samples as this the largest case still fits into CIFAR-10.
      let text = try bench.specification(
        method: "pfedla", clients: clients, samples: samplesPerClient, epochs: 1, rounds: rounds,
        keys: """
          participation: \(10.0 / Double(clients))
          evaluate_every: \(rounds)
          checkpoint_every: \(rounds / 2)
          """)
      let file = bench.temporary.appendingPathComponent("memory-\(clients).yaml")
      let result = bench.temporary.appendingPathComponent("memory-\(clients).h5")
      try Data(text.utf8).write(to: file)
      let run = try ChildProcess(
        bench.program,
        ["run", file.path, "--output", result.path, "--overwrite", "--datasets", folder])
      let peak = Double(try run.peakMemory())
      try FileManager.default.removeItem(at: result)
      let preparation = try bench.preparation(
        method: "pfedla", clients: clients, samples: samplesPerClient, epochs: 1)
      let models = Double(4 * clients * preparation.layout.count)
      let bound = 2.5 * models + Double(images.pixels.count + 4 * images.labels.count) + 300e6
      let subject = "pfedla, \(clients) clients"
      func megabytes(_ bytes: Double) -> Series { Series([bytes * 1e-6]) }
      bench.add(
        subject, "peak resident memory", megabytes(peak), "MB",
        Figure.Ratio(
          Series([peak / bound]), "to 2.5 · 4·N·P + dataset + 300 MB", target: "≤ 1"))
      bench.add(
        subject, "  all models, 4·N·P", megabytes(models), "MB",
        Figure.Ratio(Series([peak / models]), "peak to this"))
      bench.add(subject, "  dataset", megabytes(Double(images.pixels.count)), "MB")
    }
  }
}
