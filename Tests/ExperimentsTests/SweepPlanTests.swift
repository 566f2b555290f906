import Experiments
import ExperimentsTestSupport
import Foundation
import TestSupport
import Testing

/// A folder holds the whole plan of a sweep, whatever part of it a call computes.
@Suite("Plans of sweeps")
struct SweepPlanTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  private func record(_ output: String) throws -> SweepPlan.Record {
    try #require(SweepPlan.records(in: output).first)
  }

  private func labels(_ axis: String, _ record: SweepPlan.Record) -> [String] {
    record.axes.first { $0.name == axis }?.labels ?? []
  }

  @Test("--only chooses what is computed, not what is planned")
  func wholePlan() throws {
    let folder = try TemporaryFolder()
    let whole = try SmallSweep.plan()
    for only in [["seed": ["1"]], ["method": ["fedavg"]], [:]] {
      let plan = try SmallSweep.plan(only: only)
      #expect(plan.cells.map(\.name) == whole.cells.map(\.name))
      try plan.write(to: folder.path)
      #expect(try record(folder.path) == whole.record)
    }
    #expect(try SmallSweep.plan(only: ["seed": ["1"]]).selected.count == 4)
  }

  @Test("more seeds are added to the plan, and fewer take none away")
  func seeds() throws {
    let folder = try TemporaryFolder()
    func seeds(_ count: Int?) throws -> [String] {
      try SmallSweep.plan(seeds: count).write(to: folder.path)
      let record = try record(folder.path)
      let places = record.cells.map { record.place($0.coordinates) }
      #expect(Set(places).count == places.count)
      #expect(
        places
          == labels("rate", record).flatMap { rate in
            labels("method", record).flatMap { method in
              labels("seed", record).map { "rate=\(rate), method=\(method), seed=\($0)" }
            }
          }.filter { !$0.hasPrefix("rate=fast") || $0.contains("fedavg") }, "the order of the axes")
      return labels("seed", record)
    }
    #expect(try seeds(2) == ["0", "1"])
    #expect(try seeds(12) == (0..<12).map(String.init))
    #expect(try seeds(nil) == (0..<12).map(String.init))
    #expect(try seeds(1) == (0..<12).map(String.init))
  }

  @Test("labels that a changed file adds come behind; another run at a place is refused")
  func changedFile() throws {
    let folder = try TemporaryFolder()
    try SmallSweep.plan().write(to: folder.path)
    let more = SmallSweep.text.replacing(
      "[local, fedavg, fedper]", with: "[scaffold, local, fedper]")
    let plan = try SmallSweep.plan(
      text: more.replacing("method: [local, fedper]}", with: "method: [local, fedper, scaffold]}")
        .replacing("method: [local, fedavg], seed", with: "method: [local], seed"))
    try plan.write(to: folder.path)
    #expect(
      labels("method", try record(folder.path)) == ["scaffold", "local", "fedper", "fedavg"])
    #expect(try record(folder.path).cells.count == 12 + 3)

    let other = SmallSweep.text.replacing("batch_size: 8", with: "batch_size: 4")
    #expect(
      message { try SmallSweep.plan(text: other).write(to: folder.path) }
        == "\(folder.path)/small/plan.json: batch_size at rate=slow, method=local, seed=0: found 8, "
        + "expected 4; one folder holds one plan of a sweep, so give another --output, such as "
        + "\(folder.path)-2")
  }

  @Test("another profile, --set, axes or data are another plan, which is refused")
  func otherPlans() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/small/plan.json"
    try SmallSweep.plan().write(to: folder.path)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let remedy =
      "; one folder holds one plan of a sweep, so give another --output, such as \(folder.path)-3"
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)-2", withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: "\(folder.path)-2") }
    let synthetic = SmallSweep.text.replacing(
      "summary: all cells", with: "synthetic_samples_per_class: 20")
    let axes = SmallSweep.text.replacing("  seed: [0, 1, 2]", with: "  momentum: [0, 0.5]")
      .replacing(", seed: [1]}", with: "}").replacing(", momentum: 0.5}", with: "}")
    for (plan, what) in [
      (try SmallSweep.plan("few"), "profile: found full, expected few"),
      (
        try SmallSweep.plan(overrides: ["batch_size=5"]),
        "batch_size at rate=slow, method=local, seed=0: found 8, expected 5"
      ),
      (
        try SmallSweep.plan(overrides: ["validation_share=0.25"]),
        "validation_share at rate=slow, method=local, seed=0: found 0.0, expected 0.25"
      ),
      (
        try SmallSweep.plan(text: axes),
        "axes: found rate method seed, expected rate method momentum"
      ),
      (try SmallSweep.plan(text: synthetic), "data: found published, expected synthetic"),
    ] {
      for refusal in [
        message { try plan.check(in: folder.path) }, message { try plan.write(to: folder.path) },
      ] {
        #expect(refusal == "\(path): \(what)\(remedy)")
      }
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)

    // What changes no run is no other plan.
    try SmallSweep.plan(overrides: ["checkpoint_every=1"]).write(to: folder.path)
    #expect(try record(folder.path).overrides == ["checkpoint_every=1"])
    // Without a place in common, only the overrides show it.
    let elsewhere = SmallSweep.text.replacing("seed: [0, 1, 2]", with: "seed: [7]")
      .replacing(", seed: [1]}", with: "}")
    #expect(
      message {
        try SmallSweep.plan(overrides: ["rounds=9"], text: elsewhere).check(in: folder.path)
      }
        == "\(path): --set: found checkpoint_every=1, expected rounds=9\(remedy)")
  }

  @Test("the runs of a plan of format 1 are named before they are computed again")
  func format1() throws {
    let folder = try TemporaryFolder()
    let plan = try SmallSweep.folderOfFormat1(in: folder)
    func words(_ plan: SweepPlan) throws -> [String] {
      try plan.superseded(in: folder.path, by: plan.selected).map { $0.words(folder: "cells") }
    }
    let found =
      "found 1 result of numerics version 0, this program has \(CodeVersion.numerics): "
    #expect(try words(plan) == [found + "it is computed again; the old files stay in cells"])
    let other = try SmallSweep.plan(only: ["method": ["fedavg"]])
    #expect(
      try words(other) == [
        found
          + "this call computes none of them again, and the table omits 1 result until it is computed "
          + "again; the old files stay in cells"
      ])
    // Another method's file at the place is not a result of it.
    let cells = folder.file("cells")
    try FileManager.default.copyItem(
      at: cells.appending(path: "old0.h5"), to: cells.appending(path: "old1.h5"))
    #expect(
      try SweepResults(record(folder.path), output: folder.path).problems == [
        "Not used, shown as missing: cells/old1.h5: holds another run: method: found local, expected "
          + "fedavg. pfedla reproduce will do this run again."
      ])
    try plan.write(to: folder.path)
    #expect(try record(folder.path) == SmallSweep.plan().record)
    #expect(try words(plan).isEmpty)
    let short = try SmallSweep.plan("few", only: ["seed": ["1"]])
    #expect(
      message { try short.check(in: folder.path) }.contains("plan.json: profile: found full, "))
  }

  @Test("unfinished runs of other numerics are named too")
  func supersededCheckpoints() throws {
    let folder = try TemporaryFolder()
    let plan = try SmallSweep.folderOfFormat1(in: folder)
    let cells = folder.file("cells")
    try FileManager.default.moveItem(
      at: cells.appending(path: "old0.h5"), to: cells.appending(path: "old1.h5"))
    try Data("old".utf8).write(to: cells.appending(path: "old0.h5.checkpoint"))
    #expect(
      try plan.superseded(in: folder.path, by: plan.selected).map { $0.words(folder: "cells") } == [
        "found 1 result and 1 unfinished run of numerics version 0, this program has "
          + "\(CodeVersion.numerics): this call computes 1 again, and the table omits 1 result until it is "
          + "computed again; the old files stay in cells"
      ])
  }

  @Test("a plan that cannot be read is named, and a later one as well")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/small/plan.json"
    let plan = try SmallSweep.plan()
    try plan.write(to: folder.path)
    var text = try String(contentsOfFile: path, encoding: .utf8)
    text.replace("\"format\" : 2", with: "\"format\" : 3")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    let later =
      "\(path): is a plan of a later version of pfedla; use that version, or give another --output"
    #expect(message { _ = try SweepPlan.records(in: folder.path) } == later)
    #expect(message { try plan.check(in: folder.path) } == later)
    try "{".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(
      message { _ = try SweepPlan.records(in: folder.path) }
        == "\(path): cannot be read as a plan of pfedla reproduce; remove it and run that "
        + "command again")
  }

  @Test("two sweeps of one name, one target twice, or sweeps on different data are refused")
  func together() throws {
    func sweep(_ file: String, _ text: String, profile: String = "full") throws -> SweepPlan {
      try SweepPlan(
        SmallSweep.sweep(SpecificationDocument(file: file, text: text)),
        SweepSpecification.Selection(profile: profile))
    }
    let small = try sweep("small.yaml", SmallSweep.text)
    let namesake = try sweep(
      "other.yaml", SmallSweep.single.replacing("name: single", with: "name: small"))
    let single = try sweep("single.yaml", SmallSweep.single)
    let synthetic = try sweep(
      "single.yaml",
      SmallSweep.single.replacing("summary: the one cell", with: "synthetic_samples_per_class: 20"))
    #expect(message { try SweepPlan.checkTogether([small, single]) } == "no error")
    #expect(
      message { try SweepPlan.checkTogether([small, single, namesake]) }
        == "other.yaml: name: found small, as in small.yaml, expected a unique name: its tables go "
        + "into a folder of that name")
    #expect(
      message { try SweepPlan.checkTogether([small, small]) }
        == "small.yaml: found twice among the targets, expected once")
    #expect(
      message { try SweepPlan.checkTogether([small, synthetic]) }
        == "single: profile full: found 20 synthetic samples per class, expected published data as in "
        + "small; run each with its own command and --output")
  }

  @Test("durations in the unit that shows their scale")
  func durations() {
    let expected: [(Double, String)] = [
      (-1, "0 s"), (0, "0 s"), (0.2, "1 s"), (59, "59 s"), (59.5, "1 min 0 s"),
      (200, "3 min 20 s"), (18_600, "5 h 10 min"), (172_799, "47 h 59 min"),
      (172_800, "2 days 0 h"), (1_047_700, "12 days 3 h"), (.infinity, "over 10000 years"),
    ]
    for (seconds, words) in expected { #expect(DurationText.words(seconds: seconds) == words) }
  }
}
