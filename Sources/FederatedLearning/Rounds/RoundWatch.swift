import NeuralNetworks
import Synchronization

/// Watches a round and an evaluation while they are worked on: hears how many clients are done, and may end
/// them early. Changes no number.
public struct RoundWatch: Sendable {
  /// What clients are being worked on for.
  public enum Stage: String, Sendable {
    /// The round's local training.
    case training
    /// The evaluation of their models.
    case evaluation
  }

  /// Whether to end early; asked between two mini-batches by every worker.
  let shouldStop: StopCondition
  /// Called with the number of clients that are done, out of how many, by any worker.
  let advanced: @Sendable (_ stage: Stage, _ done: Int, _ count: Int) -> Void

  /// - Parameters:
  ///   - shouldStop: whether to end early; asked between two mini-batches by every worker.
  ///   - advanced: called with the number of clients that are done, out of how many, by any worker.
  public init(
    shouldStop: @escaping StopCondition,
    advanced: @escaping @Sendable (_ stage: Stage, _ done: Int, _ count: Int) -> Void
  ) {
    self.shouldStop = shouldStop
    self.advanced = advanced
  }
}

/// Counts the clients of a stage for its watch.
final class StageCounter: Sendable {
  private let watch: RoundWatch?
  private let stage: RoundWatch.Stage
  private let count: Int
  private let done = Atomic<Int>(0)

  init(_ watch: RoundWatch?, _ stage: RoundWatch.Stage, of count: Int) {
    self.watch = watch
    self.stage = stage
    self.count = count
  }

  /// Throws `WorkStopped` if the work is to end.
  func checkStop() throws {
    if let watch, watch.shouldStop() { throw WorkStopped() }
  }

  /// One more client is done.
  func advance() {
    guard let watch else { return }
    watch.advanced(stage, done.add(1, ordering: .relaxed).newValue, count)
  }
}
