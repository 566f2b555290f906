import Foundation

/// The path of a program of the system; nil if there is none.
/// - Parameters:
///   - name: the program, such as `gnuplot`.
///   - searchPath: folders to search, separated by colons; nil for PATH.
public func programPath(_ name: String, searchPath: String? = nil) -> String? {
  (searchPath ?? ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(
    separator: ":"
  )
  .map { "\($0)/\(name)" }
  .first(where: FileManager.default.isExecutableFile)
}
