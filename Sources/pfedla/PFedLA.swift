import ArgumentParser
import Experiments

/// The command line of the harness: one file a subcommand.
@main
struct PFedLA: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pfedla",
    abstract: "Layer-wise personalised federated learning: run, export and compare experiments.",
    version: CodeVersion.description,
    subcommands: [
      RunCommand.self, ReproduceCommand.self, ReportCommand.self, CompareCommand.self,
      ExportCommand.self, VerifyCommand.self,
      DatasetsCommand.self,
      PartitionCommand.self, MethodsCommand.self,
    ])

  static func main() async {
    LargeBlocks.returnToTheSystem()
    await main(nil)
  }
}
