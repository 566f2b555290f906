import Experiments
import FederatedLearning
import Foundation
import Support

/// Shows a run's progress on standard error: a bar that redraws itself on a terminal, otherwise one
/// plain line every few seconds. Any thread may call it.
final class ProgressDisplay: Sendable {
  private struct State {
    var lastShown: ContinuousClock.Instant
    /// When the last round ended.
    var lastRound: ContinuousClock.Instant
    var round = 0
    var roundCount = 0
    var isLineOpen = false
  }

  private let title: String
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let state = Guarded(State(lastShown: .now, lastRound: .now))
  private let plainInterval: Duration
  private static let barInterval = Duration.milliseconds(100)

  /// - Parameter interval: between plain lines if there is no terminal.
  init(title: String, interval: Duration = .seconds(5)) {
    self.title = title
    plainInterval = interval
  }

  /// A line of its own.
  func note(_ line: String) {
    state.withLock {
      closeLine(&$0)
      write(line + "\n")
    }
  }

  /// Begins to show a run of some rounds, of which some are done.
  func begin(after round: Int = 0, of roundCount: Int) {
    state.withLock {
      $0.round = round
      $0.roundCount = roundCount
    }
  }

  /// Shows a round if enough time has passed; always the first and the last one.
  func show(_ progress: ExperimentRun.Progress) {
    let isEnd = progress.roundsHere == 1 || progress.round == progress.roundCount
    state.withLock {
      $0.lastRound = .now
      $0.round = progress.round
      $0.roundCount = progress.roundCount
      guard isTime($0) || isEnd else { return }
      show(line(progress), bar: progress.round, of: progress.roundCount, &$0)
    }
  }

  /// Shows how far a round is, if it takes so long that nothing would be shown otherwise.
  func show(_ stage: RoundWatch.Stage, done: Int, of count: Int) {
    state.withLock {
      guard isTime($0), .now - $0.lastRound >= plainInterval else { return }
      // An evaluation belongs to the round before which it is counted as done.
      let rounds = $0.roundCount > 0 ? "/\($0.roundCount)" : ""
      show(
        "round \($0.round + 1)\(rounds), \(stage.rawValue): client \(done) of \(count)",
        bar: $0.round, of: $0.roundCount, &$0)
    }
  }

  private func isTime(_ state: State) -> Bool {
    .now - state.lastShown >= (isTerminal ? Self.barInterval : plainInterval)
  }

  private func show(_ line: String, bar done: Int, of count: Int, _ state: inout State) {
    state.lastShown = .now
    guard isTerminal else { return write("\(title): " + line + "\n") }
    write(
      "\r\u{1B}[K"
        + (bar(done, of: count, room: columns - line.count - 1) + line).prefix(columns - 1))
    state.isLineOpen = true
  }

  /// Ends the bar's line.
  func finish() { state.withLock { closeLine(&$0) } }

  private func closeLine(_ state: inout State) {
    if state.isLineOpen { write("\n") }
    state.isLineOpen = false
  }

  /// A bar in at most that many columns; none if there is no room for one.
  private func bar(_ done: Int, of count: Int, room: Int) -> String {
    let width = min(24, room - 3)
    guard width >= 4, count > 0 else { return "" }
    let done = done * width / count
    return "[" + String(repeating: "#", count: done) + String(repeating: "-", count: width - done)
      + "] "
  }

  /// The terminal's width; a longer line would wrap and could not be redrawn.
  private var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  private func line(_ progress: ExperimentRun.Progress) -> String {
    let rate = Double(progress.roundsHere) / max(progress.seconds, 1e-9)
    var parts = ["round \(progress.round)/\(progress.roundCount)"]
    if let received = progress.accuracyReceived, let trained = progress.accuracyTrained {
      parts.append(
        String(format: "accuracy received %.1f%% trained %.1f%%", 100 * received, 100 * trained))
    }
    parts.append(String(format: rate < 10 ? "%.2f rounds/s" : "%.0f rounds/s", rate))
    if progress.round < progress.roundCount {
      parts.append(Self.time(Double(progress.roundCount - progress.round) / rate) + " left")
    } else {
      parts.append(Self.time(progress.seconds))
    }
    return parts.joined(separator: ", ")
  }

  /// Seconds in words.
  static func time(_ seconds: Double) -> String { DurationText.words(seconds: seconds) }

  private func write(_ text: String) { StandardError.write(text) }
}
