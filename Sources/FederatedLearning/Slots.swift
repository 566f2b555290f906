import Synchronization

/// Results of numbered tasks that finish in any order, each put into a place of its own.
final class Slots<Value: Sendable>: Sendable {
  private let values: Mutex<[Value?]>

  init(count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

  subscript(index: Int) -> Value? {
    get { values.withLock { $0[index] } }
    set { values.withLock { $0[index] = newValue } }
  }

  /// The results in the order of the tasks, once all are there.
  var all: [Value] { values.withLock { $0.compactMap { $0 } } }
}
