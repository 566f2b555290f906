import CKernels

// The client bank's rows that other ranks keep. A weighted sum passes from rank to rank and each adds its clients,
// in client order: the same additions as in one process. An inner product is made whole where the row is.
extension RankGroup {
  /// A client's model, axis (parameter), from the rank that keeps it.
  func row(of client: Int, clientCount: Int) -> [Float] {
    var request = RankMessage()
    request.append(client)
    return taken(
      ask(.row, request, of: owner(of: client, clientCount: clientCount)), count: nil)
  }

  func answerRow(_ request: inout RankMessage) throws -> RankMessage {
    let client = try request.take(Int.self)
    var answer = RankMessage()
    answer.append(try rows([client])[0])
    return answer
  }

  /// Adds the weighted models of clients of one rank to sums: sums[r, p] += Σ_j shares[j, r] · θ_j[p], in the order
  /// of `clients`.
  /// - Parameters:
  ///   - clients: in ascending order.
  ///   - rank: who keeps their models.
  ///   - columns: the parameters that are summed.
  ///   - shares: weights, axes (place in `clients`, receiver).
  ///   - sums: axes (receiver, column).
  func addWeightedSums(
    of clients: [Int], at rank: Int, shares: [Float], columns: Range<Int>, to sums: inout [Float]
  ) {
    var request = RankMessage()
    request.append(clients)
    request.append(shares)
    request.append([columns.lowerBound, columns.upperBound])
    request.append(sums)
    sums = taken(ask(.weightedSums, request, of: rank), count: sums.count)
  }

  func answerWeightedSums(_ request: inout RankMessage) throws -> RankMessage {
    let rows = try rows(try request.takeArray())
    let shares = try request.takeArray(of: Float.self)
    let columns = try columns(&request, of: rows)
    var sums = try request.takeArray(of: Float.self)
    let receivers = rows.isEmpty ? 0 : shares.count / rows.count
    guard receivers <= ClientBank.sharedPassCount, shares.count == receivers * rows.count,
      sums.count == receivers * columns.count
    else {
      throw FederationError("ranks: weighted sums of other shapes than expected")
    }
    ClientBank.addWeightedSums(of: rows, shares: shares, columns: columns, to: &sums)
    var answer = RankMessage()
    answer.append(sums)
    return answer
  }

  /// Inner products of clients of one rank with some vectors, axes (place in `clients`, vector).
  /// - Parameters:
  ///   - clients: in ascending order.
  ///   - rank: who keeps their models.
  ///   - columns: the parameters that are summed.
  ///   - vectors: the vectors' columns, axes (vector, column).
  ///   - count: how many vectors there are.
  func innerProducts(
    of clients: [Int], at rank: Int, with vectors: [Float], count: Int, columns: Range<Int>
  ) -> [Double] {
    var request = RankMessage()
    request.append(clients)
    request.append(count)
    request.append([columns.lowerBound, columns.upperBound])
    request.append(vectors)
    return taken(ask(.innerProducts, request, of: rank), count: clients.count * count)
  }

  func answerInnerProducts(_ request: inout RankMessage) throws -> RankMessage {
    let rows = try rows(try request.takeArray())
    let count = try request.take(Int.self)
    let columns = try columns(&request, of: rows)
    let vectors = try request.takeArray(of: Float.self)
    guard count > 0, count <= ClientBank.sharedPassCount, vectors.count == count * columns.count
    else { throw FederationError("ranks: inner products of other shapes than expected") }
    var answer = RankMessage()
    answer.append(
      ClientBank.innerProducts(of: rows, with: vectors, count: count, columns: columns))
    return answer
  }

  /// The models of clients that this rank keeps.
  private func rows(_ clients: [Int]) throws -> [[Float]] {
    let rows = shard.withLock { $0 }
    return try clients.map { client in
      guard rows.indices.contains(client), !rows[client].isEmpty else {
        throw FederationError("ranks: rank \(rank) does not keep the model of client \(client)")
      }
      return rows[client]
    }
  }

  private func columns(_ request: inout RankMessage, of rows: [[Float]]) throws -> Range<Int> {
    let bounds = try request.takeArray(of: Int.self)
    guard bounds.count == 2, 0 <= bounds[0], bounds[0] <= bounds[1],
      bounds[1] <= rows.first?.count ?? 0
    else { throw FederationError("ranks: columns \(bounds) are not a model's") }
    return bounds[0]..<bounds[1]
  }

  /// The values of an answer.
  private func taken<Value: BitwiseCopyable>(_ answer: RankMessage, count: Int?) -> [Value] {
    var answer = answer
    guard let values = try? answer.takeArray(of: Value.self), count == nil || values.count == count
    else { abort("ranks: an answer of another length than expected") }
    return values
  }
}
