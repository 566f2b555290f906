import ArgumentParser
import Datasets
import Foundation

/// `pfedla datasets fetch`.
struct DatasetsFetch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Download datasets from their publishers.",
    discussion: """
      Files are checked against the published digests and moved into place only when complete. Files that \
      are present and correct are skipped. An interrupted download resumes when the same command is run \
      again. The six EMNIST datasets share one archive of 0.5 GB, so fetching one fetches all.

      Examples:
        pfedla datasets fetch mnist fashion-mnist
        pfedla datasets fetch cifar10 --datasets /data/images
        pfedla datasets fetch mnist --mirror http://mirror.example.org/mnist/
      """)

  @Argument(help: ArgumentHelp("Names of datasets.", valueName: "name"))
  var names: [String]

  @Option(
    help: ArgumentHelp(
      "Fetch the published files from this address instead of the publisher's.",
      valueName: "url"))
  var mirror: String?

  @OptionGroup var location: DatasetsFolderOption

  func run() async throws {
    // All names are checked before the first byte is fetched.
    let entries = try names.map(DatasetCatalogue.entry(named:))
    let folder = DatasetFolder(location.folder)
    for entry in entries {
      let display = FetchDisplay(isTerminal: isatty(STDERR_FILENO) != 0)
      let fetcher = Fetcher(folder: folder.path, mirror: mirror) { display.show($0) }
      do {
        try await fetcher.fetch(entry.name)
      } catch {
        display.endLine()
        throw error
      }
      print("\(entry.name): ready in \(folder.folder(of: entry))")
    }
  }
}

/// Shows the progress of a fetch on standard error: a bar on a terminal, otherwise a line per tenth. Called
/// from several threads: mutable state is behind the lock.
private final class FetchDisplay: @unchecked Sendable {
  private let isTerminal: Bool
  private let lock = NSLock()
  private var barIsOpen = false
  private var lastShown = ""

  init(isTerminal: Bool) {
    self.isTerminal = isTerminal
  }

  func show(_ progress: Fetcher.Progress) {
    switch progress {
    case .present(let file): line("\(file): already present")
    case .downloading(let file, let received, let total): bar(file, received, total)
    case .checking(let file): line("\(file): checking")
    case .unpacking(let file): line("\(file): unpacking")
    case .placed(let file): line("\(file): in place")
    }
  }

  /// Ends the bar's line, so that an error starts on its own.
  func endLine() {
    lock.withLock { closeBar() }
  }

  private func line(_ text: String) {
    lock.withLock {
      closeBar()
      write(text + "\n")
    }
  }

  private func bar(_ file: String, _ received: Int, _ total: Int?) {
    lock.withLock {
      let amount = megabytes(received) + (total.map { " of " + megabytes($0) } ?? "") + " MB"
      let fraction = total.flatMap { $0 > 0 ? min(1, Double(received) / Double($0)) : nil }
      let step: String
      if isTerminal {
        let filled = Int((fraction ?? 0) * 30)
        step =
          "\r\(file) [" + String(repeating: "#", count: filled)
          + String(repeating: ".", count: 30 - filled) + "] \(amount)\u{1B}[K"
      } else {
        step = "\(file): " + (fraction.map { "\(Int($0 * 10) * 10) %" } ?? "downloading")
      }
      guard step != lastShown else { return }
      lastShown = step
      write(isTerminal ? step : "\(step), \(amount)\n")
      barIsOpen = isTerminal
    }
  }

  private func closeBar() {
    if barIsOpen { write("\n") }
    barIsOpen = false
  }

  private func megabytes(_ count: Int) -> String {
    String(format: "%.1f", Double(count) / 1e6)
  }

  private func write(_ text: String) {
    StandardError.write(text)
  }
}
