import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import TestSupport
import Testing

/// The promise of the numerics version: the bits of every method's small audited run are those that were
/// recorded under the present number. `make numerics` records them again after the number was raised.
@Suite("Numerics version")
struct NumericsVersionTests {
  private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "NumericsDigests.txt")

  private struct Case: Sendable, CustomStringConvertible {
    let method: String
    let batchNormalisation: Bool
    var description: String { "\(method) \(batchNormalisation ? "with" : "without")-bn" }
  }

  private static let cases = MethodRegistry.all.map { $0.information.name }.flatMap { method in
    // FedBN needs a layer of batch normalisation.
    (method == "fedbn" ? [true] : [true, false]).map {
      Case(method: method, batchNormalisation: $0)
    }
  }

  private static var isRecording: Bool {
    ProcessInfo.processInfo.environment["PFEDLA_RECORD_NUMERICS"] == "1"
  }

  /// Results are guaranteed to be the same on every x86-64 processor with AVX2, and only there.
  private static var isPromised: Bool {
    #if arch(x86_64)
      true
    #else
      false
    #endif
  }

  private static func digest(_ one: Case) throws -> String {
    let folder = try TemporaryFolder()
    let path = folder.file("audited.h5").path
    _ = try ExperimentRun(
      Fixtures.preparation([
        "method=\(one.method)", "model.batch_normalisation=\(one.batchNormalisation)", "rounds=3",
        "methods.pfedhn.hidden_size=8",
      ]), output: path, overwrite: true, workerCount: 2, isAudited: true
    ).run(shouldStop: { false }, report: { _ in })
    return try ResultVerification(path: path).computed.sha256
  }

  @Test("no bit changes without a new number", .enabled(if: isPromised))
  func digests() throws {
    let found = try Self.cases.map { "\($0) \(try Self.digest($0))" }
    let lines = ["numerics_version \(CodeVersion.numerics)"] + found
    if Self.isRecording {
      try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: Self.file)
      return
    }
    let recorded = try String(contentsOf: Self.file, encoding: .utf8).split(separator: "\n")
      .map(String.init)
    try #require(
      recorded.first == lines[0],
      """
      The recorded digests are of \(recorded.first ?? "no version"), the program has numerics version \
      \(CodeVersion.numerics): run `make numerics` to record them anew, and commit the file.
      """)
    for line in found {
      let name = line.split(separator: " ").prefix(2).joined(separator: " ")
      let old = recorded.first { $0.hasPrefix(name + " ") }
      #expect(
        old == line,
        """
        The numbers of \(name) changed. If that is meant, raise CodeVersion.numerics by one and run \
        `make numerics`: results and checkpoints of before are then told apart from new ones. If not, \
        find what changed the bits.
        """)
    }
    #expect(recorded.count == lines.count, "a method is gone: run `make numerics`")
  }
}
