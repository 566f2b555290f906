import Foundation
import Support

/// Dedicated threads that work through numbered tasks.
///
/// Each task runs wholly on one thread, with OpenMP held to that thread, and leaves its result in its
/// own place, so results never depend on how many workers there are or which of
/// them is faster. Threads live as long as the pool.
public final class WorkerPool: Sendable {
  /// The number of threads.
  public let workerCount: Int
  private let state = Guarded(State())
  private let finished = DispatchSemaphore(value: 0)
  private let wakeUps: [DispatchSemaphore]
  /// Runs are one after another, whoever calls.
  private let runLock = DispatchSemaphore(value: 1)

  private struct State {
    var task: (@Sendable (_ index: Int, _ worker: Int) throws -> Void)?
    var next = 0
    var count = 0
    var busyWorkers = 0
    var failure: (index: Int, error: any Error)?
  }

  /// A thread could not be started.
  public struct StartError: Error, CustomStringConvertible {
    /// The threads that were asked for.
    let workerCount: Int
    /// The system's reason.
    let reason: String

    /// What failed, and what to do, in a line.
    public var description: String {
      "--workers \(workerCount): a worker thread cannot be started (\(reason)); give fewer workers, or raise "
        + "the limits of memory and processes (ulimit -v, ulimit -u)"
    }
  }

  /// Starts `workerCount` threads; at least one. Throws `StartError` if one cannot be started.
  public init(workerCount: Int) throws {
    let count = max(1, workerCount)
    self.workerCount = count
    wakeUps = (0..<count).map { _ in DispatchSemaphore(value: 0) }
    for worker in 0..<count {
      // The thread holds the pool only while it works, so that the pool can go away.
      let wakeUp = wakeUps[worker]
      let error = WorkerThread.start(stackBytes: Self.stackBytes) { [weak self] in
        OneDNN.holdToOneThread()
        while true {
          wakeUp.wait()
          guard let pool = self else { return }
          pool.work(worker)
        }
      }
      // The threads that have started end with the pool.
      guard error == 0 else {
        throw StartError(workerCount: count, reason: String(cString: strerror(error)))
      }
    }
  }

  /// The stack of a worker's thread.
  package static let stackBytes = 8 << 20

  deinit {
    // The threads find the pool gone and end.
    for wakeUp in wakeUps { wakeUp.signal() }
  }

  /// The number of cores that this process may use.
  public static var coreCount: Int { ProcessInfo.processInfo.activeProcessorCount }

  /// Runs `task` for 0 ..< `count` and returns when all are done. After a failure no further task
  /// starts; the error of the lowest failed index is thrown.
  /// - Parameters:
  ///   - count: the number of tasks.
  ///   - task: gets the task's index and the number of the worker that runs it. Must not
  ///     call `run` on the same pool.
  public func run(
    count: Int, _ task: @escaping @Sendable (_ index: Int, _ worker: Int) throws -> Void
  ) throws {
    guard count > 0 else { return }
    runLock.wait()
    defer { runLock.signal() }
    state.withLock {
      $0 = State()
      $0.task = task
      $0.count = count
      $0.busyWorkers = workerCount
    }
    for wakeUp in wakeUps { wakeUp.signal() }
    finished.wait()
    let failure = state.withLock { state in
      defer { state = State() }
      return state.failure
    }
    if let failure { throw failure.error }
  }

  /// Takes tasks until none is left. Tasks start in order, so every task before a failed one runs.
  private func work(_ worker: Int) {
    while true {
      let next = state.withLock { state -> (Int, (@Sendable (Int, Int) throws -> Void))? in
        guard state.failure == nil, state.next < state.count, let task = state.task else {
          return nil
        }
        defer { state.next += 1 }
        return (state.next, task)
      }
      guard let (index, task) = next else { break }
      do {
        try task(index, worker)
      } catch {
        state.withLock { state in
          if index < state.failure?.index ?? .max { state.failure = (index, error) }
        }
      }
    }
    let isLast = state.withLock { state in
      state.busyWorkers -= 1
      return state.busyWorkers == 0
    }
    if isLast { finished.signal() }
  }
}
