import BenchmarkFigures
import NeuralNetworks

/// One training step of every other registered network on one worker.
enum NetworksSection: BenchmarkSection {
  static let name = "networks"
  static let summary = "training step of every other network, one worker, compared with PyTorch"

  private static let repetitions = 9
  /// Seconds of one measurement, about.
  private static let secondsEach = 0.1

  static func run(_ bench: Workbench) throws {
    let pyTorch = try bench.pyTorch.map(PyTorch.init)
    for network in NetworkRegistry.all where network.name != NetworkDescription.paperCNN.name {
      for cifar in [false, true] {
        for batchSize in [32, 10] {
          try run(bench, network, cifar: cifar, batchSize: batchSize, pyTorch)
        }
      }
    }
  }

  private static func run(
    _ bench: Workbench, _ network: NetworkDescription, cifar: Bool, batchSize: Int,
    _ pyTorch: PyTorch?
  ) throws {
    let model = try TrainedModel.other(network, bench, cifar: cifar, .fastest)
    let narrow = try TrainedModel.other(network, bench, cifar: cifar, .narrow)
    let once = try model.step(batchSize: batchSize, repetitions: 3)
    let steps = max(2, min(200, Int(secondsEach / once)))
    var works: [() throws -> Double] = [model, narrow].map { model in
      { try model.step(batchSize: batchSize, repetitions: steps) }
    }
    if let pyTorch {
      for layout in PyTorch.MemoryLayout.allCases {
        works.append {
          try pyTorch.step(
            model.network, model.architecture, isNormalised: false, layout: layout,
            batchSize: batchSize, repetitions: steps)
        }
      }
    }
    let series = try interleaved(repetitions, works)
    let subject = "\(model.name), batch \(batchSize)"
    bench.add(subject, "training step", series[0] * 1e3, "ms")
    bench.add(subject, "images a worker", Double(batchSize) / series[0], "images/s")
    let operations = model.architecture.trainingOperations(batchSize: batchSize)
    bench.add(subject, "arithmetic", operations * 1e-9 / series[0], "GFLOP/s")
    bench.add(
      subject, "with vectors of 256 bits", series[1] * 1e3, "ms",
      Figure.Ratio(series[1] / series[0], "to the step above"))
    let others = series.dropFirst(2)
    for (layout, time) in zip(PyTorch.MemoryLayout.allCases, others) {
      let isBest = time.median == others.map(\.median).min()
      bench.add(
        subject, "PyTorch, \(layout.rawValue)", time * 1e3, "ms",
        Figure.Ratio(
          time / series[0], "PyTorch's time to ours" + (isBest ? ", its best layout" : ""),
          target: isBest ? "≥ 1" : ""))
    }
  }
}
