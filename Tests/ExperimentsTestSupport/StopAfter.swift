import FederatedLearning
import Synchronization

/// Asks a run to stop within a round, from a given time of being asked on.
package final class StopAfter: Sendable {
  private let count = Atomic<Int>(0)
  private let last: Int

  package init(_ last: Int) { self.last = last }

  /// The watch of the run.
  package var watch: RoundWatch {
    RoundWatch(shouldStop: { [self] in count.add(1, ordering: .relaxed).newValue >= last }) {
      _, _, _ in
    }
  }
}
