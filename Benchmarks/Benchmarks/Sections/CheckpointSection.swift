import BenchmarkFigures
import Experiments
import FederatedLearning
import Foundation

/// A checkpoint of pFedLA written and read.
enum CheckpointSection: BenchmarkSection {
  static let name = "checkpoint"
  static let summary =
    "pFedLA's checkpoint with 100 and 1,000 clients, compared with a plain write and read"

  private static let repetitions = 5

  static func run(_ bench: Workbench) throws {
    for clients in [100, 1000] { try run(bench, clients: clients) }
  }

  private static func run(_ bench: Workbench, clients: Int) throws {
    let preparation = try bench.preparation(
      method: "pfedla", clients: clients, samples: 40, epochs: 1,
      keys: "participation: \(10.0 / Double(clients))\nrecord_weights_every: 0")
    var federation = try preparation.federation(
      PFedLA.self, on: preparation.engine(workers: bench.cores))
    for _ in 0..<3 { _ = try federation.runRound() }
    let record = RunRecord(
      roundCount: preparation.specification.rounds, clientCount: clients,
      layerCount: preparation.layout.layers.count)
    let checkpoint = Checkpoint(
      round: federation.state.round, bank: federation.state.bank,
      server: federation.method.tensors(of: federation.state.server), record: record)
    let file = CheckpointFile(
      besides: bench.temporary.appendingPathComponent("checkpoint-\(clients)").path)
    defer { file.remove() }
    let origin = CheckpointFile.Origin(preparation)
    try file.write(checkpoint, origin)
    let contents = try Data(contentsOf: URL(fileURLWithPath: file.path))
    let plain = bench.temporary.appendingPathComponent("plain-\(clients)")
    defer { try? FileManager.default.removeItem(at: plain) }
    let series = try interleaved(
      repetitions,
      [
        { try seconds { try file.write(checkpoint, origin) } },
        { try seconds { try write(contents, to: plain) } },
        {
          try seconds {
            _ = try file.load(origin, empty: record)
          }
        },
        { try seconds { _ = try Data(contentsOf: plain) } },
      ])
    let subject = "pfedla, \(clients) clients"
    let megabytes = Double(contents.count) * 1e-6
    bench.add(subject, "size", Series([megabytes]), "MB")
    for (name, time, reference, meaning) in [
      ("write", series[0], series[1], "to a plain write with fsync"),
      ("read", series[2], series[3], "to a plain read (cached)"),
    ] {
      bench.add(subject, name, time * 1e3, "ms", Figure.Ratio(time / reference, meaning))
      bench.add(subject, name, megabytes / time, "MB/s")
      bench.add(subject, "plain \(name)", megabytes / reference, "MB/s")
    }
  }

  private static func write(_ contents: Data, to file: URL) throws {
    try Data().write(to: file)
    let handle = try FileHandle(forWritingTo: file)
    try handle.write(contentsOf: contents)
    try handle.synchronize()
    try handle.close()
  }
}
