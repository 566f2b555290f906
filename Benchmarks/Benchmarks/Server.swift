import Experiments
import FederatedLearning
import NeuralNetworks

/// Local training of the participants: it gives the server its updates, and is what the server's time
/// is compared to.
final class LocalTraining {
  private let preparation: RunPreparation
  private let engine: ProcessorTrainingEngine
  /// One pass of each participant.
  private let batches: [[[Int32]]]

  init(_ preparation: RunPreparation, _ engine: ProcessorTrainingEngine) throws {
    self.preparation = preparation
    self.engine = engine
    let federation = try preparation.federation(PFedLA.self, on: engine)
    batches = (0..<preparation.data.clientCount).map {
      federation.trainingBatches(round: 1, client: $0).flatMap(\.batches)
    }
  }

  /// The outcome of the participants' training, in order.
  func updates(
    of method: PFedLA, clients: [Int], received: [[Float]], state: PFedLA.ServerState,
    bank: ClientBank
  ) throws -> [ClientUpdate<PFedLA.Contribution>] {
    let updates = Slots<ClientUpdate<PFedLA.Contribution>>(count: clients.count)
    let (batches, images) = (batches, preparation.data.images)
    let optimiser = preparation.specification.optimiser
    try engine.forEachClient(clients.count) { slot, network in
      let task = LocalTask(
        round: 1, client: clients[slot], images: images,
        phases: [LocalPhase.Batches(.train, batches[slot % batches.count])], optimiser: optimiser)
      let update = try method.train(
        task, received: PreparedModel(parameters: received[slot]), state: state, bank: bank,
        network: network)
      updates[slot] = update
    }
    return updates.all
  }

  /// Seconds of one epoch of the participants' training steps.
  func pureSteps() throws -> Double {
    var trace = Trace()
    let start = preparation.setting.initialParameters
    trace.turns = [batches.map { Trace.Turn(start: start, batches: $0) }]
    return try trace.replay(
      on: engine, images: preparation.data.images, optimiser: preparation.specification.optimiser)
  }
}

/// A server with a bank in which every client's model is another one.
final class Server {
  let clients: Int
  private let method: PFedLA
  private let engine: ProcessorTrainingEngine
  private let participants: [Int]
  private let groups: [Range<Int>]
  private var bank: ClientBank
  private var state: PFedLA.ServerState
  private var received: [[Float]] = []

  init(
    clients: Int, participants count: Int, preparation: RunPreparation,
    engine: ProcessorTrainingEngine, training: LocalTraining
  ) throws {
    self.clients = clients
    self.engine = engine
    let initial = preparation.setting.initialParameters
    let setting = FederationSetting(
      trainCounts: [Int](repeating: 420, count: clients), layout: preparation.layout,
      initialParameters: initial, statistics: .local, participation: 1, localEpochs: 1,
      batchSize: 32,
      optimiser: preparation.specification.optimiser, seed: 0)
    let method = try PFedLA(options: preparation.specification.methodOptions, setting: setting)
    self.method = method
    let state = method.initialState()
    self.state = state
    participants = (0..<count).map { $0 * clients / count }
    groups = ClientGroups.groups(of: count, workerCount: engine.workerCount)
    var bank = ClientBank(clientCount: clients, initial: initial)
    let trained = try training.updates(
      of: method, clients: participants,
      received: participants.map { _ in initial }, state: state, bank: bank)
    for client in 0..<clients {
      // A trained model, slightly changed, in its own memory.
      let factor = 1 + Float(client) * 1e-6
      bank.store(trained[client % count].trained.map { $0 * factor }, of: client)
    }
    self.bank = bank
  }

  /// Bytes of the bank's rows that pass through the processor, for each of the two: every group of
  /// participants reads all rows once. The participants' own few vectors stay in the caches.
  var bytesMoved: Int { groups.count * clients * bank.parameterCount * 4 }

  /// Seconds of making the participants' models.
  func receive() throws -> Double {
    let models = Slots<[[Float]]>(count: groups.count)
    let (method, state, bank, participants, groups) = (method, state, bank, participants, groups)
    let time = try seconds {
      try engine.inParallel(groups.count) { group in
        models[group] = method.receivedModels(
          of: Array(participants[groups[group]]), state: state, bank: bank)
      }
    }
    received = models.all.flatMap { $0 }
    return time
  }

  /// Seconds of the hypernetworks' step, after local training, which is not counted.
  func update(_ training: LocalTraining) throws -> Double {
    let updates = try training.updates(
      of: method, clients: participants, received: received, state: state, bank: bank)
    let digested = Slots<[ClientUpdate<PFedLA.Contribution>]>(count: groups.count)
    let (method, snapshot, bank, groups) = (method, state, bank, groups)
    let digestion = try seconds {
      try engine.inParallel(groups.count) { group in
        digested[group] = method.preprocess(
          Array(updates[groups[group]]), state: snapshot, bank: bank)
      }
    }
    let all = digested.all.flatMap { $0 }
    return try digestion
      + seconds {
        try method.aggregate(all, into: &state, bank: bank, on: engine)
      }
  }
}
