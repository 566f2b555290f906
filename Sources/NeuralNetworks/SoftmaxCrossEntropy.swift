import Foundation

/// Mean softmax cross-entropy over a batch.
///
/// For class scores z and label y: loss = log Σ_c exp(z_c − max z) − (z_y − max z); its gradient by
/// z is (softmax(z) − onehot(y)) / batch size.
enum SoftmaxCrossEntropy {
  /// - Parameters:
  ///   - logits: axes (sample, class), row-major.
  ///   - gradient: written if given; same axes.
  /// - Returns: the sum of the losses over the batch, and how often the largest score (the first of
  ///   equals) is the label's.
  static func evaluate(
    logits: UnsafeMutableBufferPointer<Float>, classCount: Int, labels: [Int32],
    samples: ArraySlice<Int32>, gradient: UnsafeMutableBufferPointer<Float>?
  ) -> (lossSum: Double, correct: Int) {
    var lossSum = 0.0
    var correct = 0
    let scale = 1 / Float(samples.count)
    for (row, sample) in samples.enumerated() {
      let start = row * classCount
      let label = Int(labels[Int(sample)])
      var best = 0
      for index in 1..<max(classCount, 1) where logits[start + index] > logits[start + best] {
        best = index
      }
      let largest = logits[start + best]
      var sum: Float = 0
      for index in 0..<classCount {
        let exponential = expf(logits[start + index] - largest)
        gradient?[start + index] = exponential
        sum += exponential
      }
      lossSum += Double(logf(sum) - (logits[start + label] - largest))
      if best == label { correct += 1 }
      guard let gradient else { continue }
      let factor = scale / sum
      for index in 0..<classCount { gradient[start + index] *= factor }
      gradient[start + label] -= scale
    }
    return (lossSum, correct)
  }
}
