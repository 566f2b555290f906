import BenchmarkFigures
import FederatedLearning
import NeuralNetworks

/// The same round with more and more workers.
enum WorkersSection: BenchmarkSection {
  static let name = "workers"
  static let summary =
    "the same fedavg round with 1, 2, … workers, and whether its bytes are the same"

  private static let repetitions = 7
  private static let epochs = 2

  static func run(_ bench: Workbench) throws {
    // Five clients per worker: with equally many clients for each, no worker waits at the end.
    let clients = 5 * max(2, bench.cores)
    let preparation = try bench.preparation(
      method: "fedavg", clients: clients, samples: min(600, 60_000 / clients), epochs: epochs)
    let counts =
      sequence(first: 1) { $0 * 2 }.prefix { $0 < bench.cores } + [bench.cores]
    var federations = try counts.map {
      try preparation.federation(FedAvg.self, on: preparation.engine(workers: $0))
    }
    let series = try interleaved(
      repetitions,
      federations.indices.map { index in
        { try seconds { _ = try federations[index].runRound() } }
      })
    let models = try federations.map { federation in
      try (0..<clients).map { try federation.model(.trained, of: $0).map(\.bitPattern) }
    }
    for (index, count) in counts.enumerated() {
      let subject = "\(count) worker\(count == 1 ? "" : "s")"
      let target = count == 2 ? "≥ 1.9" : ""
      bench.add(
        subject, "round", series[index], "s",
        index == 0
          ? nil
          : Figure.Ratio(series[0] / series[index], "one worker's time to this", target: target))
      if index > 0 {
        bench.add(
          subject, "models equal to one worker's",
          Series([models[index] == models[0] ? 1 : 0]), "1 = yes")
      }
    }
  }
}
