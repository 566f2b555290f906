import CProcess
import Dispatch
import Foundation
import Synchronization

/// Notices Ctrl-C and every signal by which systems and schedulers ask a program to end (TERM, HUP, USR1, USR2):
/// the first one asks the run to stop after its round, or in it if the round takes longer than a second; the second
/// ends the program at once.
final class Interruption {
  private let flags = Flags()
  private let sources: [any DispatchSourceSignal]

  private final class Flags: Sendable {
    /// When the first signal came, in nanoseconds of the system's clock; 0 before.
    let time = Atomic<UInt64>(0)
  }

  /// Nanoseconds in which a round may still finish.
  private static let patience: UInt64 = 1_000_000_000

  /// - Parameter endsOnSecond: whether a second signal ends the process at once. Not where a launcher may pass on a
  ///   signal that the process also gets itself.
  init(endsOnSecond: Bool = true) {
    let flags = flags
    // nohup, and shells for programs in the background, have some ignored.
    sources = Self.signals.filter { !Self.isIgnored($0) }.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        let now = DispatchTime.now().uptimeNanoseconds
        guard endsOnSecond else {
          let first = flags.time.compareExchange(
            expected: 0, desired: now, ordering: .sequentiallyConsistent)
          if first.exchanged { StandardError.write("\nStopping.\n") }
          return
        }
        if flags.time.exchange(now, ordering: .sequentiallyConsistent) != 0 { exit(130) }
        StandardError.write("\nStopping; once more to stop without saving.\n")
      }
      source.resume()
      return source
    }
  }

  /// The signals that stop a run, which then saves.
  static let signals = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2]

  private static func isIgnored(_ number: Int32) -> Bool { cprocess_ignores(number) != 0 }

  /// Whether a stop was asked for.
  var isRequested: Bool { flags.time.load(ordering: .sequentiallyConsistent) != 0 }

  /// Whether it was asked for so long ago that a round should not be finished. Any thread may ask.
  var isUrgent: @Sendable () -> Bool {
    { [flags] in
      let time = flags.time.load(ordering: .relaxed)
      return time != 0 && DispatchTime.now().uptimeNanoseconds > time + Self.patience
    }
  }
}
