import BenchmarkFigures
import Experiments
import FederatedLearning
import NeuralNetworks

/// A round of every method, compared with its training steps alone.
enum MethodsSection: BenchmarkSection {
  static let name = "methods"
  static let summary = "a round of every method, compared with its pure training steps"

  private static let repetitions = 3
  /// A round bears this part of an evaluation.
  private static let evaluationShare = 1.0 / 5

  static func run(_ bench: Workbench) throws {
    for type in MethodRegistry.all
    where bench.methods.names.isEmpty || bench.methods.names.contains(type.information.name) {
      try run(bench, type)
    }
  }

  private static func run<Method: FederatedMethod>(_ bench: Workbench, _ type: Method.Type) throws {
    let method = type.information.name
    let subject = "\(method), \(bench.methods.epochs) epochs"
    bench.note("  \(method)")
    let preparation = try bench.preparation(
      method: method, epochs: bench.methods.epochs, keys: "record_weights_every: 1")
    let engine = try preparation.engine(workers: bench.cores)
    let tracing = TracingEngine(engine)
    var federation = try preparation.federation(type, on: tracing)
    let everyRound = RunRecord.Schedule(
      preparation.specification, clientCount: preparation.data.clientCount)
    var record = RunRecord(
      roundCount: 10, clientCount: preparation.data.clientCount,
      layerCount: preparation.layout.layers.count)
    var trace = Trace()
    var traces: [Trace] = []
    let series = try interleaved(
      repetitions,
      [
        {
          _ = tracing.takeTrace()
          let time = try seconds {
            let done = try federation.runRound()
            record.enter(
              round: done.round, participants: done.participants, trainLosses: done.trainLosses,
              traffic: done.traffic, work: done.work)
          }
          trace = tracing.takeTrace()
          traces.append(trace)
          return time
        },
        {
          try trace.replay(
            on: engine, images: preparation.data.images,
            optimiser: preparation.specification.optimiser)
        },
        {
          try seconds {
            try record.enter(
              federation.evaluate(), of: preparation.evaluatedClients,
              round: federation.state.round)
            record.enterWeights(of: federation, everyRound)
          }
        },
      ])
    let (round, steps, evaluation) = (series[0], series[1], series[2])
    let whole = round + evaluation * evaluationShare
    bench.add(
      subject, "round + 1/5 evaluation", whole, "s",
      Figure.Ratio(whole / steps, "to the round's pure steps", target: "≤ 1.08"))
    bench.add(subject, "pure steps (\(trace.stepCount))", steps, "s")
    bench.add(
      subject, "evaluation and recording", evaluation, "s",
      Figure.Ratio(evaluation * evaluationShare / steps, "its fifth, to the pure steps"))
    // The first one warmed up.
    traces.removeFirst()
    let workers = Double(min(bench.cores, preparation.data.clientCount))
    func part(_ key: KeyPath<Trace.Turn, Double>) -> Series {
      Series(traces.map { $0.total(key) / workers })
    }
    let server = Series(traces.map(\.server))
    let (inside, transfer, forward) = (part(\.steps), part(\.transfer), part(\.forward))
    let rest = Series(
      round.values.indices.map {
        round.values[$0] - inside.values[$0] - transfer.values[$0] - forward.values[$0]
          - server.values[$0]
      })
    func add(_ quantity: String, _ part: Series) {
      bench.add(
        subject, quantity, part * 1e3, "ms", Figure.Ratio(part / steps, "to the pure steps"))
    }
    add("  steps inside the round", inside)
    add("  parameters in and out", transfer)
    if forward.median > 0 { add("  forward passes", forward) }
    add("  server beside training", server)
    add("  everything else", rest)
  }
}
