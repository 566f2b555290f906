import CKernels

/// Mean softmax cross-entropy over a batch.
///
/// For class scores z and label y: loss = log Σ_c exp(z_c − max z) − (z_y − max z); its gradient by
/// z is (softmax(z) − onehot(y)) / batch size.
enum SoftmaxCrossEntropy {
  /// With a gradient it trains, without one it evaluates.
  /// - Parameters:
  ///   - logits: axes (sample, class), row-major.
  ///   - gradient: written if given; same axes. Nothing is counted then.
  ///   - correct: counts, axis (class), the samples of each class whose largest score (the first of
  ///     equals) is the label's. A sample with a score that is not a number is never correct.
  ///   - predicted: unless nil, takes each sample's class with the largest score (the first of equals), in the order
  ///     of `samples`; `Evaluation.noPrediction` for a sample with a score that is not a number.
  /// - Returns: the sum of the losses over the batch.
  static func evaluate(
    logits: UnsafeMutableBufferPointer<Float>, classCount: Int, labels: [Int32],
    samples: ArraySlice<Int32>, gradient: UnsafeMutableBufferPointer<Float>?,
    correct: inout [Int32], predicted: inout [Int32]?
  ) -> Double {
    var lossSum = 0.0
    let scale = 1 / Float(samples.count)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: max(classCount, 1)) { exponentials in
      guard let scores = logits.baseAddress, let exponential = exponentials.baseAddress else {
        return
      }
      for (row, sample) in samples.enumerated() {
        let start = row * classCount
        let label = Int(labels[Int(sample)])
        var best = 0
        for index in 1..<max(classCount, 1) where logits[start + index] > logits[start + best] {
          best = index
        }
        let largest = logits[start + best]
        elementary_exponentials(scores + start, largest, exponential, Int64(classCount))
        var sum: Float = 0
        for index in 0..<classCount { sum += exponential[index] }
        let loss = elementary_logarithm(sum) - (logits[start + label] - largest)
        lossSum += Double(loss)
        guard let gradient else {
          if best == label, loss.isFinite { correct[label] += 1 }
          // Not by the loss, which is also infinite where only the score of the label is −∞.
          predicted?.append(sum.isFinite ? Int32(best) : Evaluation.noPrediction)
          continue
        }
        let factor = scale / sum
        for index in 0..<classCount { gradient[start + index] = exponential[index] * factor }
        gradient[start + label] -= scale
      }
    }
    return lossSum
  }
}
