import NeuralNetworks

extension ClientBank {
  /// Weighted sum over clients on some columns: target[p] = Σ_j weights[j] · bank[j, p].
  ///
  /// Summed in client order; a source with weight exactly 0 is left out, one with weight 1 alone is
  /// copied bit for bit.
  /// - Parameters:
  ///   - weights: axis (source client).
  ///   - columns: the columns to sum.
  ///   - target: axis (parameter); only `columns` are written.
  public func weightedSum(
    _ weights: some Collection<Float>, columns: Range<Int>,
    into target: UnsafeMutableBufferPointer<Float>
  ) {
    guard let target = target.baseAddress.map({ $0 + columns.lowerBound }) else { return }
    let count = columns.count
    target.update(repeating: 0, count: count)
    var isFirst = true
    for (client, weight) in weights.enumerated() where weight != 0 {
      rows[client].withUnsafeBufferPointer { row in
        guard let row = row.baseAddress.map({ $0 + columns.lowerBound }) else { return }
        if isFirst {
          for index in 0..<count { target[index] = weight * row[index] }
        } else {
          for index in 0..<count { target[index] += weight * row[index] }
        }
      }
      isFirst = false
    }
  }

  /// Inner products of every client's model with a vector on some columns:
  /// result[j] = Σ_p bank[j, p] · vector[p].
  ///
  /// Summed in single precision over sixteen interleaved lanes within stretches of 1,024 columns,
  /// and in double precision over lanes and stretches: a fixed order.
  /// - Returns: axis (source client).
  public func innerProducts(with vector: UnsafeBufferPointer<Float>, columns: Range<Int>)
    -> [Double]
  {
    rows.map { row in row.withUnsafeBufferPointer { innerProduct($0, vector, columns) } }
  }
}
/// Σ over `range` of a · b in the fixed order that `ClientBank.innerProducts` documents.
func innerProduct(
  _ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>, _ range: Range<Int>
) -> Double {
  guard let a = a.baseAddress, let b = b.baseAddress else { return 0 }
  var total = 0.0
  var start = range.lowerBound
  while start < range.upperBound {
    let end = min(start + 1024, range.upperBound)
    var lanes = SIMD16<Float>.zero
    var index = start
    while index + 16 <= end {
      let x = UnsafeRawPointer(a + index).loadUnaligned(as: SIMD16<Float>.self)
      let y = UnsafeRawPointer(b + index).loadUnaligned(as: SIMD16<Float>.self)
      lanes += x * y
      index += 16
    }
    var sum = 0.0
    for lane in 0..<16 { sum += Double(lanes[lane]) }
    while index < end {
      sum += Double(a[index] * b[index])
      index += 1
    }
    total += sum
    start = end
  }
  return total
}
