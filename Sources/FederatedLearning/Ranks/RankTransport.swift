/// Carries messages between the processes, called ranks, that share a run: MPI, or a stand-in for tests.
///
/// Every function may be called from several threads at once. Messages between two ranks with the same tag arrive
/// in the order in which they were sent. A transport that fails ends the whole run: no rank can continue alone.
public protocol RankTransport: Sendable {
  /// This process, from 0. Rank 0 leads: it decides, and it writes every file.
  var rank: Int { get }

  /// Number of ranks, at least 1.
  var rankCount: Int { get }

  /// Sends a message and calls `body`; returns when the message may be forgotten.
  func send<Value>(
    _ message: [UInt8], to rank: Int, tag: Int, while body: () throws -> Value
  ) rethrows -> Value

  /// Waits for a message with that tag.
  /// - Parameters:
  ///   - rank: who sent it; nil for any rank.
  ///   - tag: what it is for.
  ///   - waiting: called now and then until the message is there.
  func receive(from rank: Int?, tag: Int, waiting: () -> Void) -> (message: [UInt8], sender: Int)

  /// The last call: nothing is sent any more. Returns when all ranks have called it.
  func finish()

  /// Ends all ranks with a line that says why.
  func abort(_ reason: String) -> Never
}

extension RankTransport {
  /// Waits for a message.
  func receive(from rank: Int?, tag: Int) -> (message: [UInt8], sender: Int) {
    receive(from: rank, tag: tag) {}
  }

  /// Sends a message.
  func send(_ message: [UInt8], to rank: Int, tag: Int) {
    send(message, to: rank, tag: tag) {}
  }
}
