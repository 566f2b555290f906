import NeuralNetworks

extension TrainingEngine {
  /// Runs some work on a worker's network and returns its result. An engine with one worker gives the
  /// same network every time, so it is left as the last call left it.
  func onWorker<Result: Sendable>(
    _ work: @escaping @Sendable (_ network: any LocalNetwork) throws -> Result
  ) throws -> Result {
    let results = Collected<Result>()
    try forEachClient(1) { _, network in results.set(try work(network), at: 0) }
    guard let result = results.inOrder.first else { throw CancellationError() }
    return result
  }
}
