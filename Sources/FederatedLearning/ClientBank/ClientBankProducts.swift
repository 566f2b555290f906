import CKernels

// Products of the bank with a few vectors at once. The bank of many clients fits no cache: its rows are
// read from memory once for up to eight receivers or vectors. No result depends on what shares its pass.
extension ClientBank {
  /// The most receivers or vectors that share a pass over the bank.
  static let sharedPassCount = Int(BANK_MAXIMUM_SHARED)

  /// Replaces columns of models by weighted sums over clients:
  /// models[r][p] = Σ_j weights[r][j] · bank[j, p] for p in `columns`.
  ///
  /// Summed in single precision in client order. A source with weight exactly 0 is left out; a
  /// source whose weight 1 is the only one that is not 0 is copied bit for bit; without sources the sum is 0.
  /// - Parameters:
  ///   - columns: the parameters that are summed.
  ///   - weights: axes (receiver, source client); nil leaves that receiver's model as it is.
  ///   - models: axes (receiver, parameter).
  public func weightedSums(
    _ weights: [[Float]?], columns: Range<Int>, into models: inout [[Float]]
  ) {
    let receivers = weights.indices.filter { weights[$0] != nil }
    for start in stride(from: 0, to: receivers.count, by: Self.sharedPassCount) {
      let pass = receivers[start..<min(start + Self.sharedPassCount, receivers.count)]
      let sums = self.sums(pass.compactMap { weights[$0] }, columns: columns)
      for (place, receiver) in pass.enumerated() {
        models[receiver].replaceSubrange(
          columns, with: sums[place * columns.count..<(place + 1) * columns.count])
      }
    }
  }

  /// The same for one receiver.
  public func weightedSum(_ weights: [Float], columns: Range<Int>, into model: inout [Float]) {
    model.replaceSubrange(columns, with: sums([weights], columns: columns))
  }

  /// Inner products of every client's model with vectors on some columns:
  /// result[r][j] = Σ_p vectors[r][p] · bank[j, p] for p in `columns`.
  ///
  /// The order of each sum is fixed: of each stretch of 512 columns sixteen lanes sum every sixteenth
  /// column in single precision; lanes are summed in double precision by halves (k with k + 8, then
  /// k + 4, k + 2, k + 1), and then stretches.
  /// - Parameters:
  ///   - columns: the parameters that are summed.
  ///   - vectors: axes (vector, parameter).
  /// - Returns: axes (vector, source client).
  public func innerProducts(with vectors: [[Float]], columns: Range<Int>) -> [[Double]] {
    stride(from: 0, to: vectors.count, by: Self.sharedPassCount).flatMap { start in
      let pass = vectors[start..<min(start + Self.sharedPassCount, vectors.count)]
      var values: [Float] = []
      values.reserveCapacity(pass.count * columns.count)
      for vector in pass { values += vector[columns] }
      // Axes (source client, vector).
      var products: [Double] = []
      products.reserveCapacity(clientCount * pass.count)
      for (clients, rank) in stretches(of: Array(rows.indices)) {
        if let rank, let ranks {
          products += ranks.innerProducts(
            of: Array(clients), at: rank, with: values, count: pass.count, columns: columns)
        } else {
          products += Self.innerProducts(
            of: ranks == nil ? rows : clients.map { rows[$0] }, with: values, count: pass.count,
            columns: columns)
        }
      }
      return pass.indices.map { vector in
        rows.indices.map { products[$0 * pass.count + vector - start] }
      }
    }
  }

  /// Axes (receiver, column); at most `sharedPassCount` receivers.
  private func sums(_ weights: [[Float]], columns: Range<Int>) -> [Float] {
    // Sources with weight 0 everywhere are not read.
    let sources = rows.indices.filter { source in weights.contains { $0[source] != 0 } }
    var sums = [Float](repeating: -0.0, count: weights.count * columns.count)
    for (clients, rank) in stretches(of: sources) {
      // Axes (source, receiver).
      let shares = clients.flatMap { source in weights.map { $0[source] } }
      if let rank, let ranks {
        ranks.addWeightedSums(
          of: Array(clients), at: rank, shares: shares, columns: columns, to: &sums)
      } else {
        Self.addWeightedSums(
          of: clients.map { rows[$0] }, shares: shares, columns: columns, to: &sums)
      }
    }
    // An empty sum is 0, not −0.
    for (receiver, weights) in weights.enumerated() where weights.allSatisfy({ $0 == 0 }) {
      for column in columns.indices {
        sums[receiver * columns.count + column - columns.lowerBound] = 0
      }
    }
    return sums
  }

  /// Adds weighted rows to sums, row after row.
  /// - Parameters:
  ///   - rows: axes (row, parameter).
  ///   - shares: weights, axes (row, receiver).
  ///   - columns: the parameters that are summed.
  ///   - sums: axes (receiver, column).
  static func addWeightedSums(
    of rows: [[Float]], shares: [Float], columns: Range<Int>, to sums: inout [Float]
  ) {
    guard !rows.isEmpty else { return }
    let receivers = shares.count / rows.count
    shares.withUnsafeBufferPointer { shares in
      forEachStretch(of: rows) { stretch, rows in
        guard let start = shares.baseAddress else { return }
        bank_weighted_sums(
          rows, rows.count, start + stretch.lowerBound * receivers, Int32(receivers),
          columns.lowerBound, columns.count, &sums)
      }
    }
  }

  /// Inner products of rows with vectors, axes (row, vector).
  /// - Parameters:
  ///   - rows: axes (row, parameter).
  ///   - vectors: their columns only, axes (vector, column).
  ///   - count: how many vectors there are.
  ///   - columns: the parameters that are summed.
  static func innerProducts(
    of rows: [[Float]], with vectors: [Float], count: Int, columns: Range<Int>
  ) -> [Double] {
    var products = [Double](repeating: 0, count: rows.count * count)
    products.withUnsafeMutableBufferPointer { products in
      forEachStretch(of: rows) { stretch, rows in
        guard let start = products.baseAddress else { return }
        bank_inner_products(
          rows, rows.count, vectors, Int32(count), columns.lowerBound, columns.count,
          start + stretch.lowerBound * count)
      }
    }
    return products
  }
}

/// The rows that a kernel gets at a time: a stack frame each while it works.
private let stretchLength = 256

/// Calls `body` with stretches of some arrays, in order, and where each array of the stretch begins. The
/// kernels are called for a stretch at a time because each array is held by a closure of its own.
func forEachStretch(
  of rows: [[Float]], _ body: (_ stretch: Range<Int>, [UnsafePointer<Float>?]) -> Void
) {
  for start in stride(from: 0, to: rows.count, by: stretchLength) {
    let stretch = start..<min(start + stretchLength, rows.count)
    withPointers(to: rows[stretch]) { body(stretch, $0) }
  }
}

/// Calls `body` with where each of a few arrays begins; the pointers hold until it returns.
private func withPointers(
  to rows: ArraySlice<[Float]>, _ body: ([UnsafePointer<Float>?]) -> Void
) {
  var pointers: [UnsafePointer<Float>?] = []
  pointers.reserveCapacity(rows.count)
  func hold(_ rest: ArraySlice<[Float]>) {
    guard let row = rest.first else { return body(pointers) }
    row.withUnsafeBufferPointer {
      pointers.append($0.baseAddress)
      hold(rest.dropFirst())
    }
  }
  hold(rows)
}

/// The inner product of each of some consecutive rows with a vector, axis (row), each as
/// `innerProduct` sums it. All rows in one call: the kernel prepares the vector once.
func rowProducts(_ rows: UnsafePointer<Float>, count: Int, with vector: [Float]) -> [Double] {
  let starts = (0..<count).map { Optional(rows + $0 * vector.count) }
  var products = [Double](repeating: 0, count: count)
  bank_inner_products(starts, count, vector, 1, 0, vector.count, &products)
  return products
}

/// Σ over `range` of a · b in the fixed order that `ClientBank.innerProducts` documents.
func innerProduct(
  _ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>, _ range: Range<Int>
) -> Double {
  guard let b = b.baseAddress else { return 0 }
  var product = 0.0
  withUnsafePointer(to: a.baseAddress) {
    bank_inner_products(
      $0, 1, b + range.lowerBound, 1, range.lowerBound, range.count, &product)
  }
  return product
}
