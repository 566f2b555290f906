import ArgumentParser
import Experiments
import Foundation
import Support

/// `pfedla cluster status`: how far the submissions of an output folder are.
struct ClusterStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show which runs are done, running, waiting, failed, lost or uncertain.",
    discussion: """
      Results and the tasks' signs of life come first; Slurm is asked where it answers. What does not agree is \
      called uncertain.

      Example:
        pfedla cluster status runs/paper
      """)

  @Argument(help: "The output folder of the submission.")
  var output: String

  @Flag(help: "Print everything as JSON.")
  var json = false

  @Flag(help: "Name every run.")
  var all = false

  /// Runs of a state that are named without --all.
  private static let mostNamed = 10

  func run() throws {
    let folder = ClusterFolder(output: absolutePath(output))
    guard !folder.submissions.isEmpty else {
      throw SpecificationError(
        "\(output): found no submission, expected the output of pfedla cluster submit")
    }
    let status = try Self.status(folder)
    let hasLocks = CellLock.isSupported(in: folder.output)
    guard !json else { return try printJSON(status, hasLocks: hasLocks) }
    let counts = ClusterStatus.State.allCases.map { ($0, status.cells($0)) }
    print(
      "\(Counted.words(status.cells.count, "run")): "
        + counts.filter { !$0.1.isEmpty }.map { "\($0.1.count) \($0.0.rawValue)" }
        .joined(separator: ", "))
    for (state, cells) in counts where state != .done {
      for cell in all ? cells[...] : cells.prefix(Self.mostNamed) {
        print("\(state.rawValue): \(cell.name): \(cell.remark)")
      }
      if !all, cells.count > Self.mostNamed {
        print("\(state.rawValue): and \(cells.count - Self.mostNamed) more (--all)")
      }
    }
    if !hasLocks {
      print(
        "the file system has no locks: each run belongs to one task of one job; start no other process on this folder"
      )
    }
    let again = status.cells(.failed).count + status.cells(.lost).count
    if again > 0 {
      print("to do the failed and lost ones again: pfedla cluster resubmit \(output)")
    }
    if status.cells(.done).count == status.cells.count {
      print("to make the report: pfedla report \(output)")
    }
  }

  /// Where every run stands.
  static func status(_ folder: ClusterFolder) throws -> ClusterStatus {
    let jobs = folder.submissions.compactMap { $0.readJob()?.id }
    // Without an answer everything else is shown.
    let slurm = (try? Submission.answering(folder)) ?? Slurm(jobs: jobs)
    return try ClusterStatus(folder, scheduled: slurm.scheduled)
  }

  private func printJSON(_ status: ClusterStatus, hasLocks: Bool) throws {
    struct Answer: Encodable {
      let cells: [ClusterStatus.Cell]
      let counts: [String: Int]
      let locks: Bool
    }
    let counts = Dictionary(
      uniqueKeysWithValues: ClusterStatus.State.allCases.map {
        ($0.rawValue, status.cells($0).count)
      })
    let answer = Answer(cells: status.cells, counts: counts, locks: hasLocks)
    print(try TextFile.json(answer), terminator: "")
  }
}
