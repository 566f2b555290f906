import CKernels

/// exp(z_j) / Σ_k exp(z_k), axis (place). The largest is subtracted first, so that none overflows; summed in
/// order, in single precision. The exponentials have the same bits on every processor.
func softmax(_ outputs: [Float]) -> [Float] {
  let largest = outputs.max() ?? 0
  let exponentials = [Float](unsafeUninitializedCapacity: outputs.count) { values, count in
    count = outputs.count
    guard let start = values.baseAddress else { return }
    elementary_exponentials(outputs, largest, start, Int64(count))
  }
  let sum = exponentials.reduce(0, +)
  return exponentials.map { $0 / sum }
}
