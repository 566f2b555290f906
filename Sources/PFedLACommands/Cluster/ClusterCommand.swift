import ArgumentParser

/// `pfedla cluster`: the runs of tables and figures as an array job of Slurm.
struct ClusterCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster",
    abstract: "Compute tables and figures on a Slurm cluster, and see how far they are.",
    discussion: """
      Examples:
        pfedla cluster submit table1 --profile paper --output runs/paper --dry-run
        pfedla cluster submit table1 --profile paper --output runs/paper --limit 20
        pfedla cluster status runs/paper
        pfedla cluster resubmit runs/paper
        pfedla report runs/paper
      """,
    subcommands: [
      ClusterSubmit.self, ClusterStatusCommand.self, ClusterResubmit.self, ClusterCancel.self,
    ])
}
