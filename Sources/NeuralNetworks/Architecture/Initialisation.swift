import RandomStreams

/// How initial parameters are drawn.
public enum Initialisation: String, Sendable, CaseIterable {
  /// As PyTorch does by default: weights and biases of convolutions and fully connected layers uniform in ±1/√fan_in
  /// (Kaiming uniform with a = √5 gives the same bound for the weights).
  case pytorch
  /// Weights by Glorot and Bengio (AISTATS 2010), also called Xavier: uniform in ±√(6 / (fan_in + fan_out)); biases as
  /// PyTorch draws them.
  case glorot

  /// The bound of a tensor's uniform distribution.
  func bound(_ tensor: ParameterLayout.Tensor) -> Float {
    guard self == .glorot, tensor.name == "weight" else {
      return 1 / Float(tensor.fanIn).squareRoot()
    }
    // Outputs that an input reaches: as many as its kernel has places, in each output channel.
    let fanOut = tensor.shape[0] * tensor.shape.dropFirst(2).reduce(1, *)
    return (6 / Float(tensor.fanIn + fanOut)).squareRoot()
  }
}

extension ParameterLayout {
  /// Initial parameters from the stream (seed, model initialisation); normalisation layers have scale 1, shift 0,
  /// running mean 0 and running variance 1, whatever the rule.
  ///
  /// - Returns: the flat vector, axis (parameter).
  public func initialParameters(seed: UInt64, _ initialisation: Initialisation = .pytorch)
    -> [Float]
  {
    var stream = RandomStream(seed: seed, purpose: .modelInitialisation)
    var parameters = [Float](repeating: 0, count: count)
    for tensor in tensors {
      if tensor.fanIn > 0 {
        let bound = initialisation.bound(tensor)
        for index in tensor.range { parameters[index] = stream.uniform(from: -bound, to: bound) }
      } else if tensor.name == "weight" || tensor.name == "running_var" {
        for index in tensor.range { parameters[index] = 1 }
      }
    }
    return parameters
  }
}
