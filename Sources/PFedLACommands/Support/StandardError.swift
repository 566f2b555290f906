import Foundation

/// Prints a line to standard error: what a person should see and a pipe should not.
func printToStandardError(_ line: String) {
  FileHandle.standardError.write(Data((line + "\n").utf8))
}
