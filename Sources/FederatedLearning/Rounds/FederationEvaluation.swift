import NeuralNetworks

// Evaluation of the current models. Changes nothing: the state's bits are the same before and after.
// Clients are worked on in groups, so that as many received models as share a pass over the client bank
// are in memory for each worker.
extension Federation {
  /// How good the current models are on every client's own test data, axis (client).
  public struct TestRecord: Sendable, Equatable {
    /// The model that the client would start its next local training from.
    public var received: [Evaluation]
    /// The client's model after its latest local training, or whatever else the method evaluates as
    /// `trained`.
    public var trained: [Evaluation]
  }

  /// Evaluates every client, participant or not. Throws the engine's error, and `WorkStopped` if the watch ends
  /// it early.
  public func evaluate() throws -> TestRecord { try evaluate(Array(0..<data.clientCount)) }

  /// The same for some clients, axis (place in `clients`).
  /// - Parameters:
  ///   - clients: the clients.
  ///   - predicting: whether the evaluations keep the predicted class of each test sample.
  public func evaluate(_ clients: [Int], predicting: Bool = false) throws -> TestRecord {
    lead(.evaluation, clients, predicting: predicting)
    let evaluations = try times.measure(.evaluation) {
      try sharedEvaluations(clients, predicting: predicting) {
        try evaluatePart($0, predicting: predicting)
      }
    }
    return TestRecord(received: evaluations.map(\.0), trained: evaluations.map(\.1))
  }

  /// Evaluates the one model for all clients on samples that no client has, in pieces of a fixed size; nil for a method
  /// without such a model. Throws the engine's error, and `WorkStopped` if the watch ends it early.
  public func evaluateGlobalModel(on samples: [Int32]) throws -> Evaluation? {
    guard !samples.isEmpty, let model = method.globalModel(of: state.server) else { return nil }
    let (images, size) = (data.images, 500)
    let starts = Array(stride(from: 0, to: samples.count, by: size))
    let slots = Slots<Evaluation>(count: starts.count)
    try times.measure(.evaluation) {
      try engine.forEachClient(starts.count, unless: watch?.shouldStop) { place, network in
        try network.load(model)
        let end = min(starts[place] + size, samples.count)
        slots[place] = try network.evaluate(samples[starts[place]..<end], of: images)
      }
    }
    return slots.all.dropFirst().reduce(slots.all[0]) { sum, part in
      var sum = sum
      sum.lossSum += part.lossSum
      sum.count += part.count
      sum.correctByClass = zip(sum.correctByClass, part.correctByClass).map(+)
      return sum
    }
  }

  /// Of the received and of the trained model of some clients.
  private func evaluatePart(_ clients: [Int], predicting: Bool) throws
    -> [(Evaluation, Evaluation)]
  {
    let (data, tasks) = (data, tasks)
    let counter = StageCounter(watch, .evaluation, of: clients.count)
    @Sendable func evaluation(_ model: [Float], of client: Int, on network: any LocalNetwork) throws
      -> Evaluation
    {
      try network.load(model)
      return try network.evaluate(
        data.test[client][...], of: data.images, predicting: predicting)
    }
    return try forEach(of: clients) { method, snapshot, task, received, network in
      // One after the other: a network holds one model.
      let prepared = try method.prepare(
        task, received: received, state: snapshot.server, bank: snapshot.bank, network: network)
      let ofReceived = try evaluation(prepared.parameters, of: task.client, on: network)
      // As if it were the first that is asked for.
      network.drawDropout(from: tasks.dropout(of: task))
      let trained = try method.trainedModel(
        task, state: snapshot.server, bank: snapshot.bank, network: network)
      let ofTrained = try evaluation(trained, of: task.client, on: network)
      counter.advance()
      return (ofReceived, ofTrained)
    }
  }

  /// The model of a client as it is evaluated, axis (parameter). Throws the engine's error.
  public func model(_ model: EvaluatedModel, of client: Int) throws -> [Float] {
    try models(model, of: [client])[0]
  }

  /// The same for some clients, axes (client, parameter).
  public func models(_ model: EvaluatedModel, of clients: [Int]) throws -> [[Float]] {
    switch model {
    case .received:
      return try forEach(of: clients) { method, snapshot, task, received, network in
        try method.prepare(
          task, received: received, state: snapshot.server, bank: snapshot.bank, network: network
        ).parameters
      }
    case .trained:
      let slots = Slots<[Float]>(count: clients.count)
      let (method, snapshot, tasks) = (method, state, tasks)
      try engine.forEachClient(clients.count) { slot, network in
        let task = tasks.preparation(round: snapshot.round + 1, client: clients[slot])
        network.drawDropout(from: tasks.dropout(of: task))
        slots[slot] = try method.trainedModel(
          task, state: snapshot.server, bank: snapshot.bank, network: network)
      }
      return slots.all
    }
  }

  /// Calls `body` for each client with its next task and the model that the server would send, on a
  /// worker's network.
  private func forEach<Result: Sendable>(
    of clients: [Int],
    _ body:
      @escaping @Sendable (Method, State, LocalTask, [Float], any LocalNetwork) throws ->
      Result
  ) throws -> [Result] {
    let groups = ClientGroups.groups(of: clients.count, workerCount: engine.workerCount)
    let slots = Slots<[Result]>(count: groups.count)
    let (method, snapshot, tasks) = (method, state, tasks)
    try engine.forEachClient(groups.count, unless: watch?.shouldStop) { group, network in
      let members = Array(clients[groups[group]])
      let received = method.receivedModels(
        of: members, state: snapshot.server, bank: snapshot.bank)
      slots[group] = try zip(members, received).map { client, received in
        let task = tasks.preparation(round: snapshot.round + 1, client: client)
        network.drawDropout(from: tasks.dropout(of: task))
        return try body(method, snapshot, task, received, network)
      }
    }
    return slots.all.flatMap { $0 }
  }
}
