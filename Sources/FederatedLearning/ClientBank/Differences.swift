/// a − b, element by element, as long as the shorter of the two. In memory that is written once: in a round
/// this runs over every participant's whole model.
func difference(_ a: [Float], _ b: [Float]) -> [Float] {
  a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { difference(a, $0) } }
}

/// The same for stretches of memory.
func difference(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> [Float] {
  let count = min(a.count, b.count)
  return [Float](unsafeUninitializedCapacity: count) { result, initialised in
    for index in 0..<count { result[index] = a[index] - b[index] }
    initialised = count
  }
}
