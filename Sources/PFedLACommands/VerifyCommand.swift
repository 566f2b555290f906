import ArgumentParser
import Experiments

/// `pfedla verify`: checks results against the digest of their numbers.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract:
      "Recompute the digest of a result's numbers and compare it with the recorded one.",
    discussion: """
      The digest (numbers_sha256) covers name, type, shape and bytes of every array of numbers, but not \
      text, attributes or the file's layout. Two results with equal digests have equal numbers, \
      whichever version of the program wrote them. A file with its digest is then read, which checks its \
      values: counts of classes, for example, must fit together. Prints one line per file. The exit \
      code is 1 unless all are as they were written.

      Examples:
        pfedla verify runs/quickstart/*.h5
        pfedla verify --arrays runs/pfedla.h5
      """)

  @Argument(help: "Result files of pfedla run.")
  var files: [String]

  @Flag(help: "Also print one line per array: digest, type, shape and path.")
  var arrays = false

  func run() throws {
    var isGood = true
    for file in files {
      let verification: ResultVerification
      do {
        verification = try ResultVerification(path: file)
        // A digest says nothing of whether the numbers fit together.
        if verification.isGood { _ = try RunResult(path: file) }
      } catch {
        // One unreadable file does not affect the others. The line begins with its path.
        isGood = false
        print("\(error)")
        continue
      }
      if verification.isGood {
        print(
          "\(file): unchanged, numbers_sha256 \(verification.computed.sha256)"
            + (verification.isSealed
              ? ""
              : "; without a checksum of the whole file (of before 0.2.0, or of another program)"))
      } else if let recorded = verification.recorded {
        isGood = false
        let changed = verification.changedArrays
        print(
          "\(file): CHANGED, numbers_sha256 is \(verification.computed.sha256), recorded \(recorded)"
            + (changed.isEmpty ? "" : "; changed: \(changed.joined(separator: ", "))"))
      } else {
        isGood = false
        print(
          "\(file): no digest is recorded (a file of schema version 1), numbers_sha256 is "
            + verification.computed.sha256)
      }
      if arrays { print(verification.computed.lines, terminator: "") }
    }
    guard isGood else { throw ExitCode.failure }
  }
}
