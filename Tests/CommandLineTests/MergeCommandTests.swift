import Experiments
import Foundation
import HDF5
import TestSupport
import Testing

@Suite("pfedla merge")
struct MergeCommandTests {
  @Test("results go into one file; what exists, what is an input and what is changed is refused")
  func merge() throws {
    let folder = try Program.workplace()
    for (name, changes) in [("a", ["rounds=1"]), ("b", ["rounds=2", "method=fedavg", "seed=1"])] {
      let run = try Program.run(
        ["run", "small.yaml", "--datasets", "data", "--output", "\(name).h5", "--set"] + changes,
        in: folder)
      #expect(run.status == 0, "\(run.errors)")
    }
    let merge = ["merge", "a.h5", "b.h5", "--output", "all.h5"]
    let first = try Program.run(merge, in: folder)
    #expect(first.status == 0 && first.errors.isEmpty, "\(first.errors)")
    #expect(
      first.output == "all.h5: 2 results, 2 methods, 2 seeds, 1 setting, 2 rounds, 4 clients\n")
    let file = try HDF5File.openForReading(folder.file("all.h5").path)
    try #expect(file.dataset("train_loss").shape == [2, 2, 1, 2, 4])
    try file.close()
    let bytes = try Data(contentsOf: folder.file("all.h5"))

    let again = try Program.run(merge, in: folder)
    #expect(again.status == 1 && again.lastError.hasPrefix("Error: all.h5: "))
    let input = try Program.run(
      ["merge", "a.h5", "b.h5", "--output", "b.h5", "--overwrite"], in: folder)
    #expect(
      input.status == 1
        && input.lastError.hasPrefix("Error: b.h5: is b.h5, which this command reads"))
    let twice = try Program.run(
      ["merge", "a.h5", "a.h5", "--output", "all.h5", "--overwrite"], in: folder)
    #expect(twice.status == 1)
    #expect(twice.errors == "Error: a.h5: given twice, expected each result once\n")
    let none = try Program.run(["merge", "all.h5", "--output", "other.h5"], in: folder)
    #expect(none.status == 1)
    #expect(none.errors == "Error: all.h5: not a result of pfedla run\n")
    #expect(!FileManager.default.fileExists(atPath: folder.file("other.h5").path))
    // Nothing of this has touched the file.
    try #expect(Data(contentsOf: folder.file("all.h5")) == bytes)
    let replaced = try Program.run(merge + ["--overwrite"], in: folder)
    #expect(replaced.status == 0)
    try #expect(Data(contentsOf: folder.file("all.h5")) == bytes)
  }

  @Test("client_classes names classes, and the result records their numbers")
  func classNames() throws {
    let folder = try Program.workplace()
    func run(_ classes: String) throws -> Program.Result {
      try Program.run(
        [
          "run", "small.yaml", "--datasets", "data", "--output", "result.h5", "--set", "rounds=1",
          "partition={scheme: classes-per-client, samples_per_client: 12, client_classes: \(classes)}",
        ], in: folder)
    }
    let unknown = try run("[[cat, truk], [ship]]")
    #expect(unknown.status == 1)
    #expect(
      unknown.lastError.contains(
        "partition.client_classes: found the unknown class \"truk\" (did you mean \"truck\"?), expected a number from 0 "
          + "to 9 or one of airplane, automobile, bird, "), "\(unknown.lastError)")
    let named = try run("[[cat, truck], [ship, 0]]")
    #expect(named.status == 0, "\(named.errors)")
    let result = try RunResult(path: folder.file("result.h5").path)
    #expect(result.setting("partition.client_classes") == "[[3, 9], [8, 0]]")
    #expect(
      result.labelCounts.map { $0.map { Int($0) } } == [
        [0, 0, 0, 6, 0, 0, 0, 0, 0, 6], [6, 0, 0, 0, 0, 0, 0, 0, 6, 0],
      ])
  }
}
