import BenchmarkFigures
import FederatedLearning
import NeuralNetworks

/// A whole round of federated averaging on all cores.
enum RoundSection: BenchmarkSection {
  static let name = "round"
  static let summary = "a fedavg round: 10 clients, 420 CIFAR images each, 10 epochs, all cores"

  private static let repetitions = 4
  private static let (clients, samples, epochs) = (10, 420, 10)

  static func run(_ bench: Workbench) throws {
    let preparation = try bench.preparation(method: "fedavg", clients: clients, epochs: epochs)
    let engine = try preparation.engine(workers: bench.cores)
    let tracing = TracingEngine(engine)
    var federation = try preparation.federation(FedAvg.self, on: tracing)
    var trace = Trace()
    var works: [() throws -> Double] = [
      {
        let time = try seconds { _ = try federation.runRound() }
        trace = tracing.takeTrace()
        return time
      },
      {
        try trace.replay(
          on: engine, images: preparation.data.images,
          optimiser: preparation.specification.optimiser)
      },
    ]
    var processes: [PyTorch] = []
    if let pyTorch = bench.pyTorch {
      processes = try (0..<min(bench.cores, clients)).map { _ in try PyTorch(pyTorch) }
      let layout = try bestLayout(processes[0], preparation.architecture)
      works.append {
        for (index, process) in processes.enumerated() {
          let dealt = (index..<clients).filter { $0 % processes.count == index }.count
          try process.startRound(
            preparation.architecture, isNormalised: true, layout: layout, clients: dealt,
            samples: samples, epochs: epochs, batchSize: 32)
        }
        // The round is over when its last process is.
        return try processes.map { try $0.answer() }.max() ?? .nan
      }
    }
    let series = try interleaved(repetitions, works)
    let (round, steps) = (series[0], series[1])
    let subject = "fedavg, \(bench.cores) worker\(bench.cores == 1 ? "" : "s")"
    bench.add(subject, "round", round, "s", Figure.Ratio(round / steps, "to its pure steps"))
    bench.add(subject, "pure steps (\(trace.stepCount))", steps, "s")
    bench.add(
      subject, "images", Double(clients * samples * epochs) / round, "images/s")
    if series.count > 2 {
      bench.add(
        subject, "PyTorch, \(processes.count) processes", series[2], "s",
        Figure.Ratio(series[2] / round, "PyTorch's time to ours", target: "≥ 2.8"))
    }
  }

  private static func bestLayout(_ process: PyTorch, _ architecture: Architecture) throws
    -> PyTorch.MemoryLayout
  {
    let layouts = PyTorch.MemoryLayout.allCases
    let series = try interleaved(
      3,
      layouts.map { layout in
        {
          try process.step(
            NetworkDescription.paperCNN.name, architecture, isNormalised: true, layout: layout,
            batchSize: 32, repetitions: 20)
        }
      })
    return zip(layouts, series).min { $0.1.median < $1.1.median }?.0 ?? .channelsLast
  }
}
