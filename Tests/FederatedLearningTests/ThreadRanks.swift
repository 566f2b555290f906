import Dispatch
import FederatedLearning
import Foundation
import NeuralNetworks
import Support
import Testing

/// Ranks as threads of one process: each has mailboxes that the others put messages into.
final class ThreadRanks: Sendable {
  fileprivate struct Mail {
    let sender: Int
    let tag: Int
    let message: [UInt8]
  }

  fileprivate final class Mailbox: Sendable {
    let letters = Guarded<[Mail]>([])
  }

  fileprivate let mail: [Mailbox]
  let rankCount: Int
  init(_ rankCount: Int) {
    self.rankCount = rankCount
    mail = (0..<rankCount).map { _ in Mailbox() }
  }

  struct Transport: RankTransport {
    let ranks: ThreadRanks
    let rank: Int
    var rankCount: Int { ranks.rankCount }

    func send<Value>(
      _ message: [UInt8], to rank: Int, tag: Int, while body: () throws -> Value
    ) rethrows -> Value {
      ranks.mail[rank].letters.withLock {
        $0.append(Mail(sender: self.rank, tag: tag, message: message))
      }
      return try body()
    }

    func receive(
      from rank: Int?, tag: Int, waiting: () -> Void
    ) -> (message: [UInt8], sender: Int) {
      while true {
        let found = ranks.mail[self.rank].letters.withLock { mail in
          mail.firstIndex { $0.tag == tag && (rank == nil || $0.sender == rank) }
            .map { mail.remove(at: $0) }
        }
        if let found { return (found.message, found.sender) }
        usleep(20)
        waiting()
      }
    }

    func finish() {}

    func abort(_ reason: String) -> Never { fatalError(reason) }
  }

  /// Runs the leader's part here and the others' on threads of their own; returns when all have ended.
  static func run<Value>(
    _ rankCount: Int, workerCount: Int = 1, participantsAtOnce: Int = 256,
    follower: @escaping @Sendable (RankGroup) throws -> Void,
    leader: (RankGroup) throws -> Value
  ) throws -> Value {
    let ranks = ThreadRanks(rankCount)
    let ended = DispatchSemaphore(value: 0)
    let failure = Guarded<(any Error)?>(nil)
    for rank in 1..<max(1, rankCount) {
      let error = WorkerThread.start(stackBytes: WorkerPool.stackBytes) {
        do {
          try follower(
            RankGroup(
              Transport(ranks: ranks, rank: rank), workerCount: workerCount,
              participantsAtOnce: participantsAtOnce))
        } catch {
          failure.withLock { $0 = error }
        }
        ended.signal()
      }
      try #require(error == 0)
    }
    let group = RankGroup(
      Transport(ranks: ranks, rank: 0), workerCount: workerCount,
      participantsAtOnce: participantsAtOnce)
    let value = Result { try leader(group) }
    group.end()
    for _ in 1..<max(1, rankCount) { ended.wait() }
    if let error = failure.withLock({ $0 }) { throw error }
    return try value.get()
  }
}
