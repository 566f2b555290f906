import CBenchmarkKernels
import NeuralNetworks

/// The memory's bandwidth with as many threads as the server uses, on arrays far beyond the caches.
final class Bandwidth {
  private let engine: ProcessorTrainingEngine
  private let arrays: [Arrays]
  /// The size of each array; a thread has three.
  private static let count = 64 << 20

  private final class Arrays: @unchecked Sendable {
    // Only one thread works on them at a time.
    let a = UnsafeMutablePointer<Float>.allocate(capacity: Bandwidth.count)
    let b = UnsafeMutablePointer<Float>.allocate(capacity: Bandwidth.count)
    let c = UnsafeMutablePointer<Float>.allocate(capacity: Bandwidth.count)

    init() { for array in [a, b, c] { array.initialize(repeating: 1, count: Bandwidth.count) } }
    deinit { for array in [a, b, c] { array.deallocate() } }
  }

  init(engine: ProcessorTrainingEngine) {
    self.engine = engine
    arrays = (0..<engine.workerCount).map { _ in Arrays() }
  }

  var readBytes: Int { arrays.count * Self.count * 4 }
  /// Two arrays are read and one is written; where the cache reads what it will overwrite, a third more
  /// moves than is counted.
  var triadBytes: Int { 3 * readBytes }

  /// Seconds of reading an array a thread.
  func read() throws -> Double {
    try seconds {
      try engine.inParallel(arrays.count) { [arrays] index in
        let sum = read_all(arrays[index].b, Int64(Self.count))
        // Used, so that nothing can be left out.
        if sum.isNaN { arrays[index].b[0] = 1 }
      }
    }
  }

  /// Seconds of a = b + s · c a thread.
  func triad() throws -> Double {
    try seconds {
      try engine.inParallel(arrays.count) { [arrays] index in
        CBenchmarkKernels.triad(
          arrays[index].a, arrays[index].b, arrays[index].c, 0.5, Int64(Self.count))
      }
    }
  }
}
