import RandomStreams

extension ParameterLayout {
  /// Initial parameters as PyTorch draws them by default, from the stream (seed, model
  /// initialisation): weights and biases of convolutions and fully connected layers uniform in
  /// ±1/√fan_in (Kaiming uniform with a = √5 gives the same bound for the weights); batch
  /// normalisation with scale 1, shift 0, running mean 0 and running variance 1.
  ///
  /// - Returns: the flat vector, axis (parameter).
  public func initialParameters(seed: UInt64) -> [Float] {
    var stream = RandomStream(seed: seed, purpose: .modelInitialisation)
    var parameters = [Float](repeating: 0, count: count)
    for tensor in tensors {
      if tensor.fanIn > 0 {
        let bound = 1 / Float(tensor.fanIn).squareRoot()
        for index in tensor.range { parameters[index] = stream.uniform(from: -bound, to: bound) }
      } else if tensor.name == "weight" || tensor.name == "running_var" {
        for index in tensor.range { parameters[index] = 1 }
      }
    }
    return parameters
  }
}
