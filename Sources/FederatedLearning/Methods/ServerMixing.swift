import NeuralNetworks

extension SharedModel {
  /// x ← (1 − s) · x + s · Σ_k weight_k · model_k on the shared part: a server's step of size s
  /// from the global model towards the average. s = 1 gives the average, bit for bit.
  ///
  /// Running statistics take min(s, 1): beyond the average, a variance could become negative.
  /// - Parameters:
  ///   - layout: where the layers stand.
  ///   - models: axis (parameter) each, summed in the order given.
  ///   - size: s, at least 0.
  ///   - global: x, axis (parameter).
  public func mix(
    _ models: [(model: [Float], weight: Float)], size: Float, into global: inout [Float],
    layout: ParameterLayout
  ) {
    var average = global
    self.average(models, into: &average)
    guard size != 1 else {
      global = average
      return
    }
    for layer in layout.layers {
      for range in columns.map({ $0.clamped(to: layer.range) }) {
        for index in range {
          let size = layer.trainedRange.contains(index) ? size : min(size, 1)
          global[index] = (1 - size) * global[index] + size * average[index]
        }
      }
    }
  }
}
