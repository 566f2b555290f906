import Experiments
import ExperimentsTestSupport
import Foundation
import HDF5
import TestSupport
import Testing

@Suite("Checkpoints")
struct CheckpointTests {
  /// An interrupted run with two checkpoints, after rounds 1 and 2 of 4, and its uninterrupted twin.
  private struct Interrupted {
    static let overrides = [
      "method=fedavg", "model.batch_normalisation=false", "saved_models=none",
    ]
    let folder: TemporaryFolder
    let expected: Data
    let checkpoints: [URL]
    let saved: [Data]
    var path: String { folder.file("a.h5").path }

    init() throws {
      folder = try TemporaryFolder()
      expected = try Fixtures.run(Self.overrides, to: folder.file("whole.h5").path)
      let path = folder.file("a.h5").path
      for _ in 0..<2 {
        _ = try ExperimentRun(
          Fixtures.preparation(Self.overrides), output: path, overwrite: true, workerCount: 2
        ).run(shouldStop: { true }, report: { _ in })
      }
      checkpoints = ["", ".previous"].map { URL(fileURLWithPath: path + ".checkpoint" + $0) }
      saved = try checkpoints.map { try Data(contentsOf: $0) }
    }

    func place(_ last: Data?, _ previous: Data?) throws {
      for (url, data) in zip(checkpoints, [last, previous]) {
        try? FileManager.default.removeItem(at: url)
        try data?.write(to: url)
      }
    }

    /// Runs to the end: what was reported about the checkpoint, and the result.
    func resume() throws -> (resumption: ExperimentRun.Resumption?, result: Data) {
      var told: ExperimentRun.Resumption?
      let outcome = try ExperimentRun(
        Fixtures.preparation(Self.overrides), output: path, overwrite: true, workerCount: 2
      ).run(shouldStop: { false }, resumed: { told = $0 }, report: { _ in })
      #expect(outcome == .complete)
      for url in checkpoints { #expect(!FileManager.default.fileExists(atPath: url.path)) }
      return (told, try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    func error() -> String {
      do {
        _ = try resume()
        return "no error"
      } catch {
        return "\(error)"
      }
    }
  }

  @Test("a whole checkpoint is taken without a word")
  func whole() throws {
    let run = try Interrupted()
    let (resumption, result) = try run.resume()
    #expect(resumption?.rounds == 2)
    #expect(resumption?.damage == nil)
    #expect(result == run.expected)
  }

  @Test("with any byte changed or the end cut off, the one before it is taken, to the same bytes")
  func damaged() throws {
    let run = try Interrupted()
    let size = run.saved[0].count
    var damages: [(String, Data)] = []
    // The seal, the superblock, the first headers, and places all over the file.
    let positions =
      [0, 20, 300, 512, 520, 600, 1100, size - 1] + (1..<24).map { size * $0 / 24 }
    for position in positions {
      var data = run.saved[0]
      data[position] ^= 0x55
      damages.append(("byte \(position) of \(size)", data))
    }
    for length in [0, 100, 512, 700, 5000, size / 2, size - 1] {
      damages.append(("cut to \(length)", run.saved[0].prefix(length)))
    }
    for (name, data) in damages {
      try run.place(data, run.saved[1])
      let (resumption, result) = try run.resume()
      #expect(resumption?.rounds == 1, "\(name)")
      #expect(
        resumption?.damage
          == "\(run.checkpoints[0].path): damaged, truncated or changed: its bytes do not match its checksum",
        "\(name)")
      #expect(result == run.expected, "\(name)")
    }
  }

  @Test("the one before a damaged one takes its place, so that it is not given up next time")
  func promotion() throws {
    let run = try Interrupted()
    try run.place(run.saved[0].dropLast(), run.saved[1])
    var wasResumed = false
    _ = try ExperimentRun(
      Fixtures.preparation(Interrupted.overrides), output: run.path, overwrite: true,
      workerCount: 1
    ).run(
      shouldStop: { true },
      resumed: { _ in
        wasResumed = true
        #expect((try? Data(contentsOf: run.checkpoints[0])) == run.saved[1])
        #expect(!FileManager.default.fileExists(atPath: run.checkpoints[1].path))
      }, report: { _ in })
    #expect(wasResumed)
    // One more round was done and saved: the first two are the same, byte for byte.
    #expect(try Data(contentsOf: run.checkpoints[0]) == run.saved[0])
    #expect(try Data(contentsOf: run.checkpoints[1]) == run.saved[1])
  }

  @Test("a process killed between moving the last one away and placing the new one loses nothing")
  func onlyPrevious() throws {
    let run = try Interrupted()
    try run.place(nil, run.saved[0])
    let (resumption, result) = try run.resume()
    #expect(resumption?.rounds == 2)
    #expect(resumption?.damage == nil)
    #expect(result == run.expected)
  }

  @Test("where no checkpoint is whole, the error names the files and what to do")
  func bothDamaged() throws {
    let run = try Interrupted()
    let names = run.checkpoints.map(\.path)
    let reason = "damaged, truncated or changed: its bytes do not match its checksum"
    try run.place(run.saved[0].dropLast(), run.saved[1].dropFirst())
    #expect(
      run.error()
        == "\(names[0]): \(reason); \(names[1]): \(reason): no checkpoint to resume from; remove "
        + "\(names[0]) and \(names[1]) to start again")
    #expect(try Data(contentsOf: run.checkpoints[1]) == run.saved[1].dropFirst(), "left alone")
    try run.place(run.saved[0].dropLast(), nil)
    #expect(
      run.error()
        == "\(names[0]): \(reason): no checkpoint to resume from; remove \(names[0]) to start again"
    )
    try run.place(nil, nil)
    let (resumption, result) = try run.resume()
    #expect(resumption == nil)
    #expect(result == run.expected)
  }

  /// What another version of the program might have written: sealed, but of other sizes.
  @Test(
    "a whole checkpoint that does not fit is refused, not taken",
    arguments: [
      "round", "rounds beyond", "bank", "clients", "server", "server shape", "matrix",
      "recorded rounds", "weights", "retained", "type", "no rounds", "negative rounds",
      "other rounds", "most rounds",
    ])
  func misfit(what: String) throws {
    let run = try Interrupted()
    try HDF5File.writeAtomically(
      to: run.checkpoints[0].path, overwrite: true, isSealed: true
    ) { file in
      let old = try HDF5File.openForReading(run.checkpoints[1].path)
      if what != "round" {
        try file.setAttribute("round", Int32(what == "rounds beyond" ? 5 : 1))
      }
      try file.setAttribute("numerics_version", Int32(CodeVersion.numerics))
      try file.setAttribute(
        "dataset_sha256", old.attribute("dataset_sha256", as: String.self))
      let keys = [
        "no rounds": "", "negative rounds": "rounds: -5\n", "other rounds": "rounds: 7\n",
        "most rounds": "rounds: 10000000\n",
      ]
      try file.write(
        "specification",
        old.readValue("specification", as: String.self)
          .replacing("rounds: 4\n", with: keys[what] ?? "rounds: 4\n"))
      let bank: [Float] = try old.read("bank")
      let count = bank.count / 5
      switch what {
      case "bank": try file.write("bank", bank, shape: [5 * count])
      case "clients": try file.write("bank", bank.prefix(4 * count), shape: [4, count])
      case "type": try file.write("bank", bank.map(Double.init), shape: [5, count])
      default: try file.write("bank", bank, shape: [5, count])
      }
      let server = try file.createGroup("server")
      if what != "server" {
        let model: [Float] = try old.read("server/global_model")
        let kept = what == "server shape" ? model.count - 1 : model.count
        try server.write("global_model", model.prefix(kept), shape: [kept])
      }
      let record = try file.createGroup("record")
      let empty = [Float](repeating: .nan, count: 20)
      for name in [
        "test_accuracy_received", "test_accuracy_trained", "test_loss_received",
        "test_loss_trained", "train_loss",
      ] {
        let rows = what == "matrix" && name == "train_loss" ? 3 : 4
        try record.write(name, empty.prefix(rows * 5), shape: [rows, 5])
      }
      try record.write("participated", [Bool](repeating: false, count: 20), shape: [4, 5])
      try record.write("uplink_bytes", [0.0, 0, 0, 0], shape: [4])
      try record.write("downlink_bytes", [0.0, 0, 0, 0], shape: [4])
      let rounds: [Int32] = what == "recorded rounds" ? [9] : what == "weights" ? [1] : []
      try record.write("recorded_rounds", rounds, shape: [rounds.count])
      try record.write("weights", [Float](), shape: [0])
      let retained = [Bool](repeating: true, count: what == "retained" ? 3 : 0)
      try record.write("retained", retained, shape: [retained.count])
    }
    let error = run.error()
    let path = run.checkpoints[0].path
    #expect(
      error.hasPrefix("\(path): the checkpoint does not fit this version of pfedla: "), "\(error)")
    #expect(
      error.hasSuffix(
        ". Resume with the version that wrote it, or remove \(path) and \(path).previous to start again"
      ))
    #expect(!error.contains("\n"))
  }
}
