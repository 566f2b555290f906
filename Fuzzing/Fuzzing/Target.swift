import Foundation
import TestSupport

/// A reader of input that may come from anyone.
struct Target: Sendable {
  /// Its name on the command line.
  let name: String
  /// What it reads, for people.
  let summary: String
  /// Its share of all inputs.
  let share: Double
  /// Whether a checksum refuses every changed input; any other reader must accept some.
  var isSealed = false
  /// Words of its format.
  var words: [String] = []
  /// Makes its inputs and its reader, in a folder of its own.
  let prepare: @Sendable (_ folder: String) throws -> Prepared

  /// Inputs to change, and what reads a changed one.
  struct Prepared {
    /// Good inputs.
    let corpus: [[UInt8]]
    /// Reads an input; throws one line if it refuses it.
    let read: (_ bytes: [UInt8]) throws -> Void
    /// Makes an input another way than by changing bytes; nil for none.
    var make: ((inout Mutator) -> [UInt8])?

    init(
      _ corpus: [[UInt8]], make: ((inout Mutator) -> [UInt8])? = nil,
      read: @escaping (_ bytes: [UInt8]) throws -> Void
    ) {
      self.corpus = corpus
      self.make = make
      self.read = read
    }
  }
}

/// The bytes of a file.
func contents(_ path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// Replaces a file's bytes.
func write(_ bytes: [UInt8], to path: String) throws {
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}
