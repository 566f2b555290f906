import Foundation
import Support

/// Refuses an output file before work is done for nothing.
public enum OutputCheck {
  /// What a result's other files add to its name, the longest: the temporary file of a checkpoint.
  public static let resultEnding = ".checkpoint.previous.tmp-4194304-999999"

  /// Throws `SpecificationError` or `FileError` if the file exists and may not be replaced, if a file of that name,
  /// or with an ending, cannot be made, or if it is one of the inputs. Makes the folder if it is missing.
  /// - Parameters:
  ///   - path: the file.
  ///   - overwrite: whether a regular file there may be replaced; nothing else ever is.
  ///   - ending: what other files add to its name.
  ///   - inputs: files that are read and must stay.
  public static func require(
    _ path: String, overwrite: Bool, ending: String = ".tmp-4294967295-4194304",
    inputs: [String] = []
  ) throws {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw SpecificationError("--output: found an empty name, expected the name of a file")
    }
    guard !path.hasSuffix("/") else {
      throw SpecificationError("\(path): is the name of a folder, expected a file name")
    }
    if fileKind(path) == .regular, let input = inputs.first(where: { isSameFile(path, $0) }) {
      throw SpecificationError(
        "\(path): is \(input), which this command reads; choose another --output")
    }
    if let refusal = writingRefusal(path, overwrite: overwrite) {
      throw SpecificationError("\(path): \(refusal)")
    }
    let folder = folder(ofFile: path)
    try makeFolder(folder)
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw SpecificationError(
        "\(folder): the folder is not writable; choose another --output or change its "
          + "permissions")
    }
    // A name of that length which nothing else has: not one that a killed process left, nor another one's.
    let own = ".try-\(getpid())-\(UInt32.random(in: 0...UInt32.max))-"
    try tryName(
      path + own + String(repeating: "-", count: max(0, ending.count - own.count)), of: path)
  }

  /// Makes and removes a file of the longest name that the work will need.
  private static func tryName(_ name: String, of path: String) throws {
    let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let reason =
        errno == ENAMETOOLONG
        ? "the names of its files would be too long; choose a shorter --output"
        : "cannot be made (\(String(cString: strerror(errno)))); choose another --output"
      throw SpecificationError("\(path): \(reason)")
    }
    close(descriptor)
    unlink(name)
  }

  private static func isSameFile(_ first: String, _ second: String) -> Bool {
    var (one, other) = (stat(), stat())
    return stat(first, &one) == 0 && stat(second, &other) == 0 && one.st_ino == other.st_ino
      && one.st_dev == other.st_dev
  }
}
