import NeuralNetworks
import Synchronization

extension TrainingEngine {
  /// Runs some work on a worker's network and returns its result. An engine with one worker gives the
  /// same network every time, so it is left as the last call left it.
  func onWorker<Result: Sendable>(
    _ work: @escaping @Sendable (_ network: any LocalNetwork) throws -> Result
  ) throws -> Result {
    let box = Box<Result>()
    try forEachClient(1) { _, network in
      let result = try work(network)
      box.value.withLock { $0 = result }
    }
    guard let result = box.value.withLock({ $0 }) else { throw CancellationError() }
    return result
  }
}

private final class Box<Value: Sendable>: Sendable {
  let value = Mutex<Value?>(nil)
}
