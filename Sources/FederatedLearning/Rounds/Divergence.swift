import NeuralNetworks

/// A value that is not finite, found in the round in which it appeared: the run has diverged there.
public struct Divergence: Sendable, Equatable, CustomStringConvertible {
  /// What is not finite.
  public enum Place: Sendable, Equatable {
    /// The training loss of the client's participation.
    case trainingLoss
    /// A parameter of the client's trained model, in that layer.
    case layer(String)
    /// A parameter of the client's model that is evaluated, in that layer: its test loss shows it.
    case evaluatedLayer(String, EvaluatedModel)
    /// A parameter of the client's hypernetwork or, without a client, of the one that all share.
    case hypernetwork
    /// A tensor of the server's state, by its name.
    case serverState(String)
    /// The test loss of that model, which no training loss reveals.
    case testLoss(EvaluatedModel)
  }

  /// The round, counted from 1.
  public let round: Int
  /// The client; nil for what all clients share.
  public let client: Int?
  /// What is not finite.
  public let place: Place
  /// If only the loss is not finite, as `Federation.located(_:)` finds: the largest parameter of the
  /// model by its absolute value, and its layer.
  public var largestParameter: LargestParameter?

  /// A parameter by its absolute value.
  public struct LargestParameter: Sendable, Equatable {
    /// Its absolute value.
    public let value: Float
    /// Its layer.
    public let layer: String
  }

  /// A value that is not finite, without a look at the model.
  package init(round: Int, client: Int?, place: Place) {
    self.round = round
    self.client = client
    self.place = place
  }

  /// Where it is, such as `round 7, client 3, layer fc1`.
  public var description: String {
    let place =
      switch place {
      case .trainingLoss: "training loss"
      case .layer(let name): "layer \(name)"
      case .evaluatedLayer(let name, let model): "layer \(name) of the \(model.rawValue) model"
      case .hypernetwork: "hypernetwork"
      case .serverState(let name): "server state \(name)"
      case .testLoss(let model): "test loss of the \(model.rawValue) model"
      }
    return (["round \(round)"] + [client.map { "client \($0)" }].compactMap { $0 } + [place])
      .joined(separator: ", ")
  }

  /// The same as a sentence, with what is known of the model.
  public var sentence: String {
    "\(description) is not finite"
      + (largestParameter.map {
        ": it overflowed, as every parameter is finite, the largest \($0.value), in layer \($0.layer)"
      } ?? "")
  }
}

extension Federation {
  /// Non-finite values after a round: at most one finding per participant, in ascending order, and
  /// one for what all share. Changes nothing.
  public func divergences(after record: RoundRecord) -> [Divergence] {
    let (hypernetworks, server) = (method.hypernetworks, state.server)
    func found(_ client: Int?, _ place: Divergence.Place) -> Divergence {
      Divergence(round: record.round, client: client, place: place)
    }
    var findings: [Divergence] = []
    for (place, client) in record.participants.enumerated() {
      // The layer says more than the loss, which comes first only where the last step was the bad one.
      if let index = record.nonFinite[place] {
        findings.append(found(client, .layer(layerName(ofParameter: index))))
      } else if !record.trainLosses[place].isFinite {
        findings.append(found(client, .trainingLoss))
      } else if let hypernetworks, !hypernetworks.sharesHypernetwork,
        !hypernetworks.hypernetworkIsFinite(of: client, state: server)
      {
        findings.append(found(client, .hypernetwork))
      }
    }
    if let hypernetworks {
      if hypernetworks.sharesHypernetwork,
        !hypernetworks.hypernetworkIsFinite(of: 0, state: server)
      {
        findings.append(found(nil, .hypernetwork))
      }
    } else if let tensor = method.tensors(of: server).first(where: { tensor in
      tensor.pieces.contains { firstNonFinite($0) != nil }
    }) {
      findings.append(found(nil, .serverState(tensor.name)))
    }
    return findings
  }

  /// The clients whose test loss is not finite after the current round, at most one finding per client.
  /// - Parameters:
  ///   - test: the round's evaluation, axis client: those that were evaluated.
  ///   - clients: their numbers, axis (place in the record).
  public func divergences(in test: TestRecord, of clients: [Int]) -> [Divergence] {
    clients.indices.compactMap { place in
      let client = clients[place]
      let model: EvaluatedModel? =
        if !test.received[place].lossSum.isFinite {
          .received
        } else if !test.trained[place].lossSum.isFinite {
          .trained
        } else {
          nil
        }
      return model.map { Divergence(round: state.round, client: client, place: .testLoss($0)) }
    }
  }
}

extension Federation {
  /// The same finding with the layer where a loss alone shows it: of the model whose loss is not finite, the
  /// first layer with such a parameter, or the layer of the largest parameter if all are finite. Changes
  /// nothing; throws the engine's error.
  public func located(_ divergence: Divergence) throws -> Divergence {
    guard let client = divergence.client else { return divergence }
    var located = divergence
    let parameters: [Float]
    switch divergence.place {
    case .trainingLoss: parameters = state.bank[client]
    case .testLoss(let model):
      parameters = try self.model(model, of: client)
      if let index = firstNonFinite(parameters) {
        return Divergence(
          round: divergence.round, client: client,
          place: .evaluatedLayer(layerName(ofParameter: index), model))
      }
    default: return divergence
    }
    let largest = parameters.indices.max { abs(parameters[$0]) < abs(parameters[$1]) }
    located.largestParameter = largest.map {
      .init(value: abs(parameters[$0]), layer: layerName(ofParameter: $0))
    }
    return located
  }

  private func layerName(ofParameter index: Int) -> String {
    engine.layout.layers.first { $0.range.contains(index) }?.name ?? "parameter \(index)"
  }
}

/// The index of the first value that is infinite or not a number; nil if all are finite.
func firstNonFinite(_ values: [Float]) -> Int? {
  let isFinite = values.withUnsafeBufferPointer { values in
    // Without a branch in the loop, so that it runs on vectors.
    var largest: UInt32 = 0
    for value in values { largest = max(largest, value.bitPattern & 0x7fff_ffff) }
    return largest < Float.infinity.bitPattern
  }
  return isFinite ? nil : values.firstIndex { !$0.isFinite }
}
