import Experiments
import Foundation
import Support

/// How a list of tasks is given to Slurm.
enum Submission {
  /// Throws if Slurm is not here.
  static func requireSbatch() throws {
    guard ProgramCall.path(of: "sbatch") != nil else {
      throw SpecificationError(
        "sbatch: not found on PATH; submit from a machine of a Slurm cluster, or give --dry-run to see the script"
      )
    }
  }

  /// The cells of tasks that wait or run.
  static func liveCells(_ folder: ClusterFolder) throws -> Set<String> {
    let submissions = folder.submissions
    let slurm = Slurm(jobs: submissions.compactMap { $0.readJob()?.id })
    var cells = Set<String>()
    for submission in submissions {
      guard let job = submission.readJob()?.id else { continue }
      let list = try TaskList(file: submission.tasks)
      for (number, task) in list.tasks.enumerated() {
        let state = slurm.scheduled(job, number)
        if state == .pending || state == .running { cells.formUnion(task.cells) }
      }
    }
    return cells
  }

  /// Writes list and script, and calls sbatch. The intent is recorded before the call and the job's id after it, so that
  /// a crash in between shows. A dry run prints the script and writes nothing.
  static func submit(
    _ script: SbatchScript, _ list: TaskList, in folder: ClusterFolder, isDryRun: Bool,
    _ display: SweepDisplay
  ) throws {
    var script = script
    guard !isDryRun else {
      script.tasks = "\(folder.output)/cluster/N/tasks.json"
      script.logs = "\(folder.output)/cluster/N/logs"
      print(script.text, terminator: "")
      return
    }
    let submission = try folder.newSubmission()
    script.tasks = submission.tasks
    script.logs = submission.logs
    script.taskCount = list.tasks.count
    try list.write(to: submission.tasks)
    try TextFile.write(script.text, to: submission.script)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try TextFile.write(encoder.encode(script), to: request(of: submission))
    print(script.text, terminator: "")
    display.note("script: \(submission.script), tasks: \(submission.tasks)")

    var job = ClusterFolder.Submission.Job(command: ["sbatch", "--parsable", submission.script])
    try submission.write(job)
    let answer = try ProgramCall.run(job.command)
    let id = answer.output.trimmingCharacters(in: .whitespacesAndNewlines)
      .prefix { $0 != ";" }
    guard answer.status == 0, !id.isEmpty, id.allSatisfy(\.isNumber) else {
      let reason = (answer.errors + answer.output).split(whereSeparator: \.isNewline).first ?? ""
      throw SpecificationError("sbatch: \(reason); the script is \(submission.script)")
    }
    job.id = String(id)
    try submission.write(job)
    display.note("job \(id); to see how far it is: pfedla cluster status \(folder.output)")
  }

  /// The request of a submission, as the next one takes it over.
  static func request(of submission: ClusterFolder.Submission) -> String {
    "\(submission.path)/request.json"
  }
}
