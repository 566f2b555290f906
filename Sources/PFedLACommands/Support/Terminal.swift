import Foundation

/// What standard output can show.
enum Terminal {
  /// Whether it is a terminal that shows bold; NO_COLOR (https://no-color.org) and TERM=dumb turn it off.
  static var isBold: Bool {
    let environment = ProcessInfo.processInfo.environment
    return isatty(STDOUT_FILENO) == 1 && environment["TERM"] != "dumb"
      && environment["NO_COLOR", default: ""].isEmpty
  }
}
