import Foundation

/// A new, empty folder of a unique name, removed with everything in it when the value goes away.
///
/// Keep the value alive as long as the folder is needed; `withTemporaryFolder` does so by itself.
public final class TemporaryFolder: Sendable {
  /// Where it is.
  public let url: URL

  /// Its path, for interfaces that take text.
  public var path: String { url.path }

  /// Creates the folder in the system's place for temporary files.
  ///
  /// - Throws: `CocoaError` when it cannot be created.
  public init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("pfedla-tests-\(UUID().uuidString)", isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  /// The place of `name` inside the folder; nothing is created.
  public func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  deinit { try? FileManager.default.removeItem(at: url) }
}

/// Runs `body` with the path of a new, empty folder, which is removed afterwards, also after an error.
@discardableResult
public func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = try TemporaryFolder()
  return try withExtendedLifetime(folder) { try body(folder.path) }
}

/// Runs `body` with the path of a new, empty folder, which is removed afterwards, also after an error.
@discardableResult
public func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws
  -> Result
{
  let folder = try TemporaryFolder()
  defer { withExtendedLifetime(folder) {} }
  return try await body(folder.path)
}
