import BenchmarkFigures
import FederatedLearning
import NeuralNetworks

/// Evaluation of every client's received and trained model on its own test images.
enum EvaluationSection: BenchmarkSection {
  static let name = "evaluation"
  static let summary = "evaluation of 100 clients × 180 test images, both models of each"

  private static let repetitions = 5
  private static let clients = 100
  /// The paper's round is computed from one pass of this many clients.
  private static let measuredClients = 20
  private static let epochs = 10

  static func run(_ bench: Workbench) throws {
    try run(bench, FedAvg.self)
    try run(bench, PFedLA.self)
  }

  private static func run<Method: FederatedMethod>(_ bench: Workbench, _ type: Method.Type) throws {
    let preparation = try bench.preparation(
      method: type.information.name, clients: clients, epochs: 1)
    let engine = try preparation.engine(workers: bench.cores)
    var federation = try preparation.federation(type, on: engine)
    // So that all clients' models differ.
    _ = try federation.runRound()
    let models = try federation.models(.trained, of: Array(0..<measuredClients))
    var trace = Trace()
    trace.turns = [
      models.enumerated().map { client, model in
        let batches = federation.trainingBatches(round: 2, client: client).flatMap(\.batches)
        return Trace.Turn(start: model, batches: batches)
      }
    ]
    let series = try interleaved(
      repetitions,
      [
        { try seconds { _ = try federation.evaluate() } },
        {
          try trace.replay(
            on: engine, images: preparation.data.images,
            optimiser: preparation.specification.optimiser)
        },
      ])
    let evaluation = series[0]
    let round = series[1] * Double(clients / measuredClients * epochs)
    let subject = "\(type.information.name), \(clients) clients"
    let images = 2 * preparation.data.test.reduce(0) { $0 + $1.count }
    bench.add(
      subject, "evaluation", evaluation, "s",
      Figure.Ratio(
        evaluation / round, "to a paper round's pure steps (all clients, 10 epochs; computed)",
        target: "≤ 0.1"))
    bench.add(subject, "images evaluated", Double(images) / evaluation, "images/s")
  }
}
