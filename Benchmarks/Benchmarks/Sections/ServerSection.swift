import BenchmarkFigures
import FederatedLearning
import Foundation
import NeuralNetworks

/// What pFedLA's server does in a round, without the clients: models for the participants, and the step
/// of their hypernetworks.
enum ServerSection: BenchmarkSection {
  static let name = "server"
  static let summary =
    "pFedLA's server side with 10 to 10,000 clients, compared with memory bandwidth"

  private static let participantCount = 10
  private static let repetitions = 7
  /// Participations of each participant before anything is measured.
  private static let earlierRounds = 3
  private static let epochs = 10

  static func run(_ bench: Workbench) throws {
    let preparation = try bench.preparation(method: "pfedla", epochs: 1)
    let engine = try preparation.engine(workers: bench.cores)
    let training = try LocalTraining(preparation, engine)
    let bandwidth = Bandwidth(engine: engine)
    for clients in [10, 100, 1000, 10_000] {
      let bytes = 4 * clients * preparation.layout.count
      guard UInt64(3 * bytes) < ProcessInfo.processInfo.physicalMemory else {
        bench.note("  \(clients) clients: left out; their models take \(bytes >> 20) MiB")
        continue
      }
      let server = try Server(
        clients: clients, participants: participantCount, preparation: preparation,
        engine: engine, training: training)
      for _ in 0..<earlierRounds {
        _ = try server.receive()
        _ = try server.update(training)
      }
      try run(bench, server, training, bandwidth)
    }
  }

  private static func run(
    _ bench: Workbench, _ server: Server, _ training: LocalTraining, _ bandwidth: Bandwidth
  ) throws {
    let series = try interleaved(
      repetitions,
      [
        { try server.receive() }, { try bandwidth.read() },
        { try server.update(training) }, { try bandwidth.triad() },
        { try training.pureSteps() },
      ])
    let (receive, update) = (series[0], series[2])
    let readBandwidth = Double(bandwidth.readBytes) / series[1]
    let subject = "\(server.clients) clients"
    let moved = Double(server.bytesMoved)
    for (name, time) in [("received models", receive), ("hypernetworks' update", update)] {
      bench.add(subject, name, time * 1e3, "ms")
      bench.add(
        subject, "  bank's rows read", moved * 1e-9 / time, "GB/s",
        Figure.Ratio(
          (moved / time) / readBandwidth, "to a plain read",
          target: server.clients >= 1000 ? "≥ 0.6" : ""))
    }
    bench.add(subject, "  read by each", Series([moved * 1e-6]), "MB")
    bench.add(subject, "plain read", readBandwidth * 1e-9, "GB/s")
    bench.add(
      subject, "triad", Double(bandwidth.triadBytes) * 1e-9 / series[3], "GB/s")
    let whole = receive + update
    bench.add(
      subject, "server side in all", whole * 1e3, "ms",
      Figure.Ratio(
        whole / (series[4] * Double(epochs)),
        "to the pure steps of 10 clients × 420 × 10 epochs (of one epoch)",
        target: server.clients == 100 ? "≤ 0.02" : ""))
    bench.add(subject, "  for each client", whole * (1e6 / Double(server.clients)), "µs")
  }
}
