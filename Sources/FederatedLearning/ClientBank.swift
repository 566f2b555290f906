import NeuralNetworks

/// The latest model of every client, as a matrix with axes (client, parameter).
///
/// It starts with the same initial model in every row; a participant's row becomes its model after
/// each local training. Aggregation and the hypernetworks' gradient are matrix products over a
/// layer's columns.
public struct ClientBank: Sendable, Equatable {
  /// Number of rows.
  public let clientCount: Int
  /// Number of columns.
  public let parameterCount: Int
  /// Row-major values.
  public private(set) var values: [Float]

  /// Every client starts with `initial`, axis (parameter).
  public init(clientCount: Int, initial: [Float]) {
    self.clientCount = clientCount
    parameterCount = initial.count
    values = []
    values.reserveCapacity(clientCount * initial.count)
    for _ in 0..<clientCount { values.append(contentsOf: initial) }
  }

  /// The bank with the given row-major values. Throws `FederationError` if their number is wrong.
  public init(clientCount: Int, parameterCount: Int, values: [Float]) throws {
    guard values.count == clientCount * parameterCount else {
      throw FederationError(
        "client bank: \(values.count) values, expected \(clientCount) × \(parameterCount)")
    }
    self.clientCount = clientCount
    self.parameterCount = parameterCount
    self.values = values
  }

  /// One client's model, axis (parameter).
  public subscript(client: Int) -> ArraySlice<Float> {
    values[client * parameterCount..<(client + 1) * parameterCount]
  }

  /// Replaces one client's model; `model` must have `parameterCount` values.
  public mutating func store(_ model: [Float], of client: Int) {
    precondition(model.count == parameterCount, "a model has \(parameterCount) parameters")
    values.withUnsafeMutableBufferPointer { values in
      let row = UnsafeMutableBufferPointer(
        rebasing: values[client * parameterCount..<(client + 1) * parameterCount])
      _ = row.update(fromContentsOf: model)
    }
  }

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
    values.withUnsafeBufferPointer { values in
      guard let values = values.baseAddress else { return }
      var isFirst = true
      for (client, weight) in weights.enumerated() where weight != 0 {
        let row = values + client * parameterCount + columns.lowerBound
        if isFirst {
          for index in 0..<count { target[index] = weight * row[index] }
          isFirst = false
        } else {
          for index in 0..<count { target[index] += weight * row[index] }
        }
      }
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
    values.withUnsafeBufferPointer { values in
      (0..<clientCount).map { client in
        let row = UnsafeBufferPointer(
          rebasing: values[client * parameterCount..<(client + 1) * parameterCount])
        return innerProduct(row, vector, columns)
      }
    }
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
