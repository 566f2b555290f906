import FederatedLearning
import NeuralNetworks

extension TrainingEngine {
  /// Runs some work on a worker's network and returns its result. An engine with one worker gives the
  /// same network every time, so it is left as the last call left it.
  func onWorker<Result: Sendable>(
    _ work: @escaping @Sendable (_ network: any LocalNetwork) throws -> Result
  ) throws -> Result {
    let results = Slots<Result>(count: 1)
    try forEachClient(1) { _, network in results[0] = try work(network) }
    guard let result = results.all.first else { throw CancellationError() }
    return result
  }
}
