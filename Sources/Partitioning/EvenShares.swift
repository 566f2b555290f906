/// Shares `total` items over the classes of every client in proportion to the client's weights, by
/// largest remainders; ties are broken so that the last items fall on all classes as evenly as
/// possible over the clients.
///
/// - Parameters:
///   - total: The items of each client.
///   - weights: The weight of each class, [client][class]; not negative, with a positive sum.
/// - Returns: The items of each class, [client][class]; a row adds up to `total`.
package func evenShares(of total: Int, weights: [[Double]]) -> [[Int]] {
  var shares: [[Int]] = []
  var ties: [TieBreak.Row] = []
  for weights in weights {
    let sum = weights.reduce(0, +)
    let quotas = weights.map { Double(total) * $0 / sum }
    var row = quotas.map { Int($0) }
    let fractions = zip(quotas, row).map { $0 - Double($1) }
    let left = total - row.reduce(0, +)
    let order = fractions.indices.sorted { (fractions[$1], $0) < (fractions[$0], $1) }
    // The items left over reach as far as this fraction; above it every class gets one.
    let threshold = left > 0 ? fractions[order[left - 1]] : .infinity
    let certain = order.prefix { fractions[$0] > threshold }
    for index in certain { row[index] += 1 }
    shares.append(row)
    ties.append(
      TieBreak.Row(
        candidates: fractions.indices.filter { fractions[$0] == threshold },
        items: left - certain.count))
  }
  let chosen = TieBreak(rows: ties, classCount: weights.first?.count ?? 0).chosen
  for (client, row) in chosen.enumerated() {
    for (index, isChosen) in row.enumerated() where isChosen { shares[client][index] += 1 }
  }
  return shares
}

/// A choice of some of its candidate classes for every client in which all classes are chosen
/// equally often, as far as the candidates permit.
private struct TieBreak {
  struct Row {
    let candidates: [Int]
    let items: Int
  }

  /// Whether the client chooses the class, [client][class].
  private(set) var chosen: [[Bool]]
  private let isCandidate: [[Bool]]
  private var counts: [Int]

  init(rows: [Row], classCount: Int) {
    counts = [Int](repeating: 0, count: classCount)
    chosen = Array(repeating: Array(repeating: false, count: classCount), count: rows.count)
    isCandidate = rows.map { row in
      var flags = [Bool](repeating: false, count: classCount)
      for index in row.candidates { flags[index] = true }
      return flags
    }
    for (client, row) in rows.enumerated() {
      let order = row.candidates.sorted { (counts[$0], $0) < (counts[$1], $1) }
      for index in order.prefix(row.items) {
        chosen[client][index] = true
        counts[index] += 1
      }
    }
    while let path = pathThatEvensOut() { shift(along: path) }
  }

  /// A shortest chain of classes, from one chosen at least twice more often than the last, such that
  /// for each neighbouring pair a client can exchange the first for the second. Shifting along it
  /// lowers the sum of squared counts, so the loop ends; without such a chain no choice is more even.
  private func pathThatEvensOut() -> [Int]? {
    let sources = counts.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }
    guard let least = counts.min() else { return nil }
    for source in sources where counts[source] >= least + 2 {
      var previous = [Int?](repeating: nil, count: counts.count)
      var queue = [source]
      var next = 0
      while next < queue.count {
        let from = queue[next]
        next += 1
        for to in counts.indices
        where to != source && previous[to] == nil && client(exchanging: from, for: to) != nil {
          previous[to] = from
          if counts[to] <= counts[source] - 2 {
            var path = [to]
            while let last = path.last, last != source { path.append(previous[last] ?? source) }
            return path.reversed()
          }
          queue.append(to)
        }
      }
    }
    return nil
  }

  private mutating func shift(along path: [Int]) {
    for (from, to) in zip(path, path.dropFirst()) {
      guard let client = client(exchanging: from, for: to) else { return }
      chosen[client][from] = false
      chosen[client][to] = true
      counts[from] -= 1
      counts[to] += 1
    }
  }

  private func client(exchanging from: Int, for to: Int) -> Int? {
    chosen.indices.first { chosen[$0][from] && !chosen[$0][to] && isCandidate[$0][to] }
  }
}
