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
    let isRequested = Atomic<Bool>(false)
    let isUrgent = Atomic<Bool>(false)
  }

  /// Seconds in which a round may still finish.
  private static let patience = 1.0

  init() {
    let flags = flags
    sources = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if flags.isRequested.exchange(true, ordering: .sequentiallyConsistent) { exit(130) }
        StandardError.write("\nStopping; once more to stop without saving.\n")
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) {
          flags.isUrgent.store(true, ordering: .sequentiallyConsistent)
        }
      }
      source.resume()
      return source
    }
  }

  /// Whether a stop was asked for.
  var isRequested: Bool { flags.isRequested.load(ordering: .sequentiallyConsistent) }

  /// Whether it was asked for so long ago that a round should not be finished. Any thread may ask.
  var isUrgent: @Sendable () -> Bool {
    { [flags] in flags.isUrgent.load(ordering: .relaxed) }
  }
}
