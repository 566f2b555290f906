import Synchronization

/// Results of numbered pieces of work, from any thread.
final class Collected<Value: Sendable>: Sendable {
  private let values = Mutex<[Int: Value]>([:])

  func set(_ value: Value, at index: Int) { values.withLock { $0[index] = value } }

  /// The results in the order of their numbers.
  var inOrder: [Value] { values.withLock { $0.sorted { $0.key < $1.key }.map(\.value) } }
}
