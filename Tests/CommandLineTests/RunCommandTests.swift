import Experiments
import FederatedLearning
import Foundation
import HDF5
import Partitioning
import TestSupport
import Testing

/// The program as a user meets it: exit codes, messages, files.
@Suite("pfedla run")
struct RunCommandTests {
  private let arguments = ["run", "small.yaml", "--datasets", "data", "--output", "result.h5"]

  @Test("a run leaves a result and a sidecar, and prints where")
  func success() throws {
    let folder = try Program.workplace()
    let result = try Program.run(arguments, in: folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output == "result.h5\n")
    #expect(result.errors.contains("SYNTHETIC data"))
    #expect(result.errors.contains("round 3/3"))
    #expect(!result.errors.contains("\r"), "no bar where there is no terminal")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.contains("result.h5") && names.contains("result.run.json"))

    let table = try Program.run(["compare", "result.h5", "--output", "report"], in: folder)
    #expect(table.status == 0, "\(table.errors)")
    #expect(table.output.contains("\npFedLA  cifar10 (synthetic)"))
    #expect(table.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    let export = try Program.run(["export", "result.h5", "--csv", "csv"], in: folder)
    let exported = export.output.split(separator: "\n").map(String.init)
    #expect(
      exported.dropLast() == [
        "csv/rounds.csv", "csv/clients.csv", "csv/spread.csv", "csv/aggregation_weights.csv",
        "csv/aggregation_summary.csv", "csv/class_counts.csv",
      ])
    #expect(exported.last?.contains(#/^numbers_sha256 [0-9a-f]{64}$/#) == true)
    let inspect = try Program.run(
      ["partition", "inspect", "result.h5", "--picture", "partition.svg"], in: folder)
    #expect(inspect.status == 0, "\(inspect.errors)")
    #expect(
      try String(contentsOf: folder.file("partition.svg"), encoding: .utf8).hasPrefix("<svg"))
  }

  @Test(
    "a program without MPI does not do the same run in every process that mpirun starts",
    .enabled(if: ProcessInfo.processInfo.environment["PFEDLA_MPI"] == nil))
  func severalProcesses() throws {
    let folder = try Program.workplace()
    for name in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"] {
      let result = try Program.run(arguments, in: folder, environment: [name: "3"])
      #expect(result.status != 0)
      #expect(result.errors.contains("built without MPI") && result.errors.contains("3 processes"))
    }
    #expect(try Program.run(arguments, in: folder, environment: ["PMI_SIZE": "1"]).status == 0)
  }

  @Test("a result that exists is kept unless --overwrite is given")
  func overwrite() throws {
    let folder = try Program.workplace()
    try Data("precious".utf8).write(to: folder.file("result.h5"))
    let refused = try Program.run(arguments, in: folder)
    #expect(refused.status != 0)
    #expect(
      refused.lastError == "Error: result.h5: already exists; add --overwrite to replace it")
    #expect(try Data(contentsOf: folder.file("result.h5")) == Data("precious".utf8))
    #expect(try Program.run(arguments + ["--overwrite"], in: folder).status == 0)
    #expect(try Data(contentsOf: folder.file("result.h5")) != Data("precious".utf8))
  }

  @Test(
    "mistakes give one line, an exit code and no file",
    arguments: [
      (["--set", "ruonds=1"], "--set ruonds: unknown key; did you mean rounds?"),
      (["--set", "rounds=0"], "--set rounds: found 0, expected a whole number from 1 to 10000000"),
      (
        ["--set", "dataset.name=cifar11"],
        "unknown dataset \"cifar11\" (did you mean \"cifar10\"?); known datasets: mnist, "
          + "fashion-mnist, emnist-byclass, emnist-bymerge, emnist-balanced, emnist-letters, "
          + "emnist-digits, emnist-mnist, cifar10, cifar100"
      ),
      (
        ["--datasets", "nowhere"],
        "nowhere/cifar-10-batches-bin: no train file of cifar10 (looked for data_batch_1.bin, "
          + "data_batch_1.bin.gz); fetch it with `pfedla datasets fetch cifar10`, or give another "
          + "folder with --datasets or PFEDLA_DATASETS"
      ),
      (
        ["--output", "small.yaml/result.h5"],
        "small.yaml: is a file, expected the name of a folder"
      ),
      (["--output", "data"], "data: is a folder, expected a file name"),
      (["--output", ""], "--output: found an empty name, expected the name of a file"),
      (["--output", "data/"], "data/: is the name of a folder, expected a file name"),
      (
        ["--output", "/dev/null", "--overwrite"],
        "/dev/null: is a device, pipe or socket, expected a regular file"
      ),
      (
        ["--output", "small.yaml", "--overwrite"],
        "small.yaml: is small.yaml, which this command reads; choose another --output"
      ),
      (
        ["--output", String(repeating: "n", count: 240) + ".h5"],
        String(repeating: "n", count: 240)
          + ".h5: the names of its files would be too long; choose a shorter --output"
      ),
    ])
  func mistakes(extra: [String], expected: String) throws {
    let folder = try Program.workplace()
    var arguments = arguments
    // Giving an option twice would be another error.
    for option in ["--datasets", "--output"] where extra.first == option {
      guard let index = arguments.firstIndex(of: option) else { continue }
      arguments.removeSubrange(index...index + 1)
    }
    let before = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    let result = try Program.run(arguments + extra, in: folder)
    #expect(result.status == 1)
    #expect(result.errors == "Error: \(expected)\n")
    #expect(result.output.isEmpty)
    let after = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    #expect(after == before)
  }

  @Test("--overwrite never follows a symbolic link", arguments: ["run", "partition"])
  func symbolicLink(command: String) throws {
    let folder = try Program.workplace()
    let target = folder.file("precious")
    try Data("precious".utf8).write(to: target)
    try FileManager.default.createSymbolicLink(
      at: folder.file("link.h5"), withDestinationURL: target)
    let make = command == "run" ? ["run"] : ["partition", "make"]
    let result = try Program.run(
      make + ["small.yaml", "--datasets", "data", "--overwrite", "--output", "link.h5"], in: folder)
    #expect(result.status == 1)
    #expect(result.errors.hasPrefix("Error: link.h5: is a symbolic link, expected a regular file"))
    #expect(try Data(contentsOf: target) == Data("precious".utf8))
  }

  @Test("several keys behind one --set, and the specification before or behind them")
  func severalKeys() throws {
    let folder = try Program.workplace()
    let fixed = ["--datasets", "data", "--overwrite", "--output", "result.h5"]
    let two = ["method=fedavg", "rounds=1"]
    func run(_ arguments: [String]) throws -> Data {
      let result = try Program.run(["run"] + arguments, in: folder)
      #expect(result.status == 0, "\(arguments): \(result.errors)")
      #expect(result.errors.contains("fedavg on SYNTHETIC data"), "\(arguments)")
      #expect(result.errors.contains("round 1/1"), "\(arguments)")
      #expect(result.errors.contains(", 1 round × 1 local epoch, seed 0, "), "\(arguments)")
      return try Data(contentsOf: folder.file("result.h5"))
    }
    let expected = try run(["small.yaml"] + fixed + ["--set", two[0], "--set", two[1]])
    for arguments in [
      ["small.yaml"] + fixed + ["--set"] + two, ["--set"] + two + fixed + ["small.yaml"],
      fixed + ["--set"] + two + ["small.yaml"], ["--set"] + two + ["small.yaml"] + fixed,
      ["--set", two[0], "small.yaml", "--set", two[1]] + fixed,
    ] {
      #expect(try run(arguments) == expected, "\(arguments)")
    }
    let missing = try Program.run(["run"] + fixed + ["--set"] + two, in: folder)
    #expect(missing.status == 64)
    #expect(missing.errors.hasPrefix("Error: Missing expected argument '<specification>'\n"))
    let mistake = try Program.run(
      ["run", "small.yaml"] + fixed + ["--set"] + two + ["x"], in: folder)
    #expect(mistake.status == 1)
    #expect(
      mistake.errors
        == "Error: --set x: expected key=value, such as --set rounds=2 or --set dataset.name=cifar10\n"
    )
  }

  @Test(
    "partition make and hold-out take several keys behind one --set, wherever their file stands")
  func keysOfPartitions() throws {
    let folder = try Program.workplace()
    func digest(_ arguments: [String]) throws -> String {
      let result = try Program.run(
        ["partition"] + arguments + ["--datasets", "data", "--overwrite"], in: folder)
      #expect(result.status == 0, "\(arguments): \(result.errors)")
      return try Partition.load(from: folder.file("p.h5").path).sha256
    }
    let (output, two) = (["--output", "p.h5"], ["seed=1", "partition.clients=3"])
    let expected = try digest(
      ["make", "small.yaml"] + output + ["--set", two[0], "--set", two[1]])
    #expect(try Partition.load(from: folder.file("p.h5").path).clientCount == 3)
    for arguments in [
      ["small.yaml"] + output + ["--set"] + two, ["--set"] + two + output + ["small.yaml"],
      output + ["--set"] + two + ["small.yaml"],
    ] {
      #expect(try digest(["make"] + arguments) == expected, "\(arguments)")
    }
    try FileManager.default.copyItem(at: folder.file("p.h5"), to: folder.file("q.h5"))
    let keys = ["--set", "method=local", "dataset.splits=[train]"]
    let held = ["--specification", "small.yaml"] + output
    let validation = try digest(["hold-out", "q.h5"] + held)
    #expect(validation != expected)
    #expect(try digest(["hold-out", "q.h5"] + held + keys) == validation)
    #expect(try digest(["hold-out"] + held + keys + ["q.h5"]) == validation)
    let other = try Program.run(
      ["partition", "hold-out", "q.h5"] + held + ["--set", "dataset.name=mnist", "--overwrite"],
      in: folder)
    #expect(other.status == 1, "the dataset is that of --set")
    for command in ["make", "hold-out"] {
      let missing = try Program.run(
        ["partition", command, "--output", "p.h5", "--specification", "small.yaml"]
          .filter { command == "hold-out" || !["--specification", "small.yaml"].contains($0) },
        in: folder)
      #expect(missing.status == 64)
      let name = command == "make" ? "specification" : "file"
      #expect(missing.errors.hasPrefix("Error: Missing expected argument '<\(name)>'\n"))
    }
  }

  /// A run that gets a signal after its first checkpoint and before its end: with ever more rounds, in case
  /// this machine is so fast, or so busy, that the signal comes too late.
  private func stopped(by signal: Int32, _ more: [String] = []) throws -> (
    folder: TemporaryFolder, result: Program.Result
  ) {
    for rounds in [400, 4_000, 40_000] {
      let folder = try Program.workplace(rounds: rounds)
      let process = try Program.start(arguments + more, in: folder)
      try Program.wait(for: folder.file("result.h5.checkpoint"), of: process)
      Foundation.kill(process.processIdentifier, signal)
      let result = try Program.finish(process, in: folder)
      if result.status != 0 { return (folder, result) }
    }
    throw Program.Failure(description: "the run was never stopped")
  }

  /// The result of an uninterrupted run and of the resumed one: the same bytes.
  private func expectResumed(_ folder: TemporaryFolder, _ more: [String] = []) throws {
    #expect(!FileManager.default.fileExists(atPath: folder.file("result.h5").path))
    let resumed = try Program.run(arguments + more, in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.errors.contains("Resuming after round "))
    let whole = try Program.run(
      ["run", "small.yaml", "--datasets", "data", "--output", "whole.h5", "--workers", "1"] + more,
      in: folder)
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(
      try Data(contentsOf: folder.file("result.h5"))
        == Data(contentsOf: folder.file("whole.h5")))
    #expect(!FileManager.default.fileExists(atPath: folder.file("result.h5.checkpoint").path))
  }

  @Test("Ctrl-C finishes the round, saves, and the same command resumes to the same bytes")
  func interruption() throws {
    let (folder, stopped) = try stopped(by: SIGINT)
    #expect(stopped.status == 130)
    #expect(stopped.errors.contains("the state is saved in result.h5.checkpoint"))
    #expect(stopped.errors.contains("Run the same command again to resume."))
    try expectResumed(folder)
  }

  @Test(
    "every signal that asks for the end saves and stops",
    arguments: [SIGTERM, SIGHUP, SIGUSR1, SIGUSR2])
  func signals(number: Int32) throws {
    let (folder, stopped) = try stopped(by: number)
    #expect(stopped.status == 130)
    try expectResumed(folder)
  }

  @Test("a second run with the same output says at once who has it, and harms nothing")
  func lock() throws {
    let folder = try Program.workplace(rounds: 40_000)
    let first = try Program.start(arguments, in: folder)
    try Program.wait(for: folder.file("result.h5.checkpoint"), of: first)
    let errors = folder.file("second.txt")
    let second = Process()
    second.executableURL = URL(fileURLWithPath: Program.path)
    second.arguments = arguments + ["--overwrite"]
    second.currentDirectoryURL = folder.url
    try Data().write(to: errors)
    second.standardError = try FileHandle(forWritingTo: errors)
    try second.run()
    second.waitUntilExit()
    #expect(second.terminationStatus == 1)
    let line = try String(contentsOf: errors, encoding: .utf8)
    #expect(
      line.hasPrefix("Error: result.h5: process \(first.processIdentifier) on "), "\(line)")
    #expect(line.contains("wait for its end, or give another --output"))
    first.interrupt()
    #expect(try Program.finish(first, in: folder).status == 130)
    #expect(FileManager.default.fileExists(atPath: folder.file("result.h5.checkpoint").path))
    #expect(!FileManager.default.fileExists(atPath: folder.file("result.h5.lock").path))
  }

  @Test("a closed or full standard error ends no run; a full standard output ends with code 1")
  func streams() throws {
    let folder = try Program.workplace()
    func run(_ command: String) throws -> Int32 {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", command, "sh", Program.path]
      process.currentDirectoryURL = folder.url
      try process.run()
      process.waitUntilExit()
      return process.terminationStatus
    }
    let command = "\"$1\" run small.yaml --datasets data --output"
    for (name, redirection) in [
      ("full.h5", "2>/dev/full"), ("closed.h5", "2>&-"), ("pipe.h5", "2>&1 >out.txt | true"),
    ] {
      #expect(try run("\(command) \(name) \(redirection)") == 0, "\(redirection)")
      let deadline = ContinuousClock.now + .seconds(60)
      while !FileManager.default.fileExists(atPath: folder.file(name).path),
        ContinuousClock.now < deadline
      { Thread.sleep(forTimeInterval: 0.02) }
      #expect(FileManager.default.fileExists(atPath: folder.file(name).path), "\(redirection)")
    }
    #expect(try run("\"$1\" methods --names >/dev/full 2>err.txt") == 1)
    #expect(
      try String(contentsOf: folder.file("err.txt"), encoding: .utf8)
        == "Error: standard output: what was printed could not be written\n")
  }

  @Test("killed after a checkpoint and run again, the result has the same bytes")
  func kill() throws {
    // Which overrides were given is in the file; both runs have the same.
    let frequent = ["--set", "checkpoint_every=3"]
    let (folder, stopped) = try stopped(by: SIGKILL, frequent)
    #expect(stopped.status == SIGKILL)
    try expectResumed(folder, frequent)
  }

  @Test("every subcommand explains itself with an example")
  func help() throws {
    let folder = try TemporaryFolder()
    for command in [
      ["run"], ["reproduce"], ["report"], ["compare"], ["export"], ["merge"],
      ["partition", "make"],
      ["partition", "inspect"],
      ["partition", "hold-out"], ["datasets", "list"], ["datasets", "fetch"],
      ["datasets", "verify"], ["datasets", "synthesize"], ["methods"],
    ] {
      let result = try Program.run(command + ["--help"], in: folder)
      #expect(result.status == 0)
      #expect(result.output.contains("Example"), "\(command)")
      #expect(result.output.contains("pfedla " + command.joined(separator: " ")), "\(command)")
    }
  }

  @Test("the program and its groups of subcommands show examples of them")
  func groupHelp() throws {
    let folder = try TemporaryFolder()
    for (group, example) in [
      ([], "run"), (["partition"], "make"), (["partition"], "hold-out"), (["datasets"], "fetch"),
    ] {
      let result = try Program.run(group + ["--help"], in: folder)
      let line = (["pfedla"] + group + [example]).joined(separator: " ")
      #expect(result.output.contains("\nExamples:\n"), "\(group)")
      #expect(result.output.contains("\n  \(line) "), "\(group)")
    }
  }

  @Test("methods lists every method with its paper, equations, keys and defaults")
  func methods() throws {
    let folder = try TemporaryFolder()
    let result = try Program.run(["methods"], in: folder)
    for method in MethodRegistry.all.map({ $0.information }) {
      #expect(result.output.contains("\(method.name): \(method.title)\n"))
      #expect(result.output.contains("  equations  \(method.equations)\n"))
      for option in method.options {
        #expect(result.output.contains("  \(option.key) = \(option.defaultValue)   ("))
      }
    }
    #expect(result.output.contains("  paper      McMahan et al., AISTATS 2017\n"))
    #expect(result.output.contains("  retained_layers = 1   (a whole number in 0 … 1000)\n"))
    let one = try Program.run(["methods", "heurpfedla"], in: folder)
    #expect(one.output.hasPrefix("heurpfedla: HeurpFedLA\n"))
    #expect(!one.output.contains("fedavg"))
    let none = try Program.run(["methods", "pfedl"], in: folder)
    #expect(none.status != 0)
    #expect(none.errors.contains("pfedl: no such method, expected one of local, "))
    #expect(none.errors.contains("did you mean pfedla?"))
  }

  @Test("every method has its section in the equation-to-code page, and a replay")
  func methodsAreDocumented() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let page = try String(
      contentsOf: root.appending(path: "Documentation/methods.md"), encoding: .utf8)
    for method in MethodRegistry.all.map({ $0.information }) {
      #expect(page.contains("\n## \(method.title) (`\(method.name)`)\n"))
      let module = method.name.replacingOccurrences(of: "-", with: "_")
      #expect(
        FileManager.default.fileExists(
          atPath: root.appending(path: "tools/replay_methods/\(module).py").path))
    }
  }

  @Test("a run that diverges ends with one line, exit code 1 and no result")
  func divergence() throws {
    let folder = try Program.workplace()
    let explosive = [
      "--set", "model.batch_normalisation=false", "learning_rate=1000", "method=local",
    ]
    let stopped = try Program.run(arguments + explosive, in: folder)
    #expect(stopped.status == 1)
    #expect(
      stopped.lastError.hasPrefix(
        "Error: diverged: round 1, client 0, layer conv1 is not finite. Try a "))
    #expect(stopped.output.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: folder.file("result.h5").path))
    let marked = try Program.run(arguments + explosive + ["on_divergence=continue"], in: folder)
    #expect(marked.status == 0, "\(marked.errors)")
    #expect(marked.errors.contains("Warning: 4 of 4 clients diverged, the first in round 1."))
    let table = try Program.run(["compare", "result.h5"], in: folder)
    #expect(table.status == 0 && table.output.contains("1 of 1 diverged"))
    #expect(table.errors == "Warning: the only run diverged and is left out of the means.\n")
  }
}
