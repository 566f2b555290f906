import NeuralNetworks

/// A value that is not finite, found in the round in which it appeared: the run has diverged there.
public struct Divergence: Sendable, Equatable, CustomStringConvertible {
  /// What is not finite.
  public enum Place: Sendable, Equatable {
    /// The training loss of the client's participation.
    case trainingLoss
    /// A parameter of the client's trained model, in that layer.
    case layer(String)
    /// A parameter of the client's hypernetwork or, without a client, of the one that all share.
    case hypernetwork
    /// A tensor of the server's state, by its name.
    case serverState(String)
    /// The test loss of that model: it lies where no training loss could show it.
    case testLoss(EvaluatedModel)
  }

  /// The round, counted from 1.
  public let round: Int
  /// The client; nil for what all clients share.
  public let client: Int?
  /// What is not finite.
  public let place: Place

  /// Where it is, such as `round 7, client 3, layer fc1`.
  public var description: String {
    let place =
      switch place {
      case .trainingLoss: "training loss"
      case .layer(let name): "layer \(name)"
      case .hypernetwork: "hypernetwork"
      case .serverState(let name): "server state \(name)"
      case .testLoss(let model): "test loss of the \(model.rawValue) model"
      }
    return (["round \(round)"] + [client.map { "client \($0)" }].compactMap { $0 } + [place])
      .joined(separator: ", ")
  }
}

extension Federation {
  /// What a round has left that is not finite: at most one finding a participant, in ascending order, and
  /// one for what all share. Changes nothing.
  public func divergences(after record: RoundRecord) -> [Divergence] {
    let (method, server) = (method, state.server)
    func found(_ client: Int?, _ place: Divergence.Place) -> Divergence {
      Divergence(round: record.round, client: client, place: place)
    }
    var findings: [Divergence] = []
    for (client, loss) in zip(record.participants, record.trainLosses) {
      // The layer says more than the loss, which comes first only where the last step was the bad one.
      if let index = firstNonFinite(state.bank[client]) {
        let layer = engine.layout.layers.first { $0.range.contains(index) }
        findings.append(found(client, .layer(layer?.name ?? "parameter \(index)")))
      } else if !loss.isFinite {
        findings.append(found(client, .trainingLoss))
      } else if !method.sharesHypernetwork,
        let parameters = method.hypernetworkParameters(of: client, state: server),
        firstNonFinite(parameters) != nil
      {
        findings.append(found(client, .hypernetwork))
      }
    }
    if method.hypernetworkTensors == nil {
      let tensor = method.tensors(of: server).first { tensor in
        tensor.pieces.contains { firstNonFinite($0) != nil }
      }
      if let tensor { findings.append(found(nil, .serverState(tensor.name))) }
    } else if method.sharesHypernetwork,
      let parameters = method.hypernetworkParameters(of: 0, state: server),
      firstNonFinite(parameters) != nil
    {
      findings.append(found(nil, .hypernetwork))
    }
    return findings
  }

  /// The clients whose test loss is not finite after the current round, at most one finding a client.
  public func divergences(in test: TestRecord) -> [Divergence] {
    zip(test.received, test.trained).enumerated().compactMap { client, evaluations in
      let model: EvaluatedModel? =
        if !evaluations.0.lossSum.isFinite {
          .received
        } else if !evaluations.1.lossSum.isFinite {
          .trained
        } else {
          nil
        }
      return model.map { Divergence(round: state.round, client: client, place: .testLoss($0)) }
    }
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
