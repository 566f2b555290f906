import CKernels

// Models beside the one that a network holds, in the same formats, so that methods with several of them need
// not convert them in and out in every step.
extension Network {
  /// target ← a · x + b · y over the trained parameters.
  public func combine(
    _ target: NetworkVector, _ a: Float, _ x: NetworkVector, _ b: Float, _ y: NetworkVector
  ) {
    vector_combine(
      memory(target).pointer, a, memory(x).pointer, b, memory(y).pointer, trainedCount)
  }

  /// vector ← vector / divisor over the trained parameters.
  public func divide(_ vector: NetworkVector, by divisor: Float) {
    vector_divide(memory(vector).pointer, divisor, trainedCount)
  }

  /// Copies a part of a vector to another one.
  public func copy(
    _ source: NetworkVector, to target: NetworkVector, _ part: NetworkVector.Part
  ) {
    let range =
      switch part {
      case .all: 0..<placement.count
      case .trained: 0..<trainedCount
      case .statistics: trainedCount..<placement.count
      }
    (memory(target).pointer + range.lowerBound).update(
      from: memory(source).pointer + range.lowerBound, count: range.count)
  }

  /// The trained tensors with their padding come first.
  private var trainedCount: Int { placement.layerRanges.last?.upperBound ?? 0 }

  /// The place of a vector; all zeros if it was never set.
  func memory(_ vector: NetworkVector) -> AlignedBuffer {
    switch vector {
    case .parameters: return parameterMemory
    case .gradient: return gradientMemory
    case .anchor, .kept:
      if let memory = keptMemories[vector] { return memory }
      let memory = AlignedBuffer(byteCount: parameterMemory.byteCount)
      keptMemories[vector] = memory
      return memory
    }
  }
}
