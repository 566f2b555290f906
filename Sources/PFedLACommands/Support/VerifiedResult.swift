import Experiments

/// A result of which other files are made: read only if its numbers are as they were written.
enum VerifiedResult {
  /// Reads it, and says on standard error what cannot be checked. Throws `HDF5Error` or `SpecificationError` if it
  /// is damaged, or its numbers have changed.
  static func read(_ path: String) throws -> RunResult {
    let verification = try ResultVerification(path: path)
    try verification.requireUnchanged()
    if verification.recorded == nil {
      printToStandardError(
        "Warning: \(path): no digest is recorded (a file of schema version 1), so its numbers cannot be "
          + "checked.")
    }
    let result = try RunResult(path: path)
    if let warning = result.sealWarning { printToStandardError("Warning: \(warning).") }
    return result
  }
}
