import Experiments
import ExperimentsTestSupport
import Foundation
import TestSupport
import Testing

@Suite("Sweeps")
struct SweepTests {
  /// Every result in a folder by its name.
  private func results(_ output: String) throws -> [String: Data] {
    var results: [String: Data] = [:]
    let folder = CellFolder(output: output).path
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where name.hasSuffix(".h5") {
      results[name] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    return results
  }

  /// Whether nothing but results and their sidecars lies in a folder.
  private func isTidy(_ output: String) throws -> Bool {
    let names = try FileManager.default.contentsOfDirectory(
      atPath: CellFolder(output: output).path)
    let stems = names.filter { $0.hasSuffix(".h5") }.map { $0.dropLast(3) }
    return Set(names) == Set(stems.flatMap { ["\($0).h5", "\($0).run.json"] })
  }

  @Test("does every cell once, and none again")
  func everyCell() throws {
    let folder = try TemporaryFolder()
    let cells = try SmallSweep.cells(only: ["seed": ["0"]])
    let log = SmallSweep.Log()
    // Requested twice, done once.
    let outcome = try SmallSweep.run(cells + cells, in: folder.path, log: log)
    #expect(outcome.failures.isEmpty && !outcome.isInterrupted)
    #expect(
      log.events == (1...4).flatMap { ["begins \($0)/4", "done"] })
    #expect(log.progressCount == 3 + 3 + 3 + 2)
    let files = try results(folder.path)
    #expect(Set(files.keys) == Set(cells.map { "\($0.name).h5" }))
    #expect(try isTidy(folder.path))
    for cell in cells {
      #expect(CellFolder(output: folder.path).content(of: cell).isUsable)
    }

    let again = SmallSweep.Log()
    _ = try SmallSweep.run(cells, in: folder.path, log: again)
    #expect(again.events.isEmpty && again.progressCount == 0)
    #expect(try results(folder.path) == files)
  }

  @Test("a cell's result is that of pfedla run")
  func sameAsRun() throws {
    let folder = try TemporaryFolder()
    let cell = try #require(SmallSweep.cells(only: ["method": ["fedavg"]]).first)
    _ = try SmallSweep.run([cell], in: folder.path)
    let path = folder.file("single.h5").path
    _ = try ExperimentRun(
      RunPreparation(cell.specification, datasetsFolder: Fixtures.datasets.get().path),
      output: path, overwrite: false, workerCount: 1
    ).run(shouldStop: { false }, report: { _ in })
    #expect(
      try results(folder.path)["\(cell.name).h5"] == Data(contentsOf: URL(fileURLWithPath: path)))
  }

  @Test("a cell that fails is reported, and the others are done")
  func failure() throws {
    let folder = try TemporaryFolder()
    let good = try SmallSweep.cells(only: ["seed": ["0"], "rate": ["slow"]])
    let bad = try #require(
      SmallSweep.cells(
        only: ["method": ["fedavg"]], overrides: ["partition.samples_per_client=5000"]
      ).first)
    let log = SmallSweep.Log()
    let outcome = try SmallSweep.run([good[0], bad, good[1]], in: folder.path, log: log)
    #expect(
      log.events == ["begins 1/3", "done", "begins 2/3", "failed", "begins 3/3", "done"])
    #expect(outcome.failures.map(\.cell) == [bad.name])
    #expect(outcome.failures[0].reason.contains("5000"), "\(outcome.failures[0].reason)")
    #expect(!outcome.failures[0].reason.contains("\n"))
    #expect(
      Set(try results(folder.path).keys) == ["\(good[0].name).h5", "\(good[1].name).h5"])
    #expect(try isTidy(folder.path))
  }

  @Test("stopped after any round and begun again, it has the uninterrupted sweep's bytes")
  func resume() throws {
    let whole = try TemporaryFolder()
    let cells = try SmallSweep.cells(only: ["seed": ["0"], "rate": ["slow"]])
    _ = try SmallSweep.run(cells, in: whole.path)
    let folder = try TemporaryFolder()
    let log = SmallSweep.Log()
    var stops = 0
    while true {
      let before = log.progressCount
      let outcome = try SmallSweep.run(
        cells, in: folder.path, log: log, shouldStop: { log.progressCount > before })
      guard outcome.isInterrupted else { break }
      #expect(log.progressCount == before + 1)
      stops += 1
    }
    // Three cells of three rounds, one round a time; no round was done twice.
    #expect(log.progressCount == 9)
    #expect(stops == 8, "the last round of all is the end")
    #expect(
      log.events.filter { $0.hasPrefix("resumes after") }
        == [1, 2, 1, 2, 1, 2].map { "resumes after \($0)" })
    #expect(try results(folder.path) == results(whole.path))
    #expect(try isTidy(folder.path))
  }

  @Test("what killed processes left is removed, and nothing of others")
  func leftovers() throws {
    let folder = try TemporaryFolder()
    let cells = try SmallSweep.cells(only: ["method": ["fedavg"], "rate": ["slow"]])
    let (finished, open, foreign) = (cells[0].name, cells[1].name, cells[2].name)
    _ = try SmallSweep.run([cells[0]], in: folder.path)
    let path = CellFolder(output: folder.path).path
    let removed = [
      "\(finished).h5.checkpoint", "\(finished).h5.checkpoint.previous", "\(finished).lock",
      "\(finished).h5.tmp-99999-1", "\(finished).run.json.tmp-99999",
      "\(open).h5.tmp-99999-1", "\(open).h5.checkpoint.tmp-99999-2", "\(open).lock",
      "\(open).run.json.tmp-99999",
    ]
    let kept = ["\(foreign).h5.tmp-99999-1", "notes.txt"]
    for name in removed + kept {
      try Data("x".utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }
    let before = try results(folder.path)

    let log = SmallSweep.Log()
    _ = try SmallSweep.run([cells[0], cells[1]], in: folder.path, log: log)
    #expect(log.events == ["begins 1/1", "done"])
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    #expect(
      Set(names)
        == Set(kept + [finished, open].flatMap { ["\($0).h5", "\($0).run.json"] }))
    #expect(try results(folder.path)["\(finished).h5"] == before["\(finished).h5"])
  }

  @Test("a cell that another process works on is left to it, and done if that one gives up")
  func taken() throws {
    let folder = try TemporaryFolder()
    let cells = try SmallSweep.cells(only: [
      "method": ["fedavg"], "rate": ["slow"], "seed": ["0", "1"],
    ])
    let cellFolder = CellFolder(output: folder.path)
    try FileManager.default.createDirectory(
      atPath: cellFolder.path, withIntermediateDirectories: true)
    var other = try CellLock(cellFolder.lock(of: cells[0].name))
    #expect(other != nil)
    let temporary = cellFolder.result(of: cells[0].name) + ".tmp-99999-1"
    try Data("in use".utf8).write(to: URL(fileURLWithPath: temporary))

    let log = SmallSweep.Log()
    let outcome = try Sweep(
      folder: cellFolder, datasetsFolder: Fixtures.datasets.get().path, workerCount: 1
    ).run(cells, shouldStop: { false }) { event in
      log.enter(event)
      guard case .waiting = event else { return }
      #expect(FileManager.default.fileExists(atPath: temporary), "it may be the other's")
      other = nil
    }
    #expect(outcome.failures.isEmpty && !outcome.isInterrupted)
    #expect(log.events.first?.hasPrefix("taken by process \(getpid()) on ") == true)
    #expect(
      log.events.dropFirst() == ["begins 1/2", "done", "waiting for 1", "begins 2/2", "done"])
    #expect(try isTidy(folder.path))
    withExtendedLifetime(other) {}
  }

  @Test("a damaged checkpoint of a cell gives way to the one before it, and that is reported")
  func damagedCheckpoint() throws {
    let whole = try TemporaryFolder()
    let cells = try SmallSweep.cells(only: ["method": ["fedavg"], "rate": ["slow"], "seed": ["0"]])
    _ = try SmallSweep.run(cells, in: whole.path)
    let folder = try TemporaryFolder()
    for _ in 0..<2 {
      let log = SmallSweep.Log()
      _ = try SmallSweep.run(
        cells, in: folder.path, log: log, shouldStop: { log.progressCount > 0 })
    }
    let path = CellFolder(output: folder.path).result(of: cells[0].name) + ".checkpoint"
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    data[data.count / 2] ^= 1
    try data.write(to: URL(fileURLWithPath: path))
    var resumption: ExperimentRun.Resumption?
    _ = try Sweep(
      folder: CellFolder(output: folder.path), datasetsFolder: Fixtures.datasets.get().path,
      workerCount: 1
    ).run(cells, shouldStop: { false }) { event in
      if case .resumes(let found) = event { resumption = found }
    }
    #expect(resumption?.rounds == 1)
    #expect(resumption?.damage?.hasPrefix("\(path): damaged") == true)
    #expect(try results(folder.path) == results(whole.path))
  }

  @Test("an estimate takes as many local epochs as the method needs")
  func estimate() throws {
    // FedRep with five body epochs cannot train for the two epochs that a probe has otherwise.
    let text = SmallSweep.single.replacing("method: fedper", with: "method: fedrep")
      .replacing(
        "local_epochs: 1", with: "local_epochs: 6\n  methods: {fedrep: {body_epochs: 5}}")
    let cells = try SmallSweep.cells(text: text)
    let estimates = try SweepEstimator(
      datasetsFolder: Fixtures.datasets.get().path, workerCount: 1
    ).estimates(cells)
    #expect(try #require(estimates.first).get().seconds > 0)
  }
}
