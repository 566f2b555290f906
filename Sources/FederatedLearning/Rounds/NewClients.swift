import NeuralNetworks
import RandomStreams

// Clients that join after training. Each joins alone, as the last client of a copy of the federation in which nobody else
// trains any more: new clients see neither each other nor what others would have learned from them.
extension Federation {
  /// How good a new client's models are on its own test data before its first round and after each, axis (joining
  /// round, from 0).
  public struct JoiningRecord: Sendable, Equatable {
    /// The model that its next local training would start from; in row 0, what it receives as it joins.
    public var received: [Evaluation] = []
    /// Its model after its latest local training; in row 0, the initial model that all clients started with.
    public var trained: [Evaluation] = []
  }

  /// What a client would get that joined now and trained for some rounds, on its own. Changes nothing: the rounds, whose
  /// only participant it is, belong to a copy. There the method treats it as a client that has not taken part so far. So
  /// FedAvg's first round is fine-tuning of the global model, and pFedLA's hypernetwork of the client, which begins with
  /// its initial values, learns from the client's own updates while the other clients' models stay as they are.
  ///
  /// Its random numbers are those of the client behind the last one, in the rounds behind the current one.
  /// - Parameters:
  ///   - samples: the dataset indices that it trains and tests on; no client may have them.
  ///   - classCount: the dataset's classes.
  ///   - options: the method's keys.
  ///   - rounds: how many rounds it trains for.
  ///   - observe: is shown the copy as the client joins and after each of its rounds.
  /// - Throws: `FederationError` if its samples do not suit, the engine's error, and `WorkStopped`.
  public func joining(
    _ samples: (train: [Int32], test: [Int32]), classCount: Int, options: MethodOptions,
    rounds: Int, observe: (Federation) -> Void = { _ in }
  ) throws -> JoiningRecord {
    let client = data.clientCount
    let method = try Method(
      options: options, setting: setting.adding(trainCount: samples.train.count))
    var joined = try Federation(
      method: method,
      data: FederatedData(
        images: data.images, classCount: classCount, train: data.train + [samples.train],
        test: data.test + [samples.test]),
      engine: engine)
    joined.watch = watch
    joined.state = State(
      round: state.round,
      bank: try ClientBank(
        parameterCount: state.bank.parameterCount,
        rows: (0..<client).map { state.bank[$0] } + [setting.initialParameters]),
      server: try method.joined(state.server, of: self.method))
    var record = JoiningRecord()
    for round in 0...rounds {
      if round > 0 { _ = try joined.runRound(of: [client]) }
      observe(joined)
      let test = try joined.evaluate([client])
      record.received += test.received
      record.trained += test.trained
    }
    return record
  }
}

/// Which clients of a partition join after training.
public enum NewClients {
  /// The clients in ascending order, from the stream (seed, new clients).
  /// - Parameters:
  ///   - count: how many; below `clientCount`.
  ///   - seed: the run's seed.
  ///   - clientCount: how many clients there are.
  public static func clients(seed: UInt64, count: Int, clientCount: Int) -> [Int] {
    var stream = RandomStream(seed: seed, purpose: .newClients)
    return stream.shuffled(0..<clientCount).prefix(count).sorted()
  }
}
