import Dispatch
import Foundation
import Synchronization

/// Notices Ctrl-C and every signal by which systems and schedulers ask a program to end (TERM, HUP, USR1, USR2):
/// the first one asks the run to stop after its round, the second ends the program at once.
final class Interruption {
  private let requested = Flag()
  private let sources: [any DispatchSourceSignal]

  private final class Flag: Sendable {
    let isSet = Atomic<Bool>(false)
  }

  init() {
    let requested = requested
    sources = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if requested.isSet.exchange(true, ordering: .sequentiallyConsistent) { exit(130) }
        StandardError.write("\nStopping after this round; once more to stop at once.\n")
      }
      source.resume()
      return source
    }
  }

  /// Whether a stop was asked for.
  var isRequested: Bool { requested.isSet.load(ordering: .sequentiallyConsistent) }
}
