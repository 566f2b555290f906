import Datasets
import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import TestSupport
import Testing

/// A cell is identified by its file's content, not by the file's name.
@Suite("What lies at a cell's place")
struct CellContentTests {
  /// Two finished cells, Local and FedAvg, and their folder.
  private struct Finished {
    let folder: TemporaryFolder
    let cells: [SweepCell]
    let bytes: [Data]
    var place: CellFolder { CellFolder(output: folder.path) }
    var local: String { place.result(of: cells[0].name) }
    var fedAvg: String { place.result(of: cells[1].name) }

    init() throws {
      folder = try TemporaryFolder()
      cells = try SmallSweep.cells(only: [
        "method": ["local", "fedavg"], "rate": ["slow"], "seed": ["0"],
      ])
      _ = try SmallSweep.run(cells, in: folder.path)
      let place = CellFolder(output: folder.path)
      bytes = try cells.map {
        try Data(contentsOf: URL(fileURLWithPath: place.result(of: $0.name)))
      }
    }

    func write(_ data: Data, to path: String) throws {
      try data.write(to: URL(fileURLWithPath: path))
    }

    func read(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: path) }

    /// Why FedAvg's file is not used; "usable" or "missing" if that is how it is.
    var reason: String {
      switch place.content(of: cells[1]) {
      case .missing: "missing"
      case .usable: "usable"
      case .unusable(let reason): reason
      }
    }
  }

  private func sidecar(_ result: String) -> String { String(result.dropLast(3)) + ".run.json" }

  @Test("another cell's file is another run, is moved aside, and the cell is done again")
  func copied() throws {
    let finished = try Finished()
    let expected = "\(finished.fedAvg): holds another run: method: found local, expected fedavg"
    for (number, suffix) in ["", "-2", "-3"].enumerated() {
      try finished.write(finished.bytes[0], to: finished.fedAvg)
      #expect(finished.reason == expected)
      let log = SmallSweep.Log()
      var moved: [String] = []
      let outcome = try Sweep(
        folder: finished.place, datasetsFolder: Fixtures.datasets.get().path, workerCount: 2
      ).run(finished.cells, shouldStop: { false }) { event in
        log.enter(event)
        guard case .unusable(let cell, let reason, let target) = event else { return }
        #expect(cell.name == finished.cells[1].name)
        #expect(reason == expected)
        moved.append(target)
      }
      #expect(outcome.failures.isEmpty)
      #expect(log.events == ["unusable", "begins 1/1", "done"], "number \(number)")
      #expect(moved == ["\(finished.fedAvg).unusable\(suffix)"])
      #expect(try finished.read(moved[0]) == finished.bytes[0], "nothing is lost")
      #expect(try finished.read(finished.fedAvg) == finished.bytes[1])
      #expect(finished.reason == "usable")
    }
    // Files moved aside stay, and are not treated as leftovers.
    let log = SmallSweep.Log()
    _ = try SmallSweep.run(finished.cells, in: finished.folder.path, log: log)
    #expect(log.events.isEmpty)
    #expect(FileManager.default.fileExists(atPath: finished.fedAvg + ".unusable-2"))
  }

  @Test(
    "a checkpoint that is not the cell's, damaged or of other numerics is moved aside, and the cell done",
    arguments: ["numerics", "another run", "damaged"])
  func checkpoints(what: String) throws {
    let finished = try Finished()
    let path = finished.fedAvg
    try finished.remove(path)
    _ = try SmallSweep.run([finished.cells[1]], in: finished.folder.path, shouldStop: Once().next)
    let checkpoint = path + ".checkpoint"
    let preparation = try RunPreparation(
      finished.cells[1].specification, datasetsFolder: Fixtures.datasets.get().path)
    let file = CheckpointFile(besides: path)
    func origin(_ change: [RunSetting], _ version: Int) -> CheckpointFile.Origin {
      CheckpointFile.Origin(
        settings: change, datasetSHA256: preparation.dataset.sha256,
        schedule: CheckpointFile.Origin(preparation).schedule, numericsVersion: version)
    }
    let expected: String
    if what == "damaged" {
      try finished.write(finished.read(checkpoint).dropLast(), to: checkpoint)
      expected =
        "\(checkpoint): damaged, truncated or changed: its bytes do not match its checksum: no checkpoint to resume "
        + "from"
    } else {
      let empty = RunRecord(
        roundCount: 3, clientCount: 4, layerCount: preparation.layout.layers.count, classCount: 10)
      let found = try #require(
        try file.load(origin(preparation.resolved, CodeVersion.numerics), empty: empty))
      file.remove()
      if what == "numerics" {
        try file.write(found.checkpoint, origin(preparation.resolved, CodeVersion.numerics - 1))
        expected =
          "\(checkpoint): the checkpoint is of numerics version \(CodeVersion.numerics - 1), this program has "
          + "\(CodeVersion.numerics)"
      } else {
        let other = preparation.resolved.map {
          $0.key == "momentum" ? RunSetting.forTests("momentum", "0.5", isNeutral: false) : $0
        }
        try file.write(found.checkpoint, origin(other, CodeVersion.numerics))
        expected =
          "\(checkpoint): the checkpoint belongs to another specification: momentum was 0.5 and is now 0.0"
      }
    }
    let old = try finished.read(checkpoint)
    let log = SmallSweep.Log()
    var told: [String] = []
    _ = try Sweep(
      folder: finished.place, datasetsFolder: Fixtures.datasets.get().path, workerCount: 2
    ).run(finished.cells, shouldStop: { false }) { event in
      log.enter(event)
      if case .unusable(_, let reason, let target) = event { told += [reason, target] }
      if case .failed(let failure) = event { told.append(failure.reason) }
    }
    #expect(told == [expected, checkpoint + ".unusable"])
    #expect(log.events == ["begins 1/1", "unusable", "done"])
    #expect(try finished.read(checkpoint + ".unusable") == old)
    #expect(try finished.read(path) == finished.bytes[1])
    // Files moved aside stay.
    _ = try SmallSweep.run(finished.cells, in: finished.folder.path)
    #expect(try finished.read(checkpoint + ".unusable") == old)
  }

  @Test("a checkpoint on other images is named before anything is done, and by the run itself")
  func checkpointOfOtherImages() throws {
    let finished = try Finished()
    try finished.remove(finished.fedAvg)
    try finished.remove(finished.local)
    _ = try SmallSweep.run([finished.cells[1]], in: finished.folder.path, shouldStop: Once().next)
    let data = try TemporaryFolder()
    try Synthesizer.synthesize("cifar10", into: data.path, samplesPerClass: 40, seed: 2)
    let (old, new) = try (
      ImageDataset.load("cifar10", splits: ["train"], from: Fixtures.datasets.get().path).sha256,
      ImageDataset.load("cifar10", splits: ["train"], from: data.path).sha256
    )
    let error = #expect(throws: SpecificationError.self) {
      try SweepInputs(datasetsFolder: data.path).check(
        finished.cells, CellSurvey(finished.cells, in: finished.place), in: finished.place)
    }
    #expect(
      error?.description
        == "\(finished.fedAvg).checkpoint: started with other files of cifar10 than \(data.path) has now: found "
        + "dataset_sha256 \(new.prefix(12))…, expected \(old.prefix(12))…. Restore the files, give another "
        + "--output, or remove the checkpoint to begin the run again")
    let outcome = try Sweep(
      folder: finished.place, datasetsFolder: data.path, workerCount: 1
    ).run([finished.cells[1]], shouldStop: { false }, report: { _ in })
    #expect(outcome.failures.count == 1)
    #expect(
      outcome.failures.first?.reason.contains("the checkpoint belongs to other images or labels")
        == true)
    #expect(FileManager.default.fileExists(atPath: finished.fedAvg + ".checkpoint"))
  }

  /// Lets a run begin and stops it after its first round.
  private final class Once {
    private var count = 0
    func next() -> Bool {
      count += 1
      return count > 1
    }
  }

  @Test("a copied sidecar hides nothing, and a missing one is no defect")
  func sidecars() throws {
    let finished = try Finished()
    let other = "\(finished.fedAvg): holds another run: method: found local, expected fedavg"
    try finished.write(finished.bytes[0], to: finished.fedAvg)
    try finished.write(finished.read(sidecar(finished.local)), to: sidecar(finished.fedAvg))
    #expect(finished.reason == other)
    try finished.remove(sidecar(finished.fedAvg))
    #expect(finished.reason == other)
    try finished.write(finished.bytes[1], to: finished.fedAvg)
    #expect(finished.reason == "usable")
    #expect(finished.place.content(of: finished.cells[0]).isUsable)
    try finished.write(Data("no JSON".utf8), to: sidecar(finished.fedAvg))
    #expect(finished.reason == "usable")
  }

  @Test("another seed or number of rounds is another run")
  func otherKeys() throws {
    let finished = try Finished()
    var expected = finished.cells[1].expected
    func reason() -> String {
      guard
        case .unusable(let reason) = finished.place.content(
          of: finished.cells[1].name, expected: expected)
      else { return "usable" }
      return String(reason.dropFirst(finished.fedAvg.count))
    }
    #expect(reason() == "usable")
    expected["seed"] = "7"
    #expect(reason() == ": holds another run: seed: found 0, expected 7")
    expected["seed"] = "0"
    expected["rounds"] = "4"
    #expect(reason() == ": holds another run: rounds: found 3, expected 4")
    expected["rounds"] = "3"
    expected["new_key"] = "on"
    #expect(reason() == ": holds another run: new_key: found nothing, expected on")
  }

  @Test("a truncated file is no result, at any length, with a recorded digest and without")
  func truncated() throws {
    let finished = try Finished()
    let whole = finished.bytes[1]
    let last = (1...24).map { whole.count - $0 }
    let lengths = [0, 1, 7, 8, 511, 512] + stride(from: 64, to: whole.count, by: 997) + last
    for length in lengths {
      try finished.write(whole.prefix(length), to: finished.fedAvg)
      let reason = finished.reason
      #expect(
        reason.hasPrefix("\(finished.fedAvg): is damaged or was replaced: found SHA-256 "),
        "\(length): \(reason)")
      #expect(reason.hasSuffix("… as recorded in \(sidecar(finished.fedAvg))"))
    }
    try finished.remove(sidecar(finished.fedAvg))
    for length in lengths {
      try finished.write(whole.prefix(length), to: finished.fedAvg)
      let reason = finished.reason
      #expect(
        reason.hasPrefix(
          "\(finished.fedAvg): damaged, truncated or changed: its bytes do not match")
          || reason.hasPrefix("\(finished.fedAvg): found no HDF5 signature"),
        "\(length): \(reason)")
      #expect(!reason.contains("\n"))
    }
    let log = SmallSweep.Log()
    _ = try SmallSweep.run(finished.cells, in: finished.folder.path, log: log)
    #expect(log.events == ["unusable", "begins 1/1", "done"])
    #expect(try finished.read(finished.fedAvg) == whole)
  }

  @Test("a damaged byte anywhere is found before libhdf5 sees it")
  func damaged() throws {
    let finished = try Finished()
    for place in stride(from: 3, to: finished.bytes[1].count, by: 1499) {
      var data = finished.bytes[1]
      data[place] ^= 0x10
      try finished.write(data, to: finished.fedAvg)
      #expect(finished.reason.contains(": is damaged or was replaced: "), "byte \(place)")
    }
  }

  @Test("a folder, an empty place and a file that is no result")
  func noResults() throws {
    let finished = try Finished()
    try finished.remove(sidecar(finished.fedAvg))
    try finished.remove(finished.fedAvg)
    #expect(finished.reason == "missing")
    try FileManager.default.createDirectory(
      atPath: finished.fedAvg, withIntermediateDirectories: false)
    #expect(finished.reason == "\(finished.fedAvg): found a folder; expected an HDF5 file")
    let log = SmallSweep.Log()
    _ = try SmallSweep.run(finished.cells, in: finished.folder.path, log: log)
    #expect(log.events == ["unusable", "begins 1/1", "done"])
    #expect(finished.reason == "usable")
  }

  @Test("the checkpoint of a cell survives a wrong file at its place")
  func checkpoint() throws {
    let finished = try Finished()
    let cell = try #require(
      SmallSweep.cells(only: ["method": ["fedper"], "rate": ["slow"], "seed": ["0"]]).first)
    let log = SmallSweep.Log()
    _ = try SmallSweep.run(
      [cell], in: finished.folder.path, log: log, shouldStop: { log.progressCount > 1 })
    #expect(finished.place.hasCheckpoint(of: cell.name))
    try finished.write(finished.bytes[0], to: finished.place.result(of: cell.name))
    _ = try SmallSweep.run([cell], in: finished.folder.path, log: log)
    #expect(log.events == ["begins 1/1", "unusable", "begins 1/1", "resumes after 2", "done"])
    #expect(!finished.place.hasCheckpoint(of: cell.name))
  }

  @Test(
    "what a cell expects is what its run resolves to, for every scheme",
    arguments: [
      "{scheme: classes-per-client, clients: 4, classes_per_client: 3, samples_per_client: 20}",
      "{scheme: classes-per-client, samples_per_client: 20, client_classes: [[0, 1], [2, 3], [1, 4]]}",
      "{scheme: dominant-classes, clients: 3, dominant_classes: 2, ratio: 6, samples_per_client: 30}",
      "{scheme: dirichlet, clients: 3, concentration: 0.5, samples_per_client: 30}",
      "{scheme: iid, clients: 3, samples_per_client: 30, seed: 5}",
    ])
  func expectation(partition: String) throws {
    for method in ["pfedla", "fedper"] {
      let cell = try #require(
        SmallSweep.cells(
          overrides: ["partition=\(partition)", "method=\(method)"], text: SmallSweep.single
        ).first)
      let resolved = try RunPreparation(
        cell.specification, datasetsFolder: Fixtures.datasets.get().path
      ).resolved
      // A question mark precedes keys that may be missing in older results.
      let expected = cell.expected.map { key, value in
        (key: key.hasPrefix("?") ? String(key.dropFirst()) : key, value: value)
      }
      for (key, value) in expected where key != "numerics_version" {
        #expect(resolved.first { $0.key == key }?.value == value, "\(key)")
      }
      #expect(cell.expected["numerics_version"] == "\(CodeVersion.numerics)")
      #expect(cell.expected["?validation_share"] == "0.0")
      #expect(
        Set(resolved.map(\.key)).subtracting(expected.map(\.key))
          == ["partition.sha256", "on_divergence"])
    }
  }
}
