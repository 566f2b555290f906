import BenchmarkFigures
import CBenchmarkKernels

/// How often a training step allocates heap memory.
enum AllocationsSection: BenchmarkSection {
  static let name = "allocations"
  static let summary = "heap allocations in 100 training steps after warm-up"

  private static let steps = 100

  static func run(_ bench: Workbench) throws {
    for model in try [TrainedModel.cifar(bench), TrainedModel.emnist(bench)] {
      for batchSize in [32, 4] {
        let counts = try model.engine.onWorker { network in
          try model.train(network, batchSize: batchSize, repetitions: 3)
          start_counting_allocations()
          try model.train(network, batchSize: batchSize, repetitions: steps)
          return stop_counting_allocations()
        }
        let subject = "\(model.name), batch \(batchSize)"
        guard counts.own >= 0 else {
          bench.note("\(subject): not counted; counting needs glibc")
          continue
        }
        func add(_ quantity: String, _ count: Int64, target: String) {
          let perStep = Series([Double(count) / Double(steps)])
          bench.add(
            subject, quantity, perStep, "a step",
            target.isEmpty ? nil : Figure.Ratio(perStep, "the count itself", target: target))
        }
        add("heap allocations", counts.own + counts.in_library, target: "0")
        add("  of ours", counts.own, target: "")
        add("  inside oneDNN", counts.in_library, target: "")
      }
    }
    // A count of 0 means something only if counting works.
    start_counting_allocations()
    let control = [UInt8](repeating: 0, count: 1 << 20)
    let counts = withExtendedLifetime(control) { stop_counting_allocations() }
    bench.add("control: one array", "heap allocations", Series([Double(counts.own)]), "1")
  }
}
