import Foundation
import HDF5
import TestSupport

/// Writes a file by `write`, closes it, and opens it again for `read`.
func withReopenedFile(
  write: (HDF5File) throws -> Void, read: (HDF5File) throws -> Void
) throws {
  try withTemporaryFolder { folder in
    let path = folder + "/file.h5"
    let file = try HDF5File.create(path)
    try write(file)
    try file.close()
    try read(try HDF5File.openForReading(path))
  }
}

/// The one line of the error that `body` throws; nil if it throws none.
func errorLine(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch {
    return "\(error)"
  }
}

extension FileManager {
  func names(in folder: String) throws -> [String] {
    try contentsOfDirectory(atPath: folder).sorted()
  }
}
