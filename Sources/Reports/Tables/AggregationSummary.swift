import Experiments
import Support

/// Whom clients learn from: mean aggregation weights of a layer by how much the source has in common
/// with the client. What the paper's Figure 5 draws.
struct AggregationSummary {
  private let result: RunResult

  init(_ result: RunResult) { self.result = result }

  /// For each recorded round and layer the mean weight over pairs of clients: `self`, and for other
  /// sources `shared_0`, `shared_1`, … by the number of classes that both hold.
  /// - Parameters:
  ///   - keyColumns: columns that every row begins with.
  ///   - keys: their values.
  func csv(_ keyColumns: [String] = [], _ keys: [String] = []) -> CSV {
    var csv = CSV(keyColumns + ["round", "layer", "source", "pairs", "weight_mean"])
    let groups = sourceGroups
    guard let view = WeightView(result) else { return csv }
    for (position, round) in view.rounds.enumerated() {
      for (layer, name) in view.layers.enumerated() {
        for (group, pairs) in groups {
          let weights = pairs.map { client, source in
            view.weight(position: position, client: client, layer: layer, source: source)
          }
          csv.append(
            keys + ["\(round)", name, group, "\(pairs.count)", CSV.number(weights.mean)])
        }
      }
    }
    return csv
  }

  /// The pairs (client, source) of each kind, `self` first, then by shared classes.
  private var sourceGroups: [(name: String, pairs: [(client: Int, source: Int)])] {
    let clients = 0..<result.record.clientCount
    let own = clients.map { (client: $0, source: $0) }
    let others = clients.flatMap { client in
      clients.filter { $0 != client }.map { (client: client, source: $0) }
    }
    func shared(_ pair: (client: Int, source: Int)) -> Int {
      zip(result.labelCounts[pair.client], result.labelCounts[pair.source])
        .count { $0 > 0 && $1 > 0 }
    }
    let numbers = Set(others.map(shared)).sorted()
    return [("self", own)]
      + numbers.map { number in ("shared_\(number)", others.filter { shared($0) == number }) }
  }
}
