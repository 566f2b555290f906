import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import HDF5
import TestSupport
import Testing

/// Runs that evaluate the global model on samples that no client has, and their files.
@Suite("Common test samples")
struct CommonTestRunTests {
  private static let keys = ["method=fedavg", "common_test_samples=70", "evaluate_every=2"]

  @Test("the samples are no client's, and evaluated rounds have values")
  func values() throws {
    let folder = try TemporaryFolder()
    let (path, plain) = (folder.file("a.h5").path, folder.file("b.h5").path)
    try Fixtures.run(Self.keys + ["new_clients=1"], to: path)
    let preparation = try Fixtures.preparation(Self.keys + ["new_clients=1"])
    let whole = try Fixtures.preparation().partition
    #expect(preparation.commonTest.count == 70 && Set(preparation.commonTest).count == 70)
    #expect(Set(preparation.commonTest).isDisjoint(with: (whole.train + whole.test).joined()))
    let record = try RunResult(path: path).record
    #expect(record.commonTestAccuracy.map(\.isNaN) == [true, false, true, false])
    #expect(record.commonTestLoss.map(\.isNaN) == [true, false, true, false])
    for accuracy in record.commonTestAccuracy where !accuracy.isNaN {
      #expect(abs(accuracy * 70 - (accuracy * 70).rounded()) < 1e-4)
    }
    let file = try HDF5File.openForReading(path)
    defer { try? file.close() }
    #expect(try file.read("common_test_sample", shape: [70]) == preparation.commonTest)
    try Fixtures.run(["method=fedavg"], to: plain)
    let other = try HDF5File.openForReading(plain)
    defer { try? other.close() }
    #expect(try !other.exists("common_test_accuracy") && !other.exists("common_test_sample"))
  }

  @Test("a method without one model for all clients has no values")
  func without() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(Self.keys + ["method=local"], to: path)
    #expect(try RunResult(path: path).record.commonTestAccuracy.allSatisfy(\.isNaN))
  }

  @Test("any number of workers and a stop after every round give the same bytes")
  func bytes() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    let expected = try Fixtures.run(Self.keys, to: folder.file("b.h5").path, workers: 1)
    #expect(try Fixtures.runWithStops(Self.keys, to: path, stops: 3, workers: 3) == expected)
  }

  @Test("held-out runs leave the clients' test samples out too")
  func heldOut() throws {
    let whole = try Fixtures.preparation().partition
    let held = try Fixtures.preparation(["common_test_samples=190", "held_out_share=0.3"])
    #expect(Set(held.commonTest).isDisjoint(with: (whole.train + whole.test).joined()))
  }

  @Test("more samples than are left are an error of one line")
  func tooMany() {
    do {
      _ = try Fixtures.preparation(["common_test_samples=191"])
      Issue.record("no error")
    } catch {
      #expect("\(error)".contains("found 191, expected at most 190"), "\(error)")
    }
  }
}
