import Experiments
import Foundation
import TestSupport
import Testing

@Suite("Tasks of a cluster")
struct ClusterTests {
  @Test("short cells share a task, long ones have their own, and the longest tasks come first")
  func grouping() {
    let cells = [("a", 10.0), ("b", 500), ("c", 20), ("d", 90), ("e", 95), ("f", 10)].map {
      (name: $0.0, seconds: $0.1)
    }
    let tasks = TaskList.grouped(cells, taskSeconds: 100)
    #expect(tasks.map(\.cells) == [["b"], ["d", "a"], ["e"], ["c", "f"]])
    #expect(tasks.map(\.seconds) == [500, 100, 95, 30])
    #expect(Set(tasks.flatMap(\.cells)) == Set(cells.map(\.name)))
    #expect(TaskList.grouped([], taskSeconds: 100).isEmpty)
  }

  private func list(_ tasks: [[String]], output: String) -> TaskList {
    TaskList(
      targets: ["table1"], profile: "smoke", overrides: [], seeds: nil, experiments: "e",
      datasets: "d", output: output, tasks: tasks.map { TaskList.Task(cells: $0, seconds: 1) })
  }

  @Test("a list is read as it was written; a damaged one is refused in one line")
  func files() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("tasks.json").path
    let written = list([["a", "b"], ["c"]], output: folder.path)
    try written.write(to: path)
    #expect(try TaskList(file: path) == written)
    for bad in ["", "{}", "[1]", String(repeating: "[", count: 1000)] {
      try Data(bad.utf8).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: SpecificationError.self) { try TaskList(file: path) }
      #expect(error?.description.hasPrefix("\(path): damaged") == true)
    }
    for cells in [["a", "a"], ["../a"], [""]] {
      try list([cells], output: folder.path).write(to: path)
      #expect(throws: SpecificationError.self) { try TaskList(file: path) }
    }
    #expect(throws: SpecificationError.self) { try TaskList(file: folder.file("none").path) }
  }

  /// A submission of two tasks: a and b, and c.
  private func submission(_ folder: TemporaryFolder, id: String? = "7") throws -> (
    ClusterFolder, ClusterFolder.Submission
  ) {
    let cluster = ClusterFolder(output: folder.path)
    let submission = try cluster.newSubmission()
    try list([["a", "b"], ["c"]], output: folder.path).write(to: submission.tasks)
    var job = ClusterFolder.Submission.Job(command: ["sbatch"], comment: "c")
    job.id = id
    try submission.write(job)
    return (cluster, submission)
  }

  private func beat(
    _ submission: ClusterFolder.Submission, _ state: TaskBeat.State,
    failures: [String: String] = [:]
  ) {
    var beat = TaskBeat()
    beat.state = state
    beat.cell = "a"
    beat.round = 3
    beat.rounds = 9
    beat.failures = failures
    beat.write(to: TaskBeat.path(ofTask: 0, in: submission.tasks))
  }

  /// The states of a, b and c.
  private func states(
    _ cluster: ClusterFolder, _ scheduled: ClusterStatus.Scheduled, later seconds: Double = 0
  ) throws -> [ClusterStatus.State] {
    let status = try ClusterStatus(
      cluster, now: Date().timeIntervalSince1970 + seconds, scheduled: { _, _ in scheduled })
    #expect(status.cells.map(\.name) == ["a", "b", "c"])
    return status.cells.map(\.state)
  }

  @Test(
    "a task without a sign of life is as the scheduler says, and uncertain where it says nothing")
  func withoutBeats() throws {
    let folder = try TemporaryFolder()
    let (cluster, _) = try submission(folder)
    #expect(try states(cluster, .pending) == [.waiting, .waiting, .waiting])
    #expect(try states(cluster, .running) == [.waiting, .waiting, .waiting])
    #expect(try states(cluster, .unknown) == [.uncertain, .uncertain, .uncertain])
    #expect(try states(cluster, .ended("NODE_FAIL")) == [.lost, .lost, .lost])
  }

  @Test("signs of life come before the scheduler's word")
  func beats() throws {
    let folder = try TemporaryFolder()
    let (cluster, submission) = try submission(folder)
    beat(submission, .running)
    #expect(try states(cluster, .unknown) == [.running, .waiting, .uncertain])
    #expect(try states(cluster, .ended(nil)).prefix(2) == [.running, .waiting])
    #expect(try states(cluster, .ended("NODE_FAIL")).prefix(2) == [.running, .waiting])
    // Killed just now.
    #expect(try states(cluster, .ended("CANCELLED")).prefix(2) == [.lost, .lost])
    // Ten minutes without one.
    #expect(try states(cluster, .running, later: 600).prefix(2) == [.uncertain, .uncertain])
    #expect(try states(cluster, .pending, later: 600).prefix(2) == [.waiting, .waiting])
    #expect(try states(cluster, .unknown, later: 600).prefix(2) == [.uncertain, .uncertain])
    #expect(try states(cluster, .ended("OUT_OF_MEMORY"), later: 600).prefix(2) == [.lost, .lost])

    beat(submission, .stopped)
    #expect(try states(cluster, .pending).prefix(2) == [.waiting, .waiting])
    #expect(try states(cluster, .ended(nil)).prefix(2) == [.lost, .lost])
    beat(submission, .failed, failures: ["a": "no such file"])
    let status = try ClusterStatus(cluster, scheduled: { _, _ in .ended("FAILED") })
    #expect(status.cells.map(\.state).prefix(2) == [.failed, .lost])
    #expect(status.cells[0].remark == "no such file")
  }

  @Test(
    "a result is done whatever else is said; reasons name the scheduler's word and the log's end")
  func doneAndLost() throws {
    let folder = try TemporaryFolder()
    let (cluster, submission) = try submission(folder)
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/cells", withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: "\(folder.path)/cells/b.h5"))
    try Data("one\n\ntwo\nslurmstepd: killed\n".utf8).write(
      to: URL(fileURLWithPath: submission.log(ofTask: 1, job: "7")))
    let status = try ClusterStatus(cluster, scheduled: { _, _ in .ended("OUT_OF_MEMORY") })
    #expect(status.cells.map(\.state) == [.lost, .done, .lost])
    #expect(status.cells[2].remark.contains("out of memory: submit with more --memory"))
    #expect(status.cells[2].remark.hasSuffix("its log ends with: one / two / slurmstepd: killed"))
  }

  @Test(
    "a submission without an answer is uncertain, one that was never made is lost, a later one takes over"
  )
  func submissions() throws {
    let folder = try TemporaryFolder()
    let (cluster, _) = try submission(folder, id: nil)
    #expect(try states(cluster, .unknown) == [.uncertain, .uncertain, .uncertain])
    let (_, second) = try submission(folder)
    #expect(second.number == 2)
    beat(second, .running)
    #expect(try states(cluster, .pending) == [.running, .waiting, .waiting])
    let third = try cluster.newSubmission()
    try list([["a", "b", "c"]], output: folder.path).write(to: third.tasks)
    #expect(try states(cluster, .pending) == [.lost, .lost, .lost])
  }
}
