import Experiments
import Foundation

/// Shows a run's progress on standard error: a bar that redraws itself on a terminal, otherwise one
/// plain line every few seconds.
struct ProgressDisplay {
  private let title: String
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var lastShown: ContinuousClock.Instant?
  private var last: ExperimentRun.Progress?
  private var isLineOpen = false

  private let plainInterval: Duration
  private static let barInterval = Duration.milliseconds(100)

  /// - Parameter interval: between plain lines if there is no terminal.
  init(title: String, interval: Duration = .seconds(5)) {
    self.title = title
    plainInterval = interval
  }

  /// A line of its own.
  mutating func note(_ line: String) {
    closeLine()
    write(line + "\n")
  }

  /// Shows a round if enough time has passed; always the last one.
  mutating func show(_ progress: ExperimentRun.Progress) {
    last = progress
    let now = ContinuousClock.now
    let isLast = progress.round == progress.roundCount
    let interval = isTerminal ? Self.barInterval : plainInterval
    if let lastShown, now - lastShown < interval, !isLast { return }
    lastShown = now
    if isTerminal {
      let line = line(progress)
      write(
        "\r\u{1B}[K" + (bar(progress, room: columns - line.count - 1) + line).prefix(columns - 1))
      isLineOpen = true
    } else {
      write("\(title): " + line(progress) + "\n")
    }
  }

  /// Ends the bar's line.
  mutating func finish() { closeLine() }

  private mutating func closeLine() {
    if isLineOpen { write("\n") }
    isLineOpen = false
  }

  /// A bar in at most that many columns; none if there is no room for one.
  private func bar(_ progress: ExperimentRun.Progress, room: Int) -> String {
    let width = min(24, room - 3)
    guard width >= 4 else { return "" }
    let done = progress.round * width / max(progress.roundCount, 1)
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
