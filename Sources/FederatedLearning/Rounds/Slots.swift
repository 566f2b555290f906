import Support

/// Results of numbered tasks that finish in any order, each stored in its own slot.
package final class Slots<Value: Sendable>: Sendable {
  private let values: Guarded<[Value?]>

  package init(count: Int) { values = Guarded(Array(repeating: nil, count: count)) }

  package subscript(index: Int) -> Value? {
    get { values.withLock { $0[index] } }
    set { values.withLock { $0[index] = newValue } }
  }

  /// The results in the order of the tasks, once all are available.
  package var all: [Value] { values.withLock { $0.compactMap { $0 } } }
}
