import Foundation

/// A thread whose start can fail, as Foundation's cannot: its `start` leaves a caller waiting for a thread that never
/// was where memory is short.
package enum WorkerThread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a detached thread.
  /// - Parameters:
  ///   - stackBytes: the size of its stack.
  ///   - body: what it runs.
  /// - Returns: 0, or the system's error number.
  package static func start(stackBytes: Int, _ body: @escaping @Sendable () -> Void) -> Int32 {
    var attributes = pthread_attr_t()
    var error = pthread_attr_init(&attributes)
    guard error == 0 else { return error }
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackBytes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let box = Unmanaged.passRetained(Body(body))
    #if os(Linux)
      var thread = pthread_t()
      error = pthread_create(
        &thread, &attributes,
        { argument in
          guard let argument else { return nil }
          Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, box.toOpaque())
    #else
      var thread: pthread_t?
      error = pthread_create(
        &thread, &attributes,
        { argument in
          Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, box.toOpaque())
    #endif
    if error != 0 { box.release() }
    return error
  }
}
