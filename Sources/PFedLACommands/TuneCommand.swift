import ArgumentParser
import Experiments
import Reports

/// `pfedla tune`: tries each method's hyperparameters and chooses among them.
struct TuneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract:
      "Try hyperparameters on held-out training data, the same number of trials for every method.",
    usage: "pfedla tune <sweeps> ... [--profile <profile>] [--output <output>] [<options>]",
    discussion: """
      A tuning sweep lists keys and values for each method (grids). Every trial is a run evaluated on held-out \
      training samples; test samples are not used at all. Among the trials within one \
      standard error of the best, the first in the grid's order is chosen. The output is a table, a CSV file, a \
      plot, and hyperparameters.yaml, which sweeps can read (hyperparameters: FILE).

      As with reproduce, finished runs are skipped, unfinished ones resume, several processes can share the \
      work, and --only and --cell choose what this call computes.

      Examples:
        pfedla tune hyperparameters --profile smoke
        pfedla tune hyperparameters --dry-run
        pfedla tune hyperparameters --only dataset=cifar10 --only method=fedrep
        pfedla tune my-grids.yaml --output runs/my-grids
      """)

  @Argument(help: "Tuning sweeps in the experiments folder, or your own YAML files.")
  var targets: [String] = []

  @Option(help: "The scale: smoke (synthetic data, minutes) or full (hours).")
  var profile = "full"

  @Option(name: .shortAndLong, help: "The folder for results. Default: runs/tune-<profile>.")
  var output: String?

  @OptionGroup var options: SweepOptions

  mutating func validate() throws {
    targets = options.separating(targets)
    if targets.isEmpty {
      throw ValidationError("a tuning sweep is missing, such as hyperparameters")
    }
  }

  func run() throws {
    let output = output ?? "runs/tune-\(profile)"
    let report = try options.run(targets, profile: profile, output: output) { sweep in
      guard sweep.report.hasGrids else {
        throw SpecificationError(
          "\(sweep.file): report: found \(sweep.report.name), expected tuning, with grids; give pfedla "
            + "reproduce \(sweep.name)")
      }
    }
    guard let report else { return }
    for sweep in report.tuningSweeps { print("\(output)/\(sweep)/\(Report.tunedValuesFile)") }
    if report.tuningSweeps.isEmpty { print("\(output)/report.html") }
  }
}
