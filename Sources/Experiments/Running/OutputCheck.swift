import Foundation
import Support

/// Refuses an output file before work is done for nothing.
public enum OutputCheck {
  /// Throws `SpecificationError` or `FileError` if the file exists and may not be replaced, or if its folder cannot
  /// be made or written to. Makes the folder if it is missing.
  public static func require(_ path: String, overwrite: Bool) throws {
    let folder = folder(ofFile: path)
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      guard !isFolder.boolValue else {
        throw SpecificationError("\(path): is a folder, expected a file name")
      }
      guard overwrite else {
        throw SpecificationError("\(path): already exists; add --overwrite to replace it")
      }
    }
    try makeFolder(folder)
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw SpecificationError(
        "\(folder): the folder is not writable; choose another --output or change its "
          + "permissions")
    }
  }
}
