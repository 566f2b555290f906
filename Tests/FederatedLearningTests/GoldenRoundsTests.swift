import FederatedLearning
import NeuralNetworks
import TestSupport
import Testing

/// Whole rounds of the round loop against PyTorch's.
@Suite("Rounds against PyTorch")
struct GoldenRoundsTests {
  /// The oracle's batches; [round][client][step].
  struct ListedBatches: BatchSchedule {
    let batches: [[[[Int]]]]

    func batches(round: Int, client: Int, samples: [Int32], epochs: Int, batchSize: Int)
      -> [[Int32]]
    {
      batches[round - 1][client].map { $0.map(Int32.init) }
    }
  }

  let golden: FederatedRounds

  init() throws { golden = try GoldenValues.rounds() }

  /// A federation whose participants, drawn from its seed, are the given ones in every round.
  func start<Method: FederatedMethod>(
    _ type: Method.Type, _ options: [String: OptionValue] = [:], clients: [[Int]],
    batches: [[[[Int]]]], participants: [[Int]]
  ) throws -> Federation<Method> {
    let share = Double(participants[0].count) / Double(clients.count)
    let seed = try #require(
      (0..<10_000 as Range<UInt64>).first { seed in
        participants.enumerated().allSatisfy { index, participants in
          Participation.selected(
            seed: seed, round: index + 1, share: share, clientCount: clients.count) == participants
        }
      })
    let engine = try ProcessorTrainingEngine(
      architecture: golden.network.architecture(), batchSize: 4, workerCount: 2)
    let setting = FederationSetting(
      trainCounts: clients.map(\.count), layout: engine.layout,
      initialParameters: golden.initialParameters, statistics: .aggregated, participation: share,
      localEpochs: 2, batchSize: 4,
      optimiser: StochasticGradientDescent(learningRate: golden.learningRate), seed: seed)
    // Each client needs a test sample; the oracle's samples are all for training.
    let images = try golden.network.images(
      pixelSalt: golden.pixelSalt, labelSalt: golden.labelSalt,
      count: golden.imageCount + clients.count)
    let data = try FederatedData(
      images: images, classCount: golden.network.classCount,
      train: clients.map { $0.map(Int32.init) },
      test: clients.indices.map { [Int32(golden.imageCount + $0)] })
    return try Federation(
      method: Method(
        options: MethodOptions(options, for: Method.information.options), setting: setting),
      data: data, engine: engine, schedule: ListedBatches(batches: batches))
  }

  @Test("pFedLA and HeurpFedLA", arguments: try GoldenValues.rounds().personalised)
  func personalised(_ rounds: PersonalisedRounds) throws {
    var options: [String: OptionValue] = [
      "normaliser": .text(rounds.normaliser.rawValue), "head_initialisation": .text("uniform"),
      "step_size": .number(Double(rounds.stepSize)),
      "embedding_size": .integer(rounds.embedding), "hidden_sizes": .integers(rounds.hidden),
    ]
    if rounds.retainedLayers == 0 {
      try compare(PFedLA.self, options, rounds)
    }
    options["retained_layers"] = .integer(rounds.retainedLayers)
    try compare(HeurpFedLA.self, options, rounds)
  }

  func compare<Method: FederatedMethod>(
    _ type: Method.Type, _ options: [String: OptionValue], _ rounds: PersonalisedRounds
  ) throws where Method.ServerState == HypernetworkState, Method: HypernetworkTraining {
    var federation = try start(
      type, options, clients: golden.clients, batches: golden.batches,
      participants: rounds.rounds.map(\.participants))
    try federation.restore(
      round: 0, bank: federation.state.bank,
      server: federation.method.tensors(of: federation.method.dense(rounds.hypernetworks)))

    // A few roundings each, for another order of summation.
    let rounding = rounds.rounding
    for (index, round) in rounds.rounds.enumerated() {
      let before = federation.state
      let record = try federation.runRound()
      let after = federation.state
      #expect(record.participants == round.participants)
      for (place, expected) in round.clients.enumerated() {
        let client = expected.client
        func check(_ found: [Float], _ wanted: [Float], _ rounding: Double, _ what: String) {
          expectClose(
            found, wanted, absolute: 8 * rounding, "round \(index + 1), client \(client): \(what)")
        }
        let weights = federation.method.weighting?.aggregationWeights(
          of: client, state: before.server)
        check(
          weights?.flatMap { $0 } ?? [], expected.aggregationWeights.flatMap { $0 },
          rounding.aggregationWeights, "weights")
        let retained = federation.method.retention?.retainedLayers(
          of: client, state: before.server)
        #expect((retained ?? []).indices.filter { retained?[$0] == true } == expected.retained)
        check(
          federation.method.receivedModel(of: client, state: before.server, bank: before.bank),
          expected.received, rounding.received, "received")
        check(Array(after.bank[client]), expected.trained, rounding.trained, "trained")
        check([record.trainLosses[place]], [expected.trainLoss], rounding.trainLoss, "loss")
        check(
          federation.method.hypernetworks?.hypernetworkParameters(
            of: client, state: after.server) ?? [],
          expected.hypernetwork, rounding.hypernetwork, "hypernetwork")
      }
      for client in federation.clients where !round.participants.contains(client) {
        #expect(after.bank[client].bits == before.bank[client].bits)
        #expect(after.server.clients[client] == before.server.clients[client])
      }
    }
  }

  @Test("FedAvg, with unequal amounts of data")
  func federatedAveraging() throws {
    let rounds = golden.federatedAveraging
    var federation = try start(
      FedAvg.self, clients: rounds.clients, batches: rounds.batches,
      participants: rounds.batches.map { _ in Array(rounds.clients.indices) })
    for (index, expected) in rounds.globalParameters.enumerated() {
      let record = try federation.runRound()
      expectClose(
        federation.state.server, expected, absolute: 8 * rounds.rounding,
        "global model of round \(index + 1)")
      for received in federation.receivedModels {
        #expect(received.bits == federation.state.server.bits)
      }
      expectClose(
        record.trainLosses, rounds.trainLosses[index], absolute: 1e-6,
        "losses of round \(index + 1)")
    }
  }
}
