/// A run's aggregation weights by name of layer.
struct WeightView {
  private let record: RunRecord
  /// Names of the layers.
  let layers: [String]
  /// Rounds after which weights were recorded.
  let rounds: [Int]
  /// Clients.
  let clientCount: Int

  /// The weights of a run; nil if its method has none.
  init?(_ result: RunResult) {
    let record = result.record
    let count = record.clientCount * record.clientCount * record.layerCount
    guard !record.recordedRounds.isEmpty, record.layerCount == result.layers.count,
      record.weights.count == record.recordedRounds.count * count
    else { return nil }
    self.record = record
    layers = result.layers
    rounds = record.recordedRounds.map(Int.init)
    clientCount = record.clientCount
  }

  /// The weight of the source client's layer in the client's.
  /// - Parameters:
  ///   - position: place of the round in `rounds`.
  ///   - layer: place of the layer in `layers`.
  func weight(position: Int, client: Int, layer: Int, source: Int) -> Double {
    let row = (position * clientCount + client) * record.layerCount + layer
    return Double(record.weights[row * clientCount + source])
  }

  /// The weights of all sources in the client's layer after the last recorded round.
  func last(client: Int, layer: Int) -> [Double] {
    (0..<clientCount).map {
      weight(position: rounds.count - 1, client: client, layer: layer, source: $0)
    }
  }
}
