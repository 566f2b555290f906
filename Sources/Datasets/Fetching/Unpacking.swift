import Foundation
import Support

/// Takes files out of a published archive with the system's `tar` or `unzip`.
package enum Unpacking {
  /// Unpacks the members `names` of `archive`, kept at `archivePath`, flat into `folder`; the program
  /// is searched in the folders of `searchPath`, separated by colons; nil for PATH.
  ///
  /// Throws `DatasetError` (system) if the program is missing or fails or a member is no regular
  /// file.
  package static func unpack(
    _ names: [String], of archive: PublishedArchive, at archivePath: String, into folder: String,
    searchPath: String? = nil
  ) throws {
    try FileSystem.createFolder(folder)
    let members = names.map { archive.memberFolder + $0 }
    let depth = archive.memberFolder.count { $0 == "/" }
    let (program, arguments) =
      switch archive.format {
      case .tarGzip:
        ("tar", ["-xzf", archivePath, "-C", folder, "--strip-components=\(depth)"] + members)
      case .zip:
        ("unzip", ["-q", "-j", "-o", archivePath] + members + ["-d", folder])
      }
    try run(program, arguments, archivePath, searchPath)
    for name in names {
      let path = "\(folder)/\(name)"
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      guard attributes?[.type] as? FileAttributeType == .typeRegular else {
        throw DatasetError(
          .system,
          "\(archivePath): does not contain \(archive.memberFolder + name); remove it and fetch again"
        )
      }
    }
  }

  private static func run(
    _ program: String, _ arguments: [String], _ archivePath: String, _ searchPath: String?
  ) throws {
    guard let executable = programPath(program, searchPath: searchPath) else {
      throw DatasetError(
        .system,
        "\(archivePath): the program \(program), which unpacks it, is not on PATH; install it and "
          + "run the same command again (the archive is kept)")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let errors = Pipe()
    process.standardError = errors
    do {
      try process.run()
    } catch {
      throw DatasetError(.system, "\(executable): cannot be run: \(error.localizedDescription)")
    }
    let output = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      let reason = String(decoding: output, as: UTF8.self).split(separator: "\n").first ?? ""
      throw DatasetError(
        .system,
        "\(archivePath): \(program) failed with status \(process.terminationStatus): \(reason); is "
          + "the disk full? otherwise remove the archive and fetch again")
    }
  }
}
