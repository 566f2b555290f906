import ArgumentParser
import Datasets
import FederatedLearning
import Foundation
import Support

/// Times the harness against its bounds, and prints one table.
@main
struct BenchmarksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pfedla-benchmarks",
    abstract: "Time pFedLA and compare it with the machine's limits and PyTorch.",
    discussion: "See Benchmarks/README.md for what is measured and how.")

  static let sections: [any BenchmarkSection.Type] = [
    StepSection.self, NetworksSection.self, RoundSection.self, WorkersSection.self,
    MethodsSection.self,
    ServerSection.self,
    EvaluationSection.self, DataSection.self, CheckpointSection.self, StartSection.self,
    MemorySection.self, AllocationsSection.self,
  ]

  @Argument(help: "The sections to run, in this order. Default: all.")
  var names: [String] = []

  @Flag(help: "List the sections.")
  var list = false

  @Option(help: "The CSV file to write.")
  var csv = "runs/benchmarks.csv"

  @Option(help: "The datasets folder. Default: PFEDLA_DATASETS, otherwise datasets.")
  var datasets: String?

  @Option(help: "A Python with PyTorch, for comparison.")
  var python = ".venv/bin/python"

  @Option(help: "Local epochs in the section methods. Default: the paper's.")
  var epochs = 10

  @Option(
    parsing: .upToNextOption, help: "The methods of the section methods. Default: all.")
  var methods: [String] = []

  @Option(help: "The pfedla program. Default: the one next to this program.")
  var program: String?

  func validate() throws {
    let known = Self.sections.map { $0.name }
    for name in names where !known.contains(name) {
      throw ValidationError(
        "unknown section \"\(name)\", expected one of \(known.joined(separator: ", "))")
    }
    for method in methods where MethodRegistry.method(named: method) == nil {
      throw ValidationError("unknown method \"\(method)\"; see `pfedla methods`")
    }
    guard epochs >= 2 else {
      throw ValidationError("--epochs: found \(epochs), expected at least 2, as some methods need")
    }
  }

  func run() throws {
    guard !list else {
      for line in AlignedColumns.lines(Self.sections.map { [$0.name, $0.summary] }) { print(line) }
      return
    }
    // A PyTorch process that ends early is told by its answer, not by a signal.
    signal(SIGPIPE, SIG_IGN)
    let pyTorch = PyTorch.Installation(python: python)
    if pyTorch == nil {
      FileHandle.standardError.write(
        Data(
          "\(python): has no PyTorch, so comparisons with it are left out; `make torch` installs it\n"
            .utf8))
    }
    let beside = Bundle.main.executableURL?.deletingLastPathComponent()
      .appendingPathComponent("pfedla").path
    let folder = DatasetFolder.resolve(explicit: datasets)
    let bench = try Workbench(
      program: program ?? beside ?? "pfedla",
      datasets: folder, pyTorch: pyTorch,
      methods: (names: methods, epochs: epochs),
      report: Report(
        path: csv,
        machine: Machine(
          pyTorchVersion: pyTorch?.version, data: try Self.imagesThere(folder))))
    defer { bench.removeTemporaryFiles() }
    let chosen =
      names.isEmpty
      ? Self.sections : names.compactMap { name in Self.sections.first { $0.name == name } }
    var failures: [String] = []
    for section in chosen {
      do {
        try bench.run(section)
      } catch {
        failures.append(section.name)
        bench.note("\(section.name): failed: \(error)")
      }
    }
    bench.note("All rows are in \(csv).")
    guard failures.isEmpty else { throw ExitCode.failure }
  }

  /// Which images are the published ones and which are synthetic.
  private static func imagesThere(_ folder: String) throws -> String {
    try ["cifar10", "emnist-byclass"].map { name in
      let entry = try DatasetCatalogue.entry(named: name)
      let presence = DatasetFolder(folder).presence(of: entry)
      return presence.presentSplits.isEmpty || presence.isSynthetic
        ? "\(entry.title): synthetic"
        : "\(entry.title): published (\(presence.presentSplits.joined(separator: ", ")))"
    }.joined(separator: "; ")
  }
}
