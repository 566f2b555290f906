import ArgumentParser
import CProcess
import Experiments
import Foundation

/// The command line of the harness, for a program of your own that adds methods, networks, datasets, schemes or
/// reports before it starts it (examples/own-method).
public enum CommandLineProgram {
  /// Runs the subcommand that the process's arguments name, and ends the process.
  public static func main() async {
    LargeBlocks.returnToTheSystem()
    cprocess_explain_failed_allocations()
    // A closed pipe is an error of the write, not the end of a run.
    signal(SIGPIPE, SIG_IGN)
    await PFedLA.main()
    StandardOutput.requireWritten()
  }
}

/// One file a subcommand.
struct PFedLA: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pfedla",
    abstract: "Layer-wise personalised federated learning: run, export and compare experiments.",
    discussion: """
      Examples:
        pfedla datasets fetch cifar10
        pfedla run experiments/first-result.yaml --output runs/pfedla.h5
        pfedla run experiments/first-result.yaml --output runs/fedavg.h5 \\
          --set method=fedavg
        pfedla compare runs/pfedla.h5 runs/fedavg.h5 --output runs
        pfedla reproduce table1 --profile smoke

      Every subcommand's --help has examples, such as pfedla run --help.
      """,
    version: CodeVersion.description,
    subcommands: [
      RunCommand.self, ReproduceCommand.self, TuneCommand.self, ReportCommand.self,
      CompareCommand.self,
      ExportCommand.self, MergeCommand.self, VerifyCommand.self,
      DatasetsCommand.self,
      PartitionCommand.self, MethodsCommand.self, ClusterCommand.self,
    ])
}
