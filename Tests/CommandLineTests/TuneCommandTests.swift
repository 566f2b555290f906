import Foundation
import TestSupport
import Testing

@Suite("pfedla tune")
struct TuneCommandTests {
  private static let grids = """
    name: grids
    report: tuning
    base:
      dataset: {name: mnist}
      partition: {scheme: iid, clients: 2, samples_per_client: 20}
      held_out_share: 0.3
      rounds: 2
      local_epochs: 1
      batch_size: 8
      saved_models: none
    axes:
      method: [local, fedavg]
      seed: [0]
    grids:
      local: {learning_rate: [default, 0.05]}
      fedavg: {learning_rate: [default, 0.05]}
    profiles:
      full: {summary: all trials, synthetic_samples_per_class: 20}
    """

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try Data(Self.grids.utf8).write(to: folder.file("grids.yaml"))
    try Data(
      Self.grids.split(separator: "\n").filter { !$0.contains("grids:") && !$0.contains("default") }
        .joined(separator: "\n").replacing("report: tuning", with: "report: accuracy-table").utf8
    ).write(to: folder.file("table.yaml"))
    return folder
  }

  @Test("trials in, chosen values out; the same command again computes nothing")
  func choice() throws {
    let folder = try folder()
    for finished in [0, 4] {
      let result = try Program.run(["tune", "grids.yaml", "-o", "out"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.hasSuffix("\nout/grids/hyperparameters.yaml\n"))
      #expect(result.errors.contains("4 runs: \(finished) finished"))
    }
    let values = try String(
      contentsOf: folder.file("out/grids/hyperparameters.yaml"), encoding: .utf8)
    #expect(values.components(separatedBy: "  - method: ").count == 3)
    #expect(values.contains("    set: {learning_rate: 0.0"))
  }

  @Test("tune takes grids, reproduce tables; each says what to give instead")
  func misplaced() throws {
    let folder = try folder()
    for (arguments, message) in [
      (
        ["tune", "table.yaml"],
        "Error: table.yaml: report: found accuracy-table, expected tuning, with grids; give pfedla "
          + "reproduce grids"
      ),
      (
        ["reproduce", "grids.yaml", "--profile", "full"],
        "Error: grids.yaml: report: found tuning, expected a table or figure; give pfedla tune grids"
      ),
      (
        ["tune", "grids.yaml", "--set", "held_out_share=0"],
        "Error: grids.yaml: held_out_share: found 0, expected a share such as 0.3, since hyperparameters are "
          + "chosen on held-out training data, never on test data"
      ),
    ] {
      let result = try Program.run(arguments + ["-o", "out"], in: folder)
      #expect(result.status == 1 && result.output.isEmpty)
      #expect(result.errors == message + "\n")
      #expect(!FileManager.default.fileExists(atPath: folder.file("out").path))
    }
  }
}
