import Foundation

/// A file or folder that cannot be written, in one line for the user.
public struct FileError: Error, CustomStringConvertible, Equatable, Sendable {
  /// The path, what is wrong with it and, where it is known, how to mend it.
  public let description: String

  /// An error with that line.
  public init(_ description: String) { self.description = description }
}

/// A small file that appears whole or not at all. Its temporary file, `<path>.tmp-<machine>-<process>`, is named nearly
/// as those of results are, so that files left by a killed process are found by their name.
public enum TextFile {
  /// A number for this machine: others may write to the same folder, and their processes cannot be seen from here.
  package static let machineNumber: UInt32 = {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    // FNV-1a.
    return name.prefix { $0 != 0 }.reduce(2_166_136_261) {
      ($0 ^ UInt32(UInt8(bitPattern: $1))) &* 16_777_619
    }
  }()

  /// Writes text as UTF-8 in place of a file that is there. Throws `FileError` naming the file and the
  /// system's reason.
  public static func write(_ text: String, to path: String) throws {
    try write(Data(text.utf8), to: path)
  }

  /// Writes a value as JSON with sorted keys and a line for each, in place of a file that is there. Throws `FileError`
  /// naming the file and the system's reason.
  public static func write(json value: some Encodable, to path: String) throws {
    try write(json(value), to: path)
  }

  /// A value as JSON with sorted keys and a line for each.
  public static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }

  /// Writes bytes in place of a file that is there. Throws `FileError` naming the file and the system's
  /// reason.
  public static func write(_ data: Data, to path: String) throws {
    let temporary = "\(path).tmp-\(machineNumber)-\(getpid())"
    func failure() -> FileError {
      let full = [ENOSPC, EDQUOT].contains(errno)
      return FileError(
        "\(path): cannot be written (\(String(cString: strerror(errno)))"
          + (full ? "; free some space and try again)" : ")"))
    }
    removeLeftovers(of: path)
    do {
      // A file that a killed process of this number left; a link there is removed, never followed.
      unlink(temporary)
      let descriptor = open(
        temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw failure() }
      defer { close(descriptor) }
      try data.withUnsafeBytes { bytes in
        var rest = bytes
        while !rest.isEmpty {
          let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
          if count < 0, errno == EINTR { continue }
          guard count > 0 else { throw failure() }
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
      }
      guard flushToDisk(descriptor) else { throw failure() }
      guard rename(temporary, path) == 0 else { throw failure() }
    } catch {
      unlink(temporary)
      throw error
    }
  }
}

/// Removes the temporary files that processes of this machine left of a file and which run no more.
private func removeLeftovers(of path: String) {
  let parent = folder(ofFile: path)
  let start =
    (path.split(separator: "/").last.map(String.init) ?? path) + ".tmp-\(TextFile.machineNumber)-"
  for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
  where name.hasPrefix(start) {
    guard let process = Int32(name.dropFirst(start.count)), process > 0,
      kill(process, 0) != 0, errno == ESRCH
    else { continue }
    unlink("\(parent)/\(name)")
  }
}

/// Makes a folder and those above it. Throws `FileError` naming it and the system's reason if that fails.
public func makeFolder(_ path: String) throws {
  var status = stat()
  if stat(path, &status) == 0 {
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw FileError("\(path): is a file, expected the name of a folder")
    }
    return
  }
  let parent = folder(ofFile: path)
  if parent != path, parent != "." { try makeFolder(parent) }
  guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
    throw FileError(
      "\(path): cannot create this folder (\(String(cString: strerror(errno)))); expected a writable place"
    )
  }
}
