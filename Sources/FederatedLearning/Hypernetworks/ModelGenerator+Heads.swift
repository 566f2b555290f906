import CKernels
import NeuralNetworks

// The heads' part of a step. A head's weight gradient is −Σ_i Δθ_i ⊗ z_i over the participants i, as large as
// the head but of rank |S|: it is never stored. Its norm comes from inner products of the factors, and each of
// its rows is made where the step needs it. The heads are read twice, for one turn or for many: once for all that
// clipping and the hidden layers need to know, once for the descent.
extension ModelGenerator {
  /// What one participant's Δθ_i gives with the heads and with the other changes.
  struct HeadProducts: Sendable {
    /// −share · Σ_p Δθ_i[p] W[p] over all heads' rows, axis (hidden): what goes back into the hidden layers.
    var weights: [Double]
    /// The same with the weights' velocity instead of W; empty if one turn is taken.
    var velocity: [Double]
    /// ⟨Δθ_i, Δθ_j⟩ over all heads, axis (participant).
    var changes: [Double]
  }

  /// The products of every participant, in order. Groups of participants side by side, each with one pass
  /// over the heads.
  func headProducts(
    _ changes: ClientBank, _ parameters: UnsafeBufferPointer<Float>,
    _ velocity: UnsafeBufferPointer<Float>?, _ share: Float, on engine: any TrainingEngine
  ) throws -> [HeadProducts] {
    let groups = ClientGroups.groups(of: changes.clientCount, workerCount: engine.workerCount)
    let slots = Slots<[HeadProducts]>(count: groups.count)
    // Read by all, written by none.
    nonisolated(unsafe) let (parameters, velocity) = (parameters, velocity)
    try engine.inParallel(groups.count) { group in
      let members = Array(changes.rows[groups[group]])
      let weights = weightedRows(members, parameters, share)
      let velocities = velocity.map { weightedRows(members, $0, share) }
      var products = members.map { _ in [Double](repeating: 0, count: changes.clientCount) }
      for head in heads {
        let ofHead = changes.innerProducts(with: members, columns: head.columns)
        for (member, row) in ofHead.enumerated() {
          for (other, product) in row.enumerated() { products[member][other] += product }
        }
      }
      slots[group] = members.indices.map {
        HeadProducts(
          weights: weights[$0], velocity: velocities?[$0] ?? [], changes: products[$0])
      }
    }
    return slots.all.flatMap { $0 }
  }

  /// −share · Σ_p Δθ_i[p] W[p] over all heads' rows, axes (participant, hidden). Summed in single precision
  /// over 64 rows, in double precision beyond.
  private func weightedRows(
    _ changes: [[Float]], _ parameters: UnsafeBufferPointer<Float>, _ share: Float
  ) -> [[Double]] {
    guard let start = parameters.baseAddress else { return [] }
    let size = hiddenSize
    var totals = [Double](repeating: 0, count: changes.count * size)
    totals.withUnsafeMutableBufferPointer { totals in
      forEachStretch(of: changes) { stretch, changes in
        guard let place = totals.baseAddress else { return }
        for head in heads {
          head_add_products(
            changes.map { $0.map { $0 + head.columns.lowerBound } }, changes.count, -share,
            start + head.dense.weight, head.columns.count, size, place + stretch.lowerBound * size)
        }
      }
    }
    return changes.indices.map { Array(totals[$0 * size..<($0 + 1) * size]) }
  }

  /// ‖Σ_i Δθ_i ⊗ (z_i, 1)‖² over all heads' weights and biases = Σ_ij ⟨Δθ_i, Δθ_j⟩ (⟨z_i, z_j⟩ + 1).
  /// - Parameters:
  ///   - products: ⟨Δθ_i, Δθ_j⟩, axes (participant, participant).
  ///   - features: z, axes (participant, hidden).
  func headSquaredNorm(_ products: [[Double]], _ features: [[Float]]) -> Double {
    var sum = 0.0
    for i in products.indices {
      for j in products.indices where j <= i {
        let product = zip(features[i], features[j]).reduce(0) {
          $0 + Double($1.0) * Double($1.1)
        }
        sum += (i == j ? 1 : 2) * products[i][j] * (product + 1)
      }
    }
    return max(sum, 0)
  }

  // MARK: Descent

  /// Rows of a head that are one piece of work: enough to be worth it, few enough for even shares.
  private static let rowsOfPiece = 1024
  /// Rows that stay in the nearest cache until all turns have stepped them.
  private static let rowsAtATime = 32

  /// The steps of all heads, one for each turn, on all workers. A turn's gradient of row p is
  /// factor · Σ_i Δθ_i[p] (z_i, 1) over its members.
  func descendHeads(
    _ parameters: UnsafeMutableBufferPointer<Float>,
    _ velocity: UnsafeMutableBufferPointer<Float>, _ changes: ClientBank, _ turns: [HeadTurn],
    _ optimiser: StochasticGradientDescent, on engine: any TrainingEngine
  ) throws {
    let pieces = heads.flatMap { head in
      stride(from: 0, to: head.columns.count, by: Self.rowsOfPiece).map {
        (head, $0..<min($0 + Self.rowsOfPiece, head.columns.count))
      }
    }
    // Axes (participant, hidden) of each turn.
    let features = turns.map { Array($0.features.joined()) }
    // Each piece writes its own rows.
    nonisolated(unsafe) let (parameters, velocity) = (parameters, velocity)
    try engine.inParallel(pieces.count) { piece in
      let (head, rows) = pieces[piece]
      for first in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.rowsAtATime) {
        let stretch = first..<min(first + Self.rowsAtATime, rows.upperBound)
        for (turn, features) in zip(turns, features) {
          descendRows(
            stretch, of: head, parameters, velocity, changes.rows[turn.members], features,
            factor: turn.factor, optimiser)
        }
      }
    }
  }

  /// One step of some rows of a head.
  private func descendRows(
    _ rows: Range<Int>, of head: Head, _ parameters: UnsafeMutableBufferPointer<Float>,
    _ velocity: UnsafeMutableBufferPointer<Float>, _ changes: ArraySlice<[Float]>,
    _ features: [Float], factor: Float, _ optimiser: StochasticGradientDescent
  ) {
    guard let weights = parameters.baseAddress, let memory = velocity.baseAddress else { return }
    let columns =
      head.columns.lowerBound + rows.lowerBound..<head.columns.lowerBound + rows.upperBound
    withUnsafeTemporaryAllocation(of: Float.self, capacity: changes.count * rows.count) { factors in
      // Axes (participant, row).
      var place = 0
      for change in changes {
        for column in columns {
          factors[place] = factor * change[column]
          place += 1
        }
      }
      guard let start = factors.baseAddress else { return }
      let offset = head.dense.weight + rows.lowerBound * hiddenSize
      head_descend(
        weights + offset, memory + offset, rows.count, hiddenSize, start, features, changes.count,
        head_descent(
          rate: optimiser.learningRate, momentum: optimiser.momentum,
          weight_decay: optimiser.weightDecay))
      for row in 0..<rows.count {
        var gradient: Float = 0
        for participant in 0..<changes.count {
          gradient += factors[participant * rows.count + row]
        }
        let bias = head.dense.bias + rows.lowerBound + row
        descend(&parameters[bias], &velocity[bias], gradient: gradient, optimiser)
      }
    }
  }
}
