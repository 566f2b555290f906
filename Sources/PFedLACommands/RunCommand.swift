import ArgumentParser
import Datasets
import Experiments
import FederatedLearning
import Foundation
import NeuralNetworks

/// `pfedla run`: one experiment from a specification to a result file.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run one experiment and write its results to an HDF5 file.",
    usage: "pfedla run <specification> --output <output> [--set <key=value> ...] [<options>]",
    discussion: """
      Examples:
        pfedla run experiments/first-result.yaml --output runs/pfedla.h5
        pfedla run experiments/first-result.yaml --output runs/fedavg.h5 \\
          --set method=fedavg seed=1 rounds=2

      Ctrl-C stops training within two seconds and saves a checkpoint beside the output. The same command \
      resumes from there, also with more rounds. The result is byte-identical to that of an uninterrupted run, \
      for any number of workers.
      """)

  @Argument(help: "The specification, a YAML file (see experiments/).")
  var specification: String?

  @Option(name: .shortAndLong, help: "The result file to write, such as runs/pfedla.h5.")
  var output: String

  @Flag(help: "Replace the result file if it exists.")
  var overwrite = false

  @OptionGroup var datasets: DatasetsFolderOption

  @Option(help: "Worker threads; results do not depend on their number. Default: all cores.")
  var workers: Int?

  @Flag(
    help: "Also record everything tools/replay.py needs to replay the run; for small runs.")
  var audit = false

  @Option(
    help: ArgumentHelp(
      "Write a line of JSON to this file after every round: seconds, loss, accuracies.",
      valueName: "file.jsonl"))
  var log: String?

  @Option(
    help: ArgumentHelp(
      "Write the same as an event file of TensorBoard into this folder.", valueName: "folder"))
  var tensorboard: String?

  @OptionGroup var changes: OverridesOption

  mutating func validate() throws {
    specification = try changes.separating(specification, "specification")
    if let workers, workers < 1 || workers > 1024 {
      throw ValidationError("--workers: found \(workers), expected 1 … 1024")
    }
  }

  func run() throws {
    let workerCount = workers ?? WorkerPool.coreCount
    guard let ranks = try Ranks.group(workerCount: workerCount) else {
      return try run(workerCount, ranks: nil)
    }
    if ranks.isLeader {
      defer { ranks.end() }
      try run(workerCount, ranks: ranks)
    } else {
      // The leader saves and stops for all.
      for number in Interruption.signals { signal(number, SIG_IGN) }
      do {
        guard let leader = try ranks.awaitStart() else { return }
        try experiment(prepared(), workerCount, ranks: ranks).follow(leader)
      } catch {
        ranks.abort("rank \(ranks.rank): \(error)")
      }
    }
  }

  private func prepared() throws -> RunPreparation {
    let document = try SpecificationDocument(
      file: specification ?? "", overrides: changes.overrides)
    return try RunPreparation(RunSpecification(document), datasetsFolder: datasets.folder)
  }

  private func experiment(
    _ preparation: RunPreparation, _ workerCount: Int, ranks: RankGroup?
  ) -> ExperimentRun {
    ExperimentRun(
      preparation, output: output, overwrite: overwrite, workerCount: workerCount,
      isAudited: audit, ranks: ranks)
  }

  /// The run of a single process, or of the one that leads others.
  private func run(_ workerCount: Int, ranks: RankGroup?) throws {
    try OutputCheck.require(
      output, overwrite: overwrite, ending: OutputCheck.resultEnding,
      inputs: [specification].compactMap { $0 })
    var logs = try roundLogs()
    let lock = try lock()
    defer { withExtendedLifetime(lock) {} }
    let preparation = try prepared()

    // Before the first line: a user who sees it may press Ctrl-C.
    let interruption = Interruption(endsOnSecond: ranks == nil)
    let display = ProgressDisplay(
      title: "\(preparation.specification.name) \(preparation.specification.method)")
    display.note(summary(preparation, workerCount, ranks?.rankCount ?? 1))
    display.begin(of: preparation.specification.rounds)
    if let doubt = preparation.dataset.doubt {
      display.note("Warning: the data are recorded as unverified: \(doubt).")
    }
    let outcome = try experiment(preparation, workerCount, ranks: ranks).run(
      shouldStop: { interruption.isRequested },
      watch: RoundWatch(shouldStop: interruption.isUrgent) { display.show($0, done: $1, of: $2) },
      resumed: { resumption in
        if let damage = resumption.damage { display.note("\(damage); using the one before it.") }
        display.note("Resuming after round \(resumption.rounds), from \(resumption.checkpoint).")
        display.begin(after: resumption.rounds, of: preparation.specification.rounds)
        for place in logs.indices { logs[place].roundsDone = resumption.rounds }
      },
      report: {
        display.show($0)
        for place in logs.indices { logs[place].write($0) }
      })
    display.finish()
    for problem in logs.compactMap(\.problem) {
      display.note("Warning: \(problem); the log ends there.")
    }

    switch outcome {
    case .complete, .diverged:
      if let clients = try RunResult(path: output).divergedClients {
        display.note("Warning: \(clients).")
      }
      print(output)
    case .interrupted(let round):
      display.note(
        "Stopped after round \(round) of \(preparation.specification.rounds)"
          + (round > 0
            ? "; the state is saved in \(output).checkpoint. Run the same command again to resume."
            : "; there was nothing to save."))
      throw ExitCode(130)
    }
  }

  /// The logs that are asked for.
  private func roundLogs() throws -> [RoundLog] {
    var logs: [RoundLog] = []
    if let log {
      guard log.hasSuffix(".jsonl") else {
        throw SpecificationError("--log: found \(log), expected a name that ends with .jsonl")
      }
      logs.append(try RoundLog(JSONLinesLog.self, path: log))
    }
    if let tensorboard {
      logs.append(
        try RoundLog(TensorBoardLog.self, path: TensorBoardLog.path(in: tensorboard)))
    }
    return logs
  }

  /// Keeps other processes from the same output. Nil on a file system without locks, after a warning.
  private func lock() throws -> CellLock? {
    let path = "\(output).lock"
    do {
      guard let lock = try CellLock(path) else {
        throw SpecificationError(
          "\(output): \(CellLock.holder(of: path)) writes it; wait for its end, or give another --output"
        )
      }
      return lock
    } catch is CellLock.Unsupported {
      printToStandardError(
        "Warning: the file system of \(output) has no locks: start no other run with this output.")
      return nil
    }
  }

  private static func words(_ origin: DatasetOrigin) -> String {
    switch origin {
    case .published, .own: ""
    case .unverified: "unverified files in the format of "
    case .synthetic: "SYNTHETIC data in the format of "
    }
  }

  private func summary(
    _ preparation: RunPreparation, _ workerCount: Int, _ rankCount: Int
  ) -> String {
    let specification = preparation.specification
    let train = preparation.partition.train.reduce(0) { $0 + $1.count }
    let test = preparation.partition.test.reduce(0) { $0 + $1.count }
    let data = Self.words(preparation.dataset.origin)
    return
      "\(specification.method) on \(data)\(preparation.dataset.title), "
      + "\(preparation.partition.scheme), \(Counted.words(preparation.partition.clientCount, "client")) "
      + "(\(train) training and \(test) test samples), "
      + "\(Counted.words(specification.rounds, "round")) × "
      + "\(Counted.words(specification.localEpochs, "local epoch")), seed \(specification.seed), "
      + (rankCount > 1 ? "\(rankCount) ranks with " : "")
      + Counted.words(workerCount, "worker") + (rankCount > 1 ? " each" : "")
  }
}
