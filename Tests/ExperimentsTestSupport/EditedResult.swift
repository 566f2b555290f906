import CHDF5
import Experiments
import Foundation
import TestSupport
import Testing

/// Results that somebody edited.
package enum EditedResult {
  /// An unsealed copy of a result, `edited.h5`, with a change.
  /// - Parameter edit: makes the change in the open file; true if all calls went well.
  package static func copy(
    of result: URL, in folder: TemporaryFolder, _ edit: (hid_t) -> Bool
  ) throws -> String {
    let path = folder.file("edited.h5").path
    // The seal is the user block of 512 bytes ahead of the file.
    try Data(contentsOf: result).dropFirst(512).write(to: URL(fileURLWithPath: path))
    let file = H5Fopen(path, 1 /* H5F_ACC_RDWR */, chdf5_default())
    defer { H5Fclose(file) }
    #expect(file >= 0 && edit(file))
    return path
  }

  /// Expects that a result is refused in one line that begins with its path.
  package static func expectRefused(_ path: String) {
    do {
      _ = try RunResult(path: path)
      Issue.record("read without an error")
    } catch {
      let line = "\(error)"
      #expect(line.hasPrefix(path) && !line.contains("\n"), "\(line)")
    }
  }
}
