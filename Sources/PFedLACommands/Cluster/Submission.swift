import Experiments
import Foundation
import Support

/// How a list of tasks is given to Slurm.
enum Submission {
  /// Throws if Slurm is not here.
  static func requireSbatch() throws {
    guard programPath("sbatch") != nil else {
      throw SpecificationError(
        "sbatch: not found on PATH; submit from a machine of a Slurm cluster, or give --dry-run to see the script"
      )
    }
  }

  /// The cells of tasks that wait or run. Throws `SpecificationError` if Slurm does not answer: the runs of its jobs would
  /// be submitted again.
  static func liveCells(_ folder: ClusterFolder) throws -> Set<String> {
    let submissions = folder.submissions
    guard !submissions.isEmpty else { return [] }
    let slurm = try answering(folder)
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

  /// What Slurm says of the jobs of a folder. A job whose id was lost is looked for by its comment first, and its id
  /// recorded. Throws `SpecificationError` if Slurm does not answer.
  static func answering(_ folder: ClusterFolder) throws -> Slurm {
    func requireAnswer(_ slurm: Slurm) throws {
      guard slurm.answers else {
        throw SpecificationError(
          "squeue: no answer, so it is not known which jobs of \(folder.output) wait or run; try again later"
        )
      }
    }
    for submission in folder.submissions {
      guard var job = submission.readJob(), job.id == nil, job.refusal == nil else { continue }
      let all = Slurm(jobs: [String]())
      try requireAnswer(all)
      job.id = all.job(withComment: job.comment)
      if job.id == nil { job.refusal = "Slurm has no such job" }
      try submission.write(job)
    }
    let slurm = Slurm(jobs: folder.submissions.compactMap { $0.readJob()?.id })
    try requireAnswer(slurm)
    return slurm
  }

  /// Writes list and script, and calls sbatch. The intent is recorded before the call and the job's id after it, so that
  /// a crash in between shows. A dry run prints the script and writes nothing.
  static func submit(
    _ script: SbatchScript, _ list: TaskList, in folder: ClusterFolder, isDryRun: Bool,
    _ display: SweepDisplay
  ) throws {
    var script = script
    guard list.tasks.count <= Slurm.mostTasks else {
      throw SpecificationError(
        "\(list.tasks.count) tasks: expected at most \(Slurm.mostTasks), which Slurm takes; give a longer --task-time, or "
          + "submit a part by --only")
    }
    guard !folder.output.contains(where: { $0 == "\"" || $0 == "%" || $0.isNewline }) else {
      throw SpecificationError(
        "--output \(folder.output): found a quote, a percent sign or a line break, which Slurm takes for its own"
      )
    }
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
    script.comment = "pfedla-\(UUID().uuidString)"
    try list.write(to: submission.tasks)
    try TextFile.write(script.text, to: submission.script)
    try TextFile.write(json: script, to: request(of: submission))
    print(script.text, terminator: "")
    display.note("script: \(submission.script), tasks: \(submission.tasks)")

    var job = ClusterFolder.Submission.Job(
      command: ["sbatch", "--parsable", submission.script], comment: script.comment)
    try submission.write(job)
    let answer = try ProgramCall.run(job.command)
    let id = answer.output.trimmingCharacters(in: .whitespacesAndNewlines)
      .prefix { $0 != ";" }
    guard answer.status == 0, !id.isEmpty, id.allSatisfy(\.isNumber) else {
      let reason = (answer.errors + answer.output).split(whereSeparator: \.isNewline).first ?? ""
      // A refusal is certain; a controller that did not answer may have the job.
      if !reason.contains("Socket timed out"), !reason.contains("Unable to contact") {
        job.refusal = String(reason)
        try submission.write(job)
      }
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
