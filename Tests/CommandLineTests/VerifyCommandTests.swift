import Experiments
import Foundation
import HDF5
import TestSupport
import Testing

/// Results that have changed, as a user meets them.
@Suite("pfedla verify")
struct VerifyCommandTests {
  @Test(
    "verify sees a changed number, compare a run given twice, and --version prints both versions")
  func identity() throws {
    let folder = try Program.workplace()
    #expect(
      try Program.run(
        ["run", "small.yaml", "--datasets", "data", "--output", "result.h5"], in: folder
      ).status == 0)
    let result = try RunResult(path: folder.file("result.h5").path)
    let digest = try #require(result.numbersSHA256)
    let good = try Program.run(["verify", "result.h5"], in: folder)
    #expect(good.status == 0)
    #expect(good.output == "result.h5: unchanged, numbers_sha256 \(digest)\n")
    let export = try Program.run(["export", "result.h5", "--csv", "csv"], in: folder)
    #expect(export.output.hasSuffix("\nnumbers_sha256 \(digest)\n"))

    try FileManager.default.copyItem(at: folder.file("result.h5"), to: folder.file("good.h5"))
    let twice = try Program.run(["compare", "result.h5", "result.h5"], in: folder)
    #expect(twice.status == 1 && twice.output.isEmpty)
    #expect(twice.errors == "Error: result.h5: given twice, expected each result once\n")

    // A byte of the models, which are stored uncompressed at the end of the arrays.
    var bytes = try Data(contentsOf: folder.file("result.h5"))
    let weights = try HDF5File.openForReading(folder.file("result.h5").path).read(
      "model/fc1/weight", as: Float.self)
    let pattern = weights[2000..<2016].withUnsafeBytes { Data($0) }
    let range = try #require(bytes.range(of: pattern))
    bytes[range.lowerBound] ^= 1
    try bytes.write(to: folder.file("sealed.h5"))
    let sealed = try Program.run(["verify", "sealed.h5"], in: folder)
    #expect(
      sealed.output
        == "sealed.h5: damaged, truncated or changed: its bytes do not match its checksum\n")
    // Without its seal, the user block of 512 bytes, the digests find the array.
    try bytes.dropFirst(512).write(to: folder.file("result.h5"))
    let bad = try Program.run(["verify", "result.h5"], in: folder)
    #expect(bad.status == 1)
    #expect(bad.output.hasPrefix("result.h5: CHANGED, numbers_sha256 is "))
    #expect(bad.output.hasSuffix(", recorded \(digest); changed: /model/fc1/weight\n"))

    let refused = try Program.run(["export", "result.h5", "--csv", "changed"], in: folder)
    #expect(refused.status == 1 && refused.output.isEmpty)
    #expect(
      refused.errors.hasPrefix(
        "Error: result.h5: its numbers have changed since it was written: found numbers_sha256 "))
    #expect(
      refused.errors.hasSuffix(
        ", expected \(digest); changed: /model/fc1/weight. Use an unchanged copy, or make the result "
          + "again\n"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("changed").path))

    let old = try HDF5File.create(folder.file("old.h5").path)
    try old.setAttribute("schema_name", "pfedla_result")
    try old.close()
    let unrecorded = try Program.run(["verify", "old.h5"], in: folder)
    #expect(unrecorded.status == 1)
    #expect(
      unrecorded.output.hasPrefix(
        "old.h5: no digest is recorded (a file of schema version 1), numbers_sha256 is "))

    // A digest that fits does not make a file a result.
    let empty = try HDF5File.create(folder.file("empty.h5").path)
    try empty.setAttribute("schema_name", "pfedla_result")
    try empty.setAttribute(
      "numbers_sha256",
      ResultVerification(path: folder.file("old.h5").path).computed.sha256)
    try empty.close()
    #expect(try ResultVerification(path: folder.file("empty.h5").path).isGood)
    let impossible = try Program.run(["verify", "empty.h5"], in: folder)
    #expect(impossible.status == 1 && impossible.errors.isEmpty)
    #expect(impossible.output.hasPrefix("empty.h5: ") && !impossible.output.contains("unchanged"))

    // One file that cannot be read hides none of the others.
    try Data(contentsOf: folder.file("good.h5")).prefix(5000).write(to: folder.file("cut.h5"))
    let several = try Program.run(
      ["verify", "cut.h5", "missing.h5", "result.h5", "good.h5"], in: folder)
    #expect(several.status == 1 && several.errors.isEmpty)
    let verdicts = several.output.split(separator: "\n").map(String.init)
    #expect(
      verdicts.map { String($0.prefix { $0 != ":" }) }
        == ["cut.h5", "missing.h5", "result.h5", "good.h5"])
    #expect(verdicts.last == "good.h5: unchanged, numbers_sha256 \(digest)")

    let version = try Program.run(["--version"], in: folder)
    #expect(
      version.output == "\(CodeVersion.current) (numerics version \(CodeVersion.numerics))\n")
  }
}
