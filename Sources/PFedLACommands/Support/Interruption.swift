import Dispatch
import Foundation
import Synchronization

/// Notices Ctrl-C and a request to terminate: the first one asks the run to stop after its round,
/// the second ends the program at once.
final class Interruption {
  private let requested = Flag()
  private let sources: [any DispatchSourceSignal]

  private final class Flag: Sendable {
    let isSet = Atomic<Bool>(false)
  }

  init() {
    let requested = requested
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if requested.isSet.exchange(true, ordering: .sequentiallyConsistent) { exit(130) }
        FileHandle.standardError.write(
          Data("\nStopping after this round; once more to stop at once.\n".utf8))
      }
      source.resume()
      return source
    }
  }

  /// Whether a stop was asked for.
  var isRequested: Bool { requested.isSet.load(ordering: .sequentiallyConsistent) }
}
