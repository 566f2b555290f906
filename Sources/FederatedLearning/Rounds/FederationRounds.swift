import NeuralNetworks

// A round: the server sends models, clients train, the server aggregates the updates.
extension Federation {
  /// What a round leaves for the record.
  public struct RoundRecord: Sendable {
    /// The round, counted from 1.
    public let round: Int
    /// The participants in ascending order, without clients that dropped out.
    public let participants: [Int]
    /// The selected clients that dropped out, in ascending order.
    public let droppedOut: [Int]
    /// Mean training loss of each participant.
    public let trainLosses: [Float]
    /// What each participant sent and was sent, then what each client that dropped out was sent.
    public let traffic: [Traffic]
    /// What each participant's network computed, preparation of the received model included; evaluation on
    /// test samples is not a part of it.
    public let work: [NetworkWork]
    /// The first parameter of each participant's trained model that is not finite; nil if all are.
    let nonFinite: [Int?]
  }

  /// What one participant's work leaves.
  struct Finished: Sendable {
    var update: ClientUpdate<Method.Contribution>
    let work: NetworkWork
    let nonFinite: Int?
  }

  /// One round. All participants start from the same snapshot of the state; the state is replaced
  /// only when all have succeeded. If all drop out, only the round's number changes. Throws the engine's error, and `WorkStopped`, with the state as it was, if the
  /// watch ends the round before the server aggregates.
  public mutating func runRound() throws -> RoundRecord {
    lead(.round)
    let round = state.round + 1
    let selected = selected(round: round)
    return try runRound(
      of: selected.filter { !dropsOut($0, round: round) },
      droppedOut: selected.filter { dropsOut($0, round: round) })
  }

  /// The next round with these participants, ascending, whoever would be drawn.
  mutating func runRound(of participants: [Int], droppedOut: [Int] = []) throws -> RoundRecord {
    let round = state.round + 1
    // Nothing holds the state any more when this returns, so that it is changed in place.
    let finished = try results(of: participants, round: round)
    let traffic =
      participants.map { method.traffic(of: $0, state: state.server) }
      + droppedOut.map {
        Traffic(uplink: 0, downlink: method.traffic(of: $0, state: state.server).downlink)
      }
    let updates = finished.map(\.update)
    try times.measure(.aggregation) {
      let aggregated = Result {
        guard !updates.isEmpty else { return }
        try method.aggregate(updates, into: &state.server, bank: state.bank, on: engine)
      }
      try together { try aggregated.get() }
      for update in updates where keeps(update.client) {
        state.bank.store(update.trained, of: update.client)
      }
      state.bank.serve()
    }
    state.round = round
    // No rank may ask for the new models before all have stored theirs.
    try together()
    return RoundRecord(
      round: round, participants: participants, droppedOut: droppedOut,
      trainLosses: updates.map(\.trainLoss),
      traffic: traffic, work: finished.map(\.work), nonFinite: finished.map(\.nonFinite))
  }

  /// The number of participants that are sent their models at a time, so that only this many models wait for their
  /// client; at least one group per worker. The same on all ranks, whose workers may differ in number.
  private var simultaneousParticipants: Int {
    if let ranks { return ranks.participantsAtOnce * ranks.rankCount }
    return max(128, engine.workerCount * ClientBank.sharedPassCount)
  }

  /// What the participants' work leaves, in ascending order of clients. Changes nothing.
  private func results(of participants: [Int], round: Int) throws -> [Finished] {
    var finished: [Finished] = []
    let own = ranks.map { $0.part($0.rank, of: participants.count).count } ?? participants.count
    let counter = StageCounter(watch, .training, of: own)
    let count = simultaneousParticipants
    for start in stride(from: 0, to: participants.count, by: count) {
      let clients = Array(participants[start..<min(start + count, participants.count)])
      finished += try shared(clients) { clients in
        let sent = try times.measure(.sending) { try received(by: clients, counter) }
        let results = try times.measure(.training) {
          try trained(clients, received: sent, round: round, counter)
        }
        return try times.measure(.aggregation) { try preprocessed(results, counter) }
      }
    }
    return finished
  }

  /// What the server sends, axes (client, parameter).
  private func received(by clients: [Int], _ counter: StageCounter) throws -> [[Float]] {
    let groups = ClientGroups.groups(of: clients.count, workerCount: engine.workerCount)
    let slots = Slots<[[Float]]>(count: groups.count)
    let (method, snapshot) = (method, state)
    try engine.inParallel(groups.count) { group in
      try counter.checkStop()
      slots[group] = method.receivedModels(
        of: Array(clients[groups[group]]), state: snapshot.server, bank: snapshot.bank)
    }
    return slots.all.flatMap { $0 }
  }

  /// Local training from what was sent.
  private func trained(
    _ clients: [Int], received: [[Float]], round: Int, _ counter: StageCounter
  ) throws -> [Finished] {
    let slots = Slots<Finished>(count: clients.count)
    let (method, snapshot, tasks) = (method, state, tasks)
    try engine.forEachClient(clients.count, unless: watch?.shouldStop) { slot, network in
      let before = network.work
      let task = tasks.task(round: round, client: clients[slot])
      network.drawDropout(from: tasks.dropout(of: task))
      let prepared = try method.prepare(
        task, received: received[slot], state: snapshot.server, bank: snapshot.bank,
        network: network)
      let update = try method.train(
        task, received: prepared, state: snapshot.server, bank: snapshot.bank, network: network)
      slots[slot] = Finished(
        update: update, work: network.work - before, nonFinite: firstNonFinite(update.trained))
      counter.advance()
    }
    return slots.all
  }

  /// The server's preprocessing of the updates before it aggregates them.
  private func preprocessed(_ finished: [Finished], _ counter: StageCounter) throws -> [Finished] {
    let groups = ClientGroups.groups(of: finished.count, workerCount: engine.workerCount)
    let slots = Slots<[ClientUpdate<Method.Contribution>]>(count: groups.count)
    let (method, snapshot) = (method, state)
    try engine.inParallel(groups.count) { group in
      try counter.checkStop()
      slots[group] = method.preprocess(
        finished[groups[group]].map(\.update), state: snapshot.server, bank: snapshot.bank)
    }
    return zip(finished, slots.all.joined()).map { finished, update in
      var preprocessed = finished
      preprocessed.update = update
      return preprocessed
    }
  }
}
