import BenchmarkFigures
import CBenchmarkKernels
import Datasets
import FederatedLearning
import NeuralNetworks

/// One training step of the paper's client model on one worker.
enum StepSection: BenchmarkSection {
  static let name = "step"
  static let summary =
    "training step of the paper's CNN, one worker, compared with peak and PyTorch"

  private static let repetitions = 15
  private static let stepsEach = 20

  static func run(_ bench: Workbench) throws {
    let pyTorch = try bench.pyTorch.map(PyTorch.init)
    // Training data of a client: 420 images are thirteen batches of 32 and one of 4.
    for make in [TrainedModel.cifar, TrainedModel.emnist] {
      let others = try [
        ("with vectors of 256 bits", make(bench, .narrow)),
        ("with oneDNN's kernels", make(bench, .library)),
      ]
      let model = try make(bench, .fastest)
      for batchSize in [32, 4] {
        try run(bench, model, beside: others, batchSize: batchSize, pyTorch)
      }
    }
  }

  private static func run(
    _ bench: Workbench, _ model: TrainedModel, beside others: [(name: String, TrainedModel)],
    batchSize: Int, _ pyTorch: PyTorch?
  ) throws {
    let subject = "\(model.name), batch \(batchSize)"
    var works: [() throws -> Double] = [
      { try model.step(batchSize: batchSize, repetitions: stepsEach) },
      { try model.engine.onWorker { _ in secondsOfPeak() } },
    ]
    works += others.map { _, other in
      { try other.step(batchSize: batchSize, repetitions: stepsEach) }
    }
    if let pyTorch {
      for layout in PyTorch.MemoryLayout.allCases {
        works.append {
          try pyTorch.step(
            model.network, model.architecture, isNormalised: model.isNormalised, layout: layout,
            batchSize: batchSize, repetitions: stepsEach)
        }
      }
    }
    let series = try interleaved(repetitions, works)
    let (step, peak) = (series[0], series[1])
    let ofOthers = series.dropFirst(2).prefix(others.count)
    let ofPyTorch = series.dropFirst(2 + others.count)
    bench.add(subject, "training step", step * 1e3, "ms")
    bench.add(subject, "images a worker", Double(batchSize) / step, "images/s")
    let operations = model.architecture.trainingOperations(batchSize: batchSize)
    bench.add(
      subject, "arithmetic", operations * 1e-9 / step, "GFLOP/s",
      Figure.Ratio(
        (operations / step) / (peakOperations / peak),
        "the plain formula's arithmetic to the FMA peak of one core",
        target: model.isNormalised && batchSize == 32 ? "≥ 0.72" : ""))
    bench.add(subject, "FMA peak", peakOperations * 1e-9 / peak, "GFLOP/s")
    for (other, time) in zip(others, ofOthers) {
      bench.add(
        subject, other.name, time * 1e3, "ms", Figure.Ratio(time / step, "to the step above"))
    }
    for (layout, time) in zip(PyTorch.MemoryLayout.allCases, ofPyTorch) {
      let isBest = time.median == ofPyTorch.map(\.median).min()
      let target = batchSize == 32 && isBest ? (model.isNormalised ? "≥ 2.8" : "≥ 3") : ""
      bench.add(
        subject, "PyTorch, \(layout.rawValue)", time * 1e3, "ms",
        Figure.Ratio(
          time / step, "PyTorch's time to ours" + (isBest ? ", its best layout" : ""),
          target: target))
    }
  }

  private static let peakRounds: Int64 = 400_000
  private static let peakOperations = peak_multiply_adds(peakRounds)

  private static func secondsOfPeak() -> Double { seconds { _ = peak_multiply_adds(peakRounds) } }
}
