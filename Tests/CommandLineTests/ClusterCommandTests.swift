import Experiments
import Foundation
import TestSupport
import Testing

/// `pfedla cluster` with programs that answer as Slurm's do; tools/check_cluster.py has the real ones.
@Suite("pfedla cluster")
struct ClusterCommandTests {
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

    """

  /// A folder with the sweep and programs in `bin`: sbatch says job 17, squeue prints queue.txt, scancel notes its
  /// arguments.
  private func workplace() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try Data(Self.sweep.utf8).write(to: folder.file("small.yaml"))
    let bin = folder.file("bin")
    try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
    for (name, script) in [
      ("sbatch", "echo \"$@\" >> '\(folder.path)/sbatch.txt'; echo 17"),
      ("squeue", "cat '\(folder.path)/queue.txt'"),
      ("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1"),
      ("scancel", "echo \"$@\" >> '\(folder.path)/scancel.txt'"),
    ] {
      let file = bin.appending(path: name)
      try Data("#!/bin/sh\n\(script)\n".utf8).write(to: file)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    }
    try Data().write(to: folder.file("queue.txt"))
    return folder
  }

  private func cluster(_ arguments: String..., in folder: TemporaryFolder) throws -> Program.Result
  {
    try Program.run(
      ["cluster"] + arguments, in: folder,
      environment: ["PATH": "\(folder.path)/bin:/usr/bin:/bin"])
  }

  private func text(_ name: String, in folder: TemporaryFolder) throws -> String {
    try String(contentsOf: folder.file(name), encoding: .utf8)
  }

  @Test("submitted, done task by task, seen in the status: the same bytes as reproduce")
  func whole() throws {
    let folder = try workplace()
    let submitted = try cluster(
      "submit", "small.yaml", "--profile", "smoke", "--output", "out", "--task-time", "1",
      "--limit", "2",
      "--time", "01:30:00", "--memory", "2G", "--cpus", "1", "--partition", "short", "--account",
      "me",
      "--sbatch=--exclude=n1", in: folder)
    #expect(submitted.status == 0, "\(submitted.errors)")
    let script = try text("out/cluster/1/submit.sh", in: folder)
    #expect(submitted.output == script)
    for line in [
      "--array=0-0%2", "--time=01:30:00", "--mem=2048M", "--cpus-per-task=1", "--partition=short",
      "--account=me", "--exclude=n1", "--requeue",
    ] {
      #expect(script.contains("#SBATCH \(line)\n"), "\(line)")
    }
    #expect(
      try text("sbatch.txt", in: folder) == "--parsable \(folder.path)/out/cluster/1/submit.sh\n")

    try Data("17|0|PENDING|c\n".utf8).write(to: folder.file("queue.txt"))
    let waiting = try cluster("status", "out", in: folder)
    #expect(waiting.output.hasPrefix("4 runs: 4 waiting\n"), "\(waiting.output)")
    // Those runs belong to a task that waits.
    let again = try cluster(
      "submit", "small.yaml", "--profile", "smoke", "--output", "out", in: folder)
    #expect(again.status == 0)
    #expect(again.errors.contains("4 runs of 4 missing runs belong to jobs that wait or run"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("out/cluster/2").path))

    let tasks = folder.file("out/cluster/1/tasks.json").path
    let task = try Program.run(["reproduce", "--tasks", tasks, "--task", "0"], in: folder)
    #expect(task.status == 0, "\(task.errors)")
    let done = try cluster("status", "out", in: folder)
    #expect(done.output == "4 runs: 4 done\nto make the report: pfedla report out\n")
    let json = try cluster("status", "out", "--json", in: folder)
    #expect(json.output.contains("\"done\" : 4"))

    _ = try Program.run(
      ["reproduce", "small.yaml", "--profile", "smoke", "--output", "one"], in: folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("one/cells").path)
      .filter { $0.hasSuffix(".h5") }
    #expect(names.count == 4)
    for name in names {
      #expect(
        try Data(contentsOf: folder.file("out/cells/\(name)"))
          == Data(contentsOf: folder.file("one/cells/\(name)")))
    }
  }

  @Test("lost runs are submitted again, a task each, with the last request; cancel names the job")
  func again() throws {
    let folder = try workplace()
    _ = try cluster(
      "submit", "small.yaml", "--profile", "smoke", "--output", "out", "--account", "me", in: folder
    )
    let lost = try cluster("status", "out", in: folder)
    #expect(lost.output.hasPrefix("4 runs: 4 lost\n"), "\(lost.output)")
    #expect(try cluster("resubmit", "out", "--failed", in: folder).errors.contains("no run failed"))
    let again = try cluster("resubmit", "out", "--memory", "3G", in: folder)
    #expect(again.status == 0, "\(again.errors)")
    let script = try text("out/cluster/2/submit.sh", in: folder)
    #expect(script.contains("#SBATCH --array=0-3\n") && script.contains("--account=me"))
    #expect(script.contains("--mem=3072M") && script.contains("/out/cluster/2/tasks.json"))

    try Data("17|0|RUNNING|c\n17|3|PENDING|c\n".utf8).write(to: folder.file("queue.txt"))
    #expect(try cluster("cancel", "out", in: folder).errors == "job 17 cancelled\n")
    #expect(try text("scancel.txt", in: folder) == "17\n")
  }

  @Test("a dry run prints the script and writes nothing; bash and shellcheck find no fault in it")
  func script() throws {
    let folder = try workplace()
    let printed = try cluster(
      "submit", "small.yaml", "--profile", "smoke", "--output", "it's $(here)", "--dry-run",
      in: folder)
    #expect(printed.status == 0, "\(printed.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("it's $(here)/cluster").path))
    try Data(printed.output.utf8).write(to: folder.file("submit.sh"))
    for (program, arguments) in [("bash", ["-n"]), ("shellcheck", ["--severity=warning"])] {
      let check = Process()
      check.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      check.arguments = [program] + arguments + [folder.file("submit.sh").path]
      let output = Pipe()
      check.standardOutput = output
      check.standardError = output
      try check.run()
      let text = String(
        decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      check.waitUntilExit()
      // Not every machine has shellcheck: env says 127.
      #expect([0, 127].contains(check.terminationStatus), "\(program): \(text)")
    }
  }

  @Test(
    "mistakes are named in one line",
    arguments: [
      (["submit", "small.yaml"], "Missing expected argument '--output <output>'"),
      (["submit", "small.yaml", "-o", "out", "--time", "2h"], "--time: found 2h"),
      (["submit", "small.yaml", "-o", "out", "--memory", "lots"], "--memory: found lots"),
      (["submit", "small.yaml", "-o", "out", "--partition", "a b"], "--partition: found a b"),
      (["submit", "small.yaml", "-o", "out", "--sbatch=x;y"], "--sbatch: found x;y"),
      (["submit", "small.yaml", "-o", "out", "--profile", "none"], "profile: found none"),
      (["status", "nowhere"], "nowhere: found no submission"),
      (["resubmit", "nowhere"], "nowhere: found no submission"),
    ])
  func mistakes(arguments: [String], words: String) throws {
    let folder = try workplace()
    let result = try Program.run(
      ["cluster"] + arguments, in: folder,
      environment: ["PATH": "\(folder.path)/bin:/usr/bin:/bin"])
    #expect(result.status != 0)
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test(
    "where Slurm is not installed, submit says so before anything is written; a task's number must exist"
  )
  func withoutSlurm() throws {
    let folder = try workplace()
    let result = try Program.run(
      ["cluster", "submit", "small.yaml", "--profile", "smoke", "--output", "out"], in: folder,
      environment: ["PATH": "/nonexistent"])
    #expect(result.errors.hasPrefix("Error: sbatch: not found on PATH"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("out").path))
    _ = try cluster("submit", "small.yaml", "--profile", "smoke", "--output", "out", in: folder)
    let tasks = folder.file("out/cluster/1/tasks.json").path
    let wrong = try Program.run(["reproduce", "--tasks", tasks, "--task", "9"], in: folder)
    #expect(wrong.lastError == "Error: --task 9: expected 0 … 0, the tasks of \(tasks)")
    try Data(Self.sweep.replacing("rounds: 2", with: "rounds: 3").utf8)
      .write(to: folder.file("small.yaml"))
    let changed = try Program.run(["reproduce", "--tasks", tasks, "--task", "0"], in: folder)
    #expect(changed.status == 1)
    #expect(changed.lastError.contains("one folder holds one plan of a sweep"), "\(changed.errors)")
  }
}
