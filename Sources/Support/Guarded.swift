import Synchronization

#if THREAD_SANITIZER
  import Foundation

  /// The same under the thread sanitizer, which sees POSIX's locks but not those of the Swift library.
  public final class Guarded<Value>: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var value: Value

    /// A value with its lock.
    public init(_ value: Value) {
      self.value = value
      pthread_mutex_init(lock, nil)
    }

    deinit {
      pthread_mutex_destroy(lock)
      lock.deallocate()
    }

    /// Calls `body` with the value while no other thread has it.
    public func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
      pthread_mutex_lock(lock)
      defer { pthread_mutex_unlock(lock) }
      return try body(&value)
    }
  }
#else
  /// A value that one thread at a time reads or changes.
  public typealias Guarded<Value> = Mutex<Value>
#endif
