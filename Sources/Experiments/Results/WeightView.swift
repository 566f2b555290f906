/// A run's aggregation weights and retained layers by recorded round, client, layer and source client: the
/// only place that knows where in a record a weight stands.
package struct WeightView {
  private let record: RunRecord
  /// Names of the layers.
  package let layers: [String]
  /// Rounds after which weights were recorded, ascending.
  package let rounds: [Int]
  /// Clients.
  package let clientCount: Int
  /// Whether layers that clients keep were recorded too.
  package let hasRetained: Bool

  /// The weights of a run; nil if its method has none.
  package init?(_ result: RunResult) {
    let record = result.record
    let rows = record.weightRowCount(rounds: record.recordedRounds.count)
    guard !record.recordedRounds.isEmpty, record.layerCount == result.layers.count,
      record.weights.count == rows * record.clientCount
    else { return nil }
    self.record = record
    layers = result.layers
    rounds = record.recordedRounds.map(Int.init)
    clientCount = record.clientCount
    hasRetained = record.retained.count == rows
  }

  /// The row of a client's layer, axes (recorded round, client, layer).
  private func row(_ position: Int, _ client: Int, _ layer: Int) -> Int {
    (position * clientCount + client) * layers.count + layer
  }

  /// The weight of the source client's layer in the client's, as recorded.
  /// - Parameters:
  ///   - position: place of the round in `rounds`.
  ///   - layer: place of the layer in `layers`.
  package func recordedWeight(position: Int, client: Int, layer: Int, source: Int) -> Float {
    record.weights[row(position, client, layer) * clientCount + source]
  }

  /// The same to compute with.
  package func weight(position: Int, client: Int, layer: Int, source: Int) -> Double {
    Double(recordedWeight(position: position, client: client, layer: layer, source: source))
  }

  /// The weight of each client's own layer in its model, in percent, axis (client).
  /// - Parameters:
  ///   - position: place of the round in `rounds`.
  ///   - layer: place of the layer in `layers`.
  package func selfWeightsPercent(position: Int, layer: Int) -> [Double] {
    (0..<clientCount).map {
      100 * weight(position: position, client: $0, layer: layer, source: $0)
    }
  }

  /// The weights of all sources in the client's layer after the last recorded round.
  package func last(client: Int, layer: Int) -> [Double] {
    (0..<clientCount).map {
      weight(position: rounds.count - 1, client: client, layer: layer, source: $0)
    }
  }

  /// Whether the client would keep its own layer in its next round; false where that was not recorded.
  /// - Parameters:
  ///   - position: place of the round in `rounds`.
  ///   - layer: place of the layer in `layers`.
  package func isRetained(position: Int, client: Int, layer: Int) -> Bool {
    hasRetained && record.retained[row(position, client, layer)]
  }
}

extension RunRecord {
  /// Rows of weights in the first recorded rounds: one a round, client and layer, each with a weight for
  /// every source client.
  /// - Parameter rounds: how many recorded rounds.
  func weightRowCount(rounds: Int) -> Int { rounds * clientCount * layerCount }
}
