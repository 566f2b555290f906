import NeuralNetworks

// A federation that several ranks share. Every rank has the same data, method and server state, and does the same in
// the same order, but works only on its part of the clients and keeps only its part of the models; then all exchange
// what they have. Rank 0 leads: its calls of `runRound`, `evaluate` and `restore` are commands for the others.
extension Federation {
  /// Shares the federation, before its first round, among ranks that all have it. Returns when all have called it.
  public mutating func share(among ranks: RankGroup) throws {
    guard ranks.rankCount > 1 else { return }
    self.ranks = ranks
    state.bank.share(among: ranks)
    // No rank may ask for models before all have theirs.
    try ranks.together()
  }

  /// Does what the leader asks for until it ends the run; on every rank but 0. A stopped round leaves the state as it
  /// was, as on the leader.
  /// - Throws: `FederationError` if the leader is another program, or its state does not fit; then all ranks must be
  ///   ended (`RankGroup.abort`).
  public mutating func follow() throws {
    guard let ranks, !ranks.isLeader else { return }
    watch = RoundWatch(shouldStop: { ranks.isStopped }, advanced: { _, _, _ in })
    while true {
      var (command, content) = try ranks.nextCommand()
      // The leader has the same error and decides what follows.
      switch command {
      case .round: _ = try? runRound()
      case .evaluation:
        let clients = try content.takeArray(of: Int.self)
        guard clients.allSatisfy((0..<data.clientCount).contains) else {
          throw FederationError("ranks: clients to evaluate that are not there")
        }
        let predicting = try content.take(UInt8.self) == 1
        _ = try? evaluate(clients, predicting: predicting)
      case .restoration: try restore(&content)
      case .start: break
      case .end: return ranks.leave()
      }
    }
  }

  /// Sends the other ranks a command, if this is the leader.
  func lead(_ command: RankGroup.Command, _ clients: [Int] = [], predicting: Bool = false) {
    guard let ranks, ranks.isLeader else { return }
    var content = RankMessage()
    content.append(clients)
    content.append(UInt8(predicting ? 1 : 0))
    ranks.command(command, content)
  }

  /// Whether this process keeps a client's model.
  func keeps(_ client: Int) -> Bool {
    ranks.map { $0.part($0.rank, of: data.clientCount).contains(client) } ?? true
  }

  /// Does something on every rank; throws everywhere if it throws on one.
  func together(_ work: () throws -> Void = {}) throws {
    guard let ranks else { return try work() }
    try ranks.together(work)
  }
}

// MARK: - Work on clients

extension Federation {
  /// Each rank's work on its part of some clients: what all leave, in the order of `clients`.
  func shared(_ clients: [Int], _ work: ([Int]) throws -> [Finished]) throws -> [Finished] {
    guard let ranks else { return try work(clients) }
    let finished = try ranks.exchange(
      work: { try work(Array(clients[ranks.part(ranks.rank, of: clients.count)])) },
      encode: { finished, rank in message(finished, to: rank, of: ranks) },
      decode: { message, rank in
        let finished = try self.finished(&message)
        guard finished.map(\.update.client) == Array(clients[ranks.part(rank, of: clients.count)])
        else { throw FederationError("ranks: rank \(rank) trained other clients than expected") }
        return finished
      }, shouldStop: watch?.shouldStop)
    return finished.flatMap { $0 }
  }

  private func message(_ finished: [Finished], to rank: Int, of ranks: RankGroup) -> RankMessage {
    let kept = ranks.part(rank, of: data.clientCount)
    var message = RankMessage()
    message.append(finished.count)
    for finished in finished {
      let update = finished.update
      message.append(update.client)
      message.append(
        method.aggregatesTrainedModels || kept.contains(update.client) ? update.trained : [])
      message.append(update.trainLoss)
      message.append(method.values(of: update.contribution))
      message.append(finished.work.gradients)
      message.append(finished.work.evaluatedSamples)
      message.append(finished.nonFinite ?? -1)
    }
    return message
  }

  private func finished(_ message: inout RankMessage) throws -> [Finished] {
    try (0..<message.takeCount()).map { _ in
      let update = try ClientUpdate(
        client: message.take(), trained: message.takeArray(), trainLoss: message.take(),
        contribution: method.contribution(from: message.takeArrays()))
      guard update.trained.isEmpty || update.trained.count == state.bank.parameterCount else {
        throw FederationError("ranks: a model of \(update.trained.count) values")
      }
      let work = try NetworkWork(gradients: message.take(), evaluatedSamples: message.take())
      let nonFinite = try message.take(Int.self)
      return Finished(update: update, work: work, nonFinite: nonFinite < 0 ? nil : nonFinite)
    }
  }

  /// Each rank's evaluation of its part of some clients: all, in the order of `clients`.
  func sharedEvaluations(
    _ clients: [Int], predicting: Bool, _ work: ([Int]) throws -> [(Evaluation, Evaluation)]
  ) throws -> [(Evaluation, Evaluation)] {
    guard let ranks else { return try work(clients) }
    let evaluations = try ranks.exchange(
      work: { try work(Array(clients[ranks.part(ranks.rank, of: clients.count)])) },
      encode: { evaluations, _ in
        var message = RankMessage()
        message.append(evaluations.count)
        for (received, trained) in evaluations {
          for evaluation in [received, trained] {
            message.append(evaluation.lossSum)
            message.append(evaluation.correctByClass)
            message.append(evaluation.count)
            if predicting { message.append(evaluation.predicted ?? []) }
          }
        }
        return message
      },
      decode: { message, _ in
        func evaluation() throws -> Evaluation {
          var evaluation = Evaluation(classCount: 0)
          evaluation.lossSum = try message.take()
          evaluation.correctByClass = try message.takeArray()
          evaluation.count = try message.take()
          if predicting { evaluation.predicted = try message.takeArray() }
          return evaluation
        }
        return try (0..<message.takeCount()).map { _ in (try evaluation(), try evaluation()) }
      }, shouldStop: watch?.shouldStop)
    return evaluations.flatMap { $0 }
  }
}

// MARK: - Restoring

extension Federation {
  /// After the leader's own: sends the other ranks the state, each its part of the models, which the leader then
  /// no longer keeps.
  mutating func restoreOthers(_ server: [StateTensor]) throws {
    guard let ranks, ranks.isLeader else { return }
    var content = RankMessage()
    content.append(state.round)
    content.append(server.count)
    for tensor in server {
      content.append(tensor.name)
      content.append(tensor.shape)
      content.append(tensor.pieces)
    }
    ranks.command(.restoration, content)
    for rank in 1..<ranks.rankCount {
      for client in ranks.part(rank, of: data.clientCount) {
        var row = RankMessage()
        row.append(state.bank[client])
        ranks.send(row, to: rank)
      }
    }
    state.bank.share(among: ranks)
    try ranks.together()
  }

  /// The same from a leader's message.
  private mutating func restore(_ content: inout RankMessage) throws {
    guard let ranks else { return }
    let round = try content.take(Int.self)
    let tensors = try (0..<content.takeCount()).map { _ in
      try StateTensor(
        name: content.takeText(), shape: content.takeArray(), pieces: content.takeArrays())
    }
    var bank = ClientBank(clientCount: data.clientCount, initial: setting.initialParameters)
    for client in ranks.part(ranks.rank, of: data.clientCount) {
      var message = ranks.receive(from: 0)
      let row = try message.takeArray(of: Float.self)
      guard row.count == bank.parameterCount else {
        throw FederationError("ranks: a model of \(row.count) values")
      }
      bank.store(row, of: client)
    }
    state = State(round: round, bank: bank, server: try method.state(from: tensors))
    state.bank.share(among: ranks)
    try ranks.together()
  }
}
