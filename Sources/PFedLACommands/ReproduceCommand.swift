import ArgumentParser
import Experiments

/// `pfedla reproduce`: the runs of a table or figure.
struct ReproduceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce",
    abstract: "Run everything behind tables and figures of the paper, and report it.",
    usage: "pfedla reproduce <targets> ... [--profile <profile>] [--output <output>] [<options>]",
    discussion: """
      A target is a sweep in the experiments folder: table1, table2, table3, figure1, figure5, figure6, \
      figure7, or your own YAML file. Finished runs are skipped and unfinished ones resume from their \
      checkpoint, so the same command resumes after Ctrl-C, a crash or a full disk. Several processes or \
      machines that share the output folder share the work. --only and --cell choose what this call \
      computes; the report shows all finished runs of the plan.

      Examples:
        pfedla reproduce table1 --profile smoke
        pfedla reproduce table1 table2 --profile quick --only dataset=cifar10 --dry-run
        pfedla reproduce table1 --output runs/short --set rounds=100 local_epochs=2
        pfedla reproduce table1 --profile paper --cell 1/8     # one of eight jobs of a cluster
      """)

  @Argument(help: "The tables and figures.")
  var targets: [String] = []

  @Option(
    help:
      "The scale: smoke (synthetic data, minutes), quick (an hour), short (100 rounds, 10 clients) or paper (weeks)."
  )
  var profile = "smoke"

  @Option(name: .shortAndLong, help: "The folder for results. Default: runs/reproduce-<profile>.")
  var output: String?

  @OptionGroup var options: SweepOptions

  @Option(help: "A list of tasks that pfedla cluster submit wrote; it replaces the targets.")
  var tasks: String?

  @Option(help: "The number of the task to do.")
  var task: Int?

  mutating func validate() throws {
    targets = options.separating(targets)
    guard (tasks == nil) == (task == nil) else {
      throw ValidationError("--tasks and --task: found one of them, expected both or none")
    }
    if tasks != nil, !targets.isEmpty {
      throw ValidationError("--tasks: found it with targets, expected one of the two")
    }
    if tasks == nil, targets.isEmpty {
      throw ValidationError("a target is missing, such as table1")
    }
  }

  func run() throws {
    if let tasks, let task {
      return try ClusterTask(list: tasks, number: task).run(workers: options.workers)
    }
    let output = output ?? "runs/reproduce-\(profile)"
    let report = try options.run(
      targets, profile: profile, output: output, isAllowed: Self.requireFigure)
    if report != nil { print("\(output)/report.html") }
  }

  /// Throws for a tuning sweep.
  static func requireFigure(_ sweep: SweepSpecification) throws {
    guard !sweep.report.hasGrids else {
      throw SpecificationError(
        "\(sweep.file): report: found \(sweep.report.name), expected a table or figure; give pfedla tune \(sweep.name)"
      )
    }
  }
}
