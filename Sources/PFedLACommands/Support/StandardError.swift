import CProcess
import Foundation

/// Prints a line to standard error: what a person should see and a pipe should not.
func printToStandardError(_ line: String) { StandardError.write(line + "\n") }

/// Standard error as a display, which never ends a run: what cannot be written (a closed terminal or pipe, a full
/// disk) is dropped.
enum StandardError {
  static func write(_ text: String) {
    Array(text.utf8).withUnsafeBytes { bytes in
      var rest = bytes
      while !rest.isEmpty {
        let count = Foundation.write(STDERR_FILENO, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }
}

/// Standard output, whose reader must get everything.
enum StandardOutput {
  /// Ends the process with code 1 and a line if anything printed was lost.
  static func requireWritten() {
    guard cprocess_standard_output_failed() != 0 else { return }
    printToStandardError("Error: standard output: what was printed could not be written")
    exit(1)
  }
}
