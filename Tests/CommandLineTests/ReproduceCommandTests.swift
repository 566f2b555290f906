import Experiments
import Foundation
import TestSupport
import Testing

/// Sweeps as a user meets them: exit codes, messages, tables.
@Suite("pfedla reproduce and report")
struct ReproduceCommandTests {
  private static let sweep = """
    name: small
    title: A small sweep
    report: accuracy-table
    base:
      dataset: {name: cifar10, splits: [train]}
      partition: {scheme: classes-per-client, clients: 3, classes_per_client: 3, samples_per_client: 20}
      model: {batch_normalisation: false}
      rounds: 2
      local_epochs: 1
      batch_size: 8
      saved_models: none
    axes:
      method: [local, fedavg]
      seed: [0, 1]
    profiles:
      smoke:
        summary: few cells
        synthetic_samples_per_class: 20
      long:
        summary: more rounds than anybody waits for
        synthetic_samples_per_class: 20
        set: {rounds: 10000000, local_epochs: 1000, evaluate_every: 1000, record_weights_every: 0}
      published:
        summary: published files

    """

  private func folder(_ changes: (String, String)...) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try write(Self.sweep, to: "small.yaml", in: folder, changes)
    return folder
  }

  private func write(
    _ text: String, to name: String, in folder: TemporaryFolder, _ changes: [(String, String)]
  ) throws {
    var text = text
    for (old, new) in changes { text.replace(old, with: new) }
    try Data(text.utf8).write(to: folder.file(name))
  }

  private func reproduce(_ more: String..., in folder: TemporaryFolder) throws -> Program.Result {
    try Program.run(["reproduce", "small.yaml", "--output", "out"] + more, in: folder)
  }

  /// The result of a method's run with a seed, by its path.
  private func cell(_ method: String, _ seed: Int, in folder: TemporaryFolder) throws -> URL {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("out/cells").path)
    let name = try #require(
      names.first { $0.contains("-\(method)-seed\(seed)-") && $0.hasSuffix(".h5") })
    return folder.file("out/cells/\(name)")
  }

  /// `method: seed values` of each row of the table.
  private func rows(_ folder: TemporaryFolder) throws -> [String] {
    try String(contentsOf: folder.file("out/small/accuracy.csv"), encoding: .utf8)
      .split(separator: "\n").map { line in
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        return "\(fields[0]): \(fields[2]), \(fields[3])"
      }
  }

  private func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map(String.init)
  }

  @Test("a part, the rest, and another cell's file: named by report, done again by reproduce")
  func copiedCell() throws {
    let folder = try folder()
    let part = try reproduce("--only", "seed=1", in: folder)
    #expect(part.status == 0, "\(part.errors)")
    #expect(part.errors.contains("\n2 runs of 4 in the plan: 0 finished, 0 begun, 2 open; "))
    #expect(
      try rows(folder) == ["method: seeds_planned, seed_values", "local: 2, 1", "fedavg: 2, 1"])
    let rest = try reproduce(in: folder)
    #expect(rest.errors.contains("\n4 runs: 2 finished, 0 begun, 2 open; "))
    #expect(try rows(folder).dropFirst() == ["local: 2, 0 1", "fedavg: 2, 0 1"])
    let again = try reproduce("--only", "seed=1", in: folder)
    #expect(again.status == 0 && again.output.hasSuffix("\nout/report.html\n"))
    // Tables for a terminal come before the page.
    let table = lines(again.output)
    #expect(table.contains { $0.hasPrefix("method ") } && table.allSatisfy { $0.count <= 80 })
    #expect(try rows(folder).dropFirst() == ["local: 2, 0 1", "fedavg: 2, 0 1"])

    let (local, fedAvg) = (try cell("local", 0, in: folder), try cell("fedavg", 0, in: folder))
    let name = fedAvg.lastPathComponent
    let original = try Data(contentsOf: fedAvg)
    try Data(contentsOf: local).write(to: fedAvg)
    let report = try Program.run(["report", "out"], in: folder)
    #expect(report.status == 0 && report.output.hasSuffix("\nout/report.html\n"))
    #expect(
      report.errors
        == "Not used, shown as missing: cells/\(name): holds another run: method: found local, "
        + "expected fedavg. pfedla reproduce will do this run again.\n")
    #expect(try rows(folder).dropFirst() == ["local: 2, 0 1", "fedavg: 2, 1"])

    let planned = try reproduce("--dry-run", in: folder)
    #expect(planned.status == 0)
    #expect(
      lines(planned.errors).contains(
        "out/cells/\(name): holds another run: method: found local, expected fedavg; this run is done "
          + "again"))
    #expect(try Data(contentsOf: fedAvg) != original, "a dry run changes nothing")

    let repaired = try reproduce(in: folder)
    #expect(repaired.status == 0)
    #expect(
      lines(repaired.errors).contains(
        "out/cells/\(name): holds another run: method: found local, expected fedavg; moved to "
          + "out/cells/\(name).unusable, the run is done again"))
    #expect(try Data(contentsOf: fedAvg) == original)
    #expect(
      try Data(contentsOf: folder.file("out/cells/\(name).unusable")) == Data(contentsOf: local))
    #expect(try rows(folder).dropFirst() == ["local: 2, 0 1", "fedavg: 2, 0 1"])
  }

  @Test("a truncated cell is named, and the report shows the rest")
  func truncatedCell() throws {
    let folder = try folder()
    #expect(try reproduce(in: folder).status == 0)
    let cell = try cell("fedavg", 1, in: folder)
    let whole = try Data(contentsOf: cell)
    try whole.prefix(whole.count / 2).write(to: cell)
    let report = try Program.run(["report", "out"], in: folder)
    #expect(report.status == 0)
    #expect(
      report.errors.hasPrefix(
        "Not used, shown as missing: cells/\(cell.lastPathComponent): is damaged or was replaced: found "
          + "SHA-256 "))
    #expect(lines(report.errors).count == 1)
    #expect(try rows(folder).dropFirst() == ["local: 2, 0 1", "fedavg: 2, 0"])
    let repaired = try reproduce(in: folder)
    #expect(repaired.status == 0)
    #expect(repaired.errors.contains("; moved to out/cells/\(cell.lastPathComponent).unusable, "))
    #expect(try Data(contentsOf: cell) == whole)
  }

  @Test(
    "what cannot be is refused in one line, and nothing is done",
    arguments: [
      (
        ["--set", "method=ditto"],
        "--set method: the axis method of small sets this key, expected another one; choose labels with "
          + "--only method=LABEL, or change the axis in a copy of small.yaml"
      ),
      (
        ["--set", "rounds=3", "seed=7"],
        "--set seed: the axis seed of small sets this key, expected another one; choose labels with "
          + "--only seed=LABEL, their number with --seeds, or change the axis in a copy of small.yaml"
      ),
      (
        ["--set", "rounds=3", "--set", "momentum"],
        "--set momentum: expected key=value, such as --set rounds=2 or --set dataset.name=cifar10"
      ),
      (["small.yaml"], "small.yaml: found twice among the targets, expected once"),
      (
        ["other.yaml"],
        "other.yaml: name: found small, as in small.yaml, expected a unique name: its tables go into a "
          + "folder of that name"
      ),
      (
        ["fixed.yaml", "--seeds", "3"],
        "--seeds 3: fixed has no axis seed (found method), expected one; give a single seed with --set "
          + "seed=N, or add the axis to a copy of fixed.yaml"
      ),
      (
        ["repeated.yaml"],
        "repeated.yaml, line 14: axes.seed: found 0 twice, expected distinct values"
      ),
    ])
  func refusals(more: [String], expected: String) throws {
    let folder = try folder()
    try write(Self.sweep, to: "other.yaml", in: folder, [("few cells", "other cells")])
    try write(
      Self.sweep, to: "fixed.yaml", in: folder,
      [("name: small", "name: fixed"), ("  seed: [0, 1]\n", "")])
    try write(
      Self.sweep, to: "repeated.yaml", in: folder,
      [("name: small", "name: repeated"), ("seed: [0, 1]", "seed: [0, 0, 1]")])
    let result = try Program.run(
      ["reproduce", "small.yaml", "--output", "out"] + more, in: folder)
    #expect(result.status == 1)
    #expect(result.errors == "Error: \(expected)\n")
    #expect(result.output.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: folder.file("out").path))
  }

  @Test("one folder holds one plan: another --set is refused, more seeds are added")
  func otherPlan() throws {
    let folder = try folder()
    #expect(try reproduce("--only", "method=local", in: folder).status == 0)
    let plan = try Data(contentsOf: folder.file("out/small/plan.json"))
    for dryRun in [["--dry-run"], []] {
      let refused = try Program.run(
        ["reproduce", "small.yaml", "--output", "out", "--set", "rounds=3"] + dryRun, in: folder)
      #expect(refused.status == 1)
      #expect(
        refused.errors
          == "Error: out/small/plan.json: rounds at method=local, seed=0: found 2, expected 3; one "
          + "folder holds one plan of a sweep, so give another --output, such as out-2\n")
    }
    #expect(try Data(contentsOf: folder.file("out/small/plan.json")) == plan)
    let more = try reproduce("--seeds", "3", "--only", "method=local", in: folder)
    #expect(more.errors.contains("\n3 runs of 6 in the plan: 2 finished, 0 begun, 1 open; "))
    #expect(try rows(folder).dropFirst() == ["local: 3, 0 1 2", "fedavg: 3, "])
    #expect(try reproduce(in: folder).status == 0)
    #expect(try rows(folder).dropFirst() == ["local: 3, 0 1 2", "fedavg: 3, 0 1"])
  }

  @Test("images that changed under finished cells end the command before anything is mixed")
  func changedImages() throws {
    let folder = try folder()
    for seed in [1, 2] {
      let drawn = try Program.run(
        [
          "datasets", "synthesize", "cifar10", "--samples-per-class", "20", "--seed", "\(seed)",
          "--datasets", "data\(seed)",
        ], in: folder)
      #expect(drawn.status == 0, "\(drawn.errors)")
    }
    func reproduce(_ data: String, _ method: String) throws -> Program.Result {
      try Program.run(
        [
          "reproduce", "small.yaml", "--profile", "published", "--output", "out", "--datasets",
          data,
          "--only", "method=\(method)",
        ], in: folder)
    }
    #expect(try reproduce("data1", "local").status == 0)
    // Neither the finished runs nor new ones beside them.
    for method in ["local", "fedavg"] {
      let refused = try reproduce("data2", method)
      #expect(refused.status == 1)
      #expect(
        refused.errors.hasPrefix(
          "Error: out/cells/\(try cell("local", 0, in: folder).lastPathComponent) (and 1 more): made "
            + "from other files of cifar10 than data2 has now: data_batch_1.bin: found SHA-256 "))
      #expect(refused.errors.hasSuffix(". Restore the files, or give another --output\n"))
      #expect(lines(refused.errors).count == 1)
    }
    #expect(try reproduce("data1", "fedavg").status == 0)
    #expect(try reproduce("nowhere", "fedavg").status == 0, "nothing is left to compute from them")
  }

  @Test("a dry run prints days where it is days, and why nothing can start")
  func dryRuns() throws {
    let folder = try folder()
    let long = try reproduce("--profile", "long", "--dry-run", in: folder)
    #expect(long.status == 0, "\(long.errors)")
    #expect(
      lines(long.errors).contains {
        $0.contains(#/^about \d+ days \d+ h here, measured on a first round of each kind of run; /#)
      }, "\(long.errors)")
    #expect(
      lines(long.errors).contains(
        "to share the work, start the same command on several machines, or in jobs with --cell I/N")
    )
    #expect(lines(long.output).count == 4)
    #expect(lines(long.output).allSatisfy { $0.contains(#/ \d+ days \d+ h  \d\.\d\d GB$/#) })

    let missing = try reproduce("--profile", "published", "--dry-run", in: folder)
    #expect(missing.status == 1)
    let reason =
      "4 runs cannot start: datasets/cifar-10-batches-bin: no train file of cifar10 (looked for "
      + "data_batch_1.bin, data_batch_1.bin.gz); fetch it with `pfedla datasets fetch cifar10`, or give "
      + "another folder with --datasets or PFEDLA_DATASETS"
    #expect(lines(missing.errors).suffix(2) == ["none of 4 runs can start", reason])
    #expect(!missing.errors.contains("about"))
    #expect(lines(missing.output).count == 4)
    #expect(lines(missing.output).allSatisfy { $0.hasSuffix("  cannot start") })

    let some = try Program.run(
      [
        "reproduce", "small.yaml", "--output", "out", "--dry-run", "--set",
        "partition.samples_per_client=90",
      ], in: folder)
    #expect(some.status == 1)
    #expect(some.errors.contains("\n4 runs cannot start: "))
  }

  @Test("runs of which some cannot start are counted apart")
  func someCannotStart() throws {
    let folder = try folder(
      (
        "method: [local, fedavg]",
        "clients:\n    3: {partition.clients: 3}\n    30: {partition.clients: 30}"
      ),
      ("  rounds: 2", "  rounds: 2\n  method: local"))
    let result = try reproduce("--dry-run", in: folder)
    #expect(result.status == 0)
    #expect(
      lines(result.errors).contains {
        $0.contains(#/^about \d+ s here for 2 of 4 runs, measured /#)
      },
      "\(result.errors)")
    #expect(lines(result.errors).contains { $0.hasPrefix("2 runs cannot start: ") })
  }

  @Test("several reasons why runs cannot start are numbered, each said once")
  func severalReasons() throws {
    let folder = try folder(
      (
        "method: [local, fedavg]",
        "clients:\n    30: {partition.clients: 30}\n    40: {partition.clients: 40}"
      ),
      ("  rounds: 2", "  rounds: 2\n  method: local"))
    let result = try reproduce("--dry-run", in: folder)
    #expect(result.status == 1)
    let reasons = lines(result.errors).filter { $0.hasPrefix("reason ") }
    #expect(reasons.count == 2)
    for (number, reason) in reasons.enumerated() {
      #expect(reason.hasPrefix("reason \(number + 1): 2 runs cannot start: "))
    }
    #expect(
      lines(result.output).map { String($0.suffix(24)) }
        == [1, 1, 2, 2].map { "  cannot start: reason \($0)" }.map { String($0.suffix(24)) })
  }

  @Test("diverged runs are counted at the end, at every call, and stay finished")
  func diverged() throws {
    let folder = try folder(("  rounds: 2", "  rounds: 2\n  learning_rate: 1000"))
    let first = try reproduce("--only", "method=local", in: folder)
    #expect(first.status == 0, "\(first.errors)")
    let name = try cell("local", 0, in: folder).deletingPathExtension().lastPathComponent
    let counted = "2 of 2 runs diverged and are left out of the means: \(name) and 1 more"
    #expect(lines(first.errors).last == counted)
    let again = try reproduce("--only", "method=local", in: folder)
    #expect(again.status == 0 && lines(again.errors).last == counted)
    let asked = try reproduce(
      "--only", "method=local", "--set", "on_divergence=continue", in: folder)
    #expect(asked.status == 0, "\(asked.errors)")
    #expect(
      lines(asked.errors).contains(
        "2 runs stopped when they diverged and are finished: on_divergence=continue changes nothing there. "
          + "To do one again, remove its file, such as out/cells/\(name).h5"))
    try FileManager.default.removeItem(at: cell("local", 0, in: folder))
    let redone = try reproduce(
      "--only", "method=local", "--set", "on_divergence=continue", in: folder)
    #expect(redone.status == 0)
    #expect(lines(redone.errors).last == counted)
    #expect(
      lines(redone.errors).contains {
        $0.hasPrefix("1 run stopped when it diverged and is finished: ")
      })
  }

  @Test("unverified images are warned of once, and marked in titles and on the page")
  func unverified() throws {
    let folder = try folder()
    let drawn = try Program.run(
      ["datasets", "synthesize", "cifar10", "--samples-per-class", "20", "--datasets", "data"],
      in: folder)
    #expect(drawn.status == 0)
    // Without their mark they are somebody's images under the official names.
    let images = folder.file("data/cifar-10-batches-bin")
    for name in try FileManager.default.contentsOfDirectory(atPath: images.path)
    where !name.hasSuffix(".bin") && !name.hasSuffix(".txt") {
      try FileManager.default.removeItem(at: images.appending(path: name))
    }
    let arguments = ["--profile", "published", "--datasets", "data", "--only", "seed=0"]
    for _ in 0..<2 {
      let result = try Program.run(
        ["reproduce", "small.yaml", "--output", "out"] + arguments, in: folder)
      #expect(result.status == 0, "\(result.errors)")
      let warnings = lines(result.errors).filter { $0.hasPrefix("Warning: ") }
      #expect(warnings.count == 1, "\(warnings)")
      #expect(
        warnings.first?.hasPrefix(
          "Warning: the data are recorded as unverified: data_batch_1.bin has SHA-256 ") == true)
    }
    let table = try String(contentsOf: folder.file("out/small/table.md"), encoding: .utf8)
    #expect(table.contains("A small sweep (UNVERIFIED data)"))
    let page = try String(contentsOf: folder.file("out/report.html"), encoding: .utf8)
    #expect(
      page.contains(
        "<p class=\"warning\">UNVERIFIED data: the digests of some files are not the published ones, or none "
          + "is known.</p>"))
    #expect(
      page.contains("<dt>code version</dt><dd>\(CodeVersion.current)</dd>")
        && page.contains("<dt>numerics version</dt><dd>\(CodeVersion.numerics)</dd>"))
  }

  @Test("a dry run says of a checkpoint on other images what the run would say")
  func dryRunOfOtherImages() throws {
    let folder = try folder()
    for seed in [1, 2] {
      let drawn = try Program.run(
        [
          "datasets", "synthesize", "cifar10", "--samples-per-class", "20", "--seed", "\(seed)",
          "--datasets", "data\(seed)",
        ], in: folder)
      #expect(drawn.status == 0)
    }
    func arguments(_ data: String) -> [String] {
      [
        "reproduce", "small.yaml", "--profile", "published", "--output", "out", "--datasets", data,
        "--only", "method=local,seed=0", "--set", "rounds=100000", "checkpoint_every=1",
        "evaluate_every=100000",
      ]
    }
    let process = try Program.start(arguments("data1"), in: folder)
    let cells = folder.file("out/cells").path
    for _ in 0..<3000 where process.isRunning {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: cells)) ?? []
      if names.contains(where: { $0.hasSuffix(".previous") }) { break }
      Thread.sleep(forTimeInterval: 0.01)
    }
    process.interrupt()
    #expect(try Program.finish(process, in: folder).status == 130)
    let results = try [["--dry-run"], []].map {
      try Program.run(arguments("data2") + $0, in: folder)
    }
    #expect(results.allSatisfy { $0.status == 1 && $0.output.isEmpty })
    #expect(results[0].errors == results[1].errors)
    #expect(
      results[0].errors.contains(
        ".h5.checkpoint: started with other files of cifar10 than data2 has now: found dataset_sha256 "
      ))
    #expect(lines(results[0].errors).count == 1)
  }

  @Test("--only draws no images that its runs do not need")
  func onlyWhatIsNeeded() throws {
    let folder = try folder(
      ("  seed: [0, 1]", "  dataset.name: [cifar10, fashion-mnist, mnist]"),
      ("{name: cifar10, splits: [train]}", "{splits: [train]}"))
    let result = try reproduce("--only", "dataset.name=mnist,cifar10", "--dry-run", in: folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("\n4 runs of 6 in the plan: "))
    let names = try FileManager.default.contentsOfDirectory(
      atPath: folder.file("out/synthetic-data").path)
    #expect(
      names.filter { $0.hasSuffix(".done") }.sorted() == ["cifar10-20.done", "mnist-20.done"])
  }

  @Test("several keys behind one --set, and targets before, between and behind options")
  func severalKeys() throws {
    let folder = try folder()
    let two = ["rounds=3", "batch_size=5"]
    func runs(_ arguments: [String]) throws -> [String] {
      let result = try Program.run(
        ["reproduce", "--output", "out", "--dry-run"] + arguments, in: folder)
      #expect(result.status == 0, "\(arguments): \(result.errors)")
      return lines(result.output).map { String($0.prefix { $0 != " " }) }
    }
    let expected = try runs(["small.yaml", "--set", two[0], "--set", two[1]])
    #expect(expected.count == 4)
    #expect(try Set(expected).isDisjoint(with: runs(["small.yaml"])))
    #expect(try Set(expected).isDisjoint(with: runs(["small.yaml", "--set", two[0]])))
    for arguments in [
      ["small.yaml", "--set"] + two, ["--set"] + two + ["--workers", "1", "small.yaml"],
      ["--set"] + two + ["small.yaml"], ["--set"] + two + ["--", "small.yaml"],
      ["--set", two[0], "small.yaml", "--set", two[1]],
      ["--set=\(two[0])", two[1], "--workers", "1", "small.yaml"],
    ] {
      #expect(try runs(arguments) == expected, "\(arguments)")
    }
    let none = try Program.run(["reproduce", "--set", "rounds=3"], in: folder)
    #expect(none.status == 64)
    #expect(lines(none.errors).first == "Error: a target is missing, such as table1")
  }

  @Test("results of another version of the numerics are computed again, after saying so")
  func otherNumerics() throws {
    let folder = try folder()
    #expect(try reproduce("--only", "method=local,seed=0", in: folder).status == 0)
    // What a program with other numerics would have left: another version in the plan, other names.
    let result = try cell("local", 0, in: folder)
    let old = result.deletingLastPathComponent().appending(
      path: result.lastPathComponent.replacing(/-[0-9a-f]{8}\.h5$/, with: "-00000000.h5"))
    try FileManager.default.moveItem(at: result, to: old)
    let plan = folder.file("out/small/plan.json")
    var text = try String(contentsOf: plan, encoding: .utf8)
    text.replace(/"numerics_version" : "[0-9]+"/, with: "\"numerics_version\" : \"0\"")
    text.replace(/-[0-9a-f]{8}"/, with: "-00000000\"")
    try Data(text.utf8).write(to: plan)

    let again = try reproduce("--only", "method=local,seed=0", in: folder)
    #expect(again.status == 0, "\(again.errors)")
    #expect(
      again.errors.contains(
        "small: found 1 result of numerics version 0, this program has \(CodeVersion.numerics): it is computed "
          + "again; the old files stay in out/cells\n"))
    #expect(FileManager.default.fileExists(atPath: result.path))
    #expect(FileManager.default.fileExists(atPath: old.path))
    // Said once: the plan is of this version now.
    let third = try reproduce("--only", "method=local,seed=0", in: folder)
    #expect(third.status == 0 && !third.errors.contains("numerics version"))
  }
}
