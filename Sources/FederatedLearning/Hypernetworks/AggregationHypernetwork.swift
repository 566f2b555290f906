import RandomStreams

/// How a head's outputs become aggregation weights that sum to 1. The paper leaves this open.
public enum WeightNormaliser: String, MethodChoice {
  /// α_j = exp(z_j) / Σ_k exp(z_k).
  case softmax
  /// α_j = max(z_j, 0) / Σ_k max(z_k, 0); if every output is at most 0, all weight goes to the
  /// client itself and no gradient flows.
  case reluSum = "relu-sum"
}

/// The shape of a client's hypernetwork HN_i(v_i; ψ_i) (paper, Equation 4): a trained embedding
/// vector v, fully connected hidden layers with ReLU, and for each layer of the client model a
/// fully connected head with one output per source client.
///
/// Its parameters are one flat vector: the base, which is the embedding and for each hidden layer weight
/// (output, input) and bias (output); then for each head weight (source client, input) and bias (source
/// client). The server does not keep them like that: see `AggregationHypernetwork.Values`.
public struct AggregationHypernetwork: Sendable, Hashable {
  /// How heads start. The paper leaves this open.
  public enum HeadInitialisation: String, MethodChoice {
    /// Zero weights and biases: under softmax every source starts with the same weight.
    case zero
    /// As PyTorch initialises a fully connected layer: uniform in ±1/√inputs.
    case uniform
    /// Weights uniform in 0 … 1 and zero biases, so that no output is negative: as public code has it.
    case positive
  }

  /// Length of the embedding vector v.
  public let embeddingSize: Int
  /// Outputs of each hidden layer.
  public let hiddenSizes: [Int]
  /// Layers of the client model, one head each.
  public let layerCount: Int
  /// Source clients, one output of every head each.
  public let clientCount: Int
  /// How outputs become weights.
  public let normaliser: WeightNormaliser

  private struct Dense: Sendable, Hashable {
    let weight: Int
    let bias: Int
    let inputs: Int
    let outputs: Int
  }

  private let hidden: [Dense]
  private let heads: [Dense]
  /// The length of the flat parameter vector.
  public let parameterCount: Int
  /// The length of its beginning, the embedding and the hidden layers.
  package let baseCount: Int
  /// H, inputs of every head: outputs of the last hidden layer, or the embedding.
  package var headInputs: Int { hiddenSizes.last ?? embeddingSize }

  /// A hypernetwork of that shape; every size at least 1, but an embedding of 0 without hidden layers, whose
  /// outputs are the heads' biases.
  public init(
    embeddingSize: Int, hiddenSizes: [Int], layerCount: Int, clientCount: Int,
    normaliser: WeightNormaliser
  ) {
    self.embeddingSize = embeddingSize
    self.hiddenSizes = hiddenSizes
    self.layerCount = layerCount
    self.clientCount = clientCount
    self.normaliser = normaliser
    var offset = embeddingSize
    func dense(_ inputs: Int, _ outputs: Int) -> Dense {
      defer { offset += inputs * outputs + outputs }
      return Dense(
        weight: offset, bias: offset + inputs * outputs, inputs: inputs, outputs: outputs)
    }
    var inputs = embeddingSize
    var hidden: [Dense] = []
    for size in hiddenSizes {
      hidden.append(dense(inputs, size))
      inputs = size
    }
    self.hidden = hidden
    baseCount = offset
    heads = (0..<layerCount).map { _ in dense(inputs, clientCount) }
    parameterCount = offset
  }

  /// A client's initial hypernetwork, from the stream (seed, hypernetwork initialisation, client): the
  /// embedding standard normal, hidden layers uniform in ±1/√inputs, heads as told.
  package func initial(seed: UInt64, client: Int, heads headInitialisation: HeadInitialisation)
    -> Values
  {
    var stream = RandomStream(seed: seed, purpose: .hypernetworkInitialisation, client: client)
    func draw(_ layers: [Dense]) -> [Float] {
      layers.flatMap { layer in
        let bound = 1 / Float(layer.inputs).squareRoot()
        return (0..<layer.outputs * (layer.inputs + 1)).map { _ in
          stream.uniform(from: -bound, to: bound)
        }
      }
    }
    func initialHeads() -> Heads {
      switch headInitialisation {
      case .zero: .steps([])
      case .uniform: .dense(draw(heads))
      case .positive:
        .dense(
          heads.flatMap { layer in
            (0..<layer.outputs * layer.inputs).map { _ in stream.uniform(from: 0, to: 1) }
              + [Float](repeating: 0, count: layer.outputs)
          })
      }
    }
    let embedding = (0..<embeddingSize).map { _ in Float(stream.normal()) }
    return Values(
      base: embedding + draw(hidden),
      heads: initialHeads())
  }

  /// The position of each tensor that has values in the flat parameter vector, in order.
  /// - Parameter layers: the names of the client model's layers.
  public func tensors(layers: [String]) -> [HypernetworkTensor] {
    var tensors = [HypernetworkTensor(name: "embedding", shape: [embeddingSize], offset: 0)]
    let named =
      hidden.enumerated().map { ("hidden\($0 + 1)", $1) }
      + zip(layers, heads).map { ("head.\($0)", $1) }
    for (name, layer) in named {
      tensors.append(
        HypernetworkTensor(
          name: "\(name).weight", shape: [layer.outputs, layer.inputs], offset: layer.weight))
      tensors.append(
        HypernetworkTensor(name: "\(name).bias", shape: [layer.outputs], offset: layer.bias))
    }
    return tensors.filter { !$0.shape.contains(0) }
  }

  /// The embedding and the result of each hidden layer.
  /// - Parameter base: embedding and hidden layers, axis (base parameter).
  func activations(_ base: [Float]) -> [[Float]] {
    var activations = [Array(base.prefix(embeddingSize))]
    for layer in hidden {
      let input = activations[activations.count - 1]
      activations.append(output(of: layer, base, input).map { max($0, 0) })
    }
    return activations
  }

  /// The gradient by embedding and hidden layers, axis (base parameter), by back-propagation from that by
  /// the heads' input.
  func baseGradient(_ base: [Float], activations: [[Float]], headInputGradient: [Float]) -> [Float]
  {
    var gradient = [Float](repeating: 0, count: baseCount)
    var inputGradient = headInputGradient
    for (position, layer) in hidden.enumerated().reversed() {
      // Through the ReLU: its gradient is 0 where its result is.
      let outputs = activations[position + 1]
      let outputGradient = zip(inputGradient, outputs).map { $1 > 0 ? $0 : 0 }
      let input = activations[position]
      inputGradient = [Float](repeating: 0, count: input.count)
      accumulate(
        layer, base, input: input, outputGradient: outputGradient, into: &gradient,
        inputGradient: &inputGradient)
    }
    for index in 0..<embeddingSize { gradient[index] = inputGradient[index] }
    return gradient
  }

  // MARK: Parts

  private func output(of layer: Dense, _ base: [Float], _ input: [Float]) -> [Float] {
    base.withUnsafeBufferPointer { base in
      guard let weights = base.baseAddress.map({ $0 + layer.weight }) else { return [] }
      return rowProducts(weights, count: layer.outputs, with: input).enumerated().map {
        base[layer.bias + $0] + Float($1)
      }
    }
  }

  /// The weights of a head's outputs, axis (source client).
  func normalised(_ outputs: [Float], client: Int) -> [Float] {
    switch normaliser {
    case .softmax: return softmax(outputs)
    case .reluSum:
      let positive = outputs.map { max($0, 0) }
      let sum = positive.reduce(0, +)
      guard sum > 0 else { return outputs.indices.map { $0 == client ? 1 : 0 } }
      return positive.map { $0 / sum }
    }
  }

  /// The gradient by a head's outputs from that by its weights, axis (source client).
  func normaliserGradient(_ outputs: [Float], weights: [Float], by gradient: [Float])
    -> [Float]
  {
    var mean: Float = 0
    for (weight, value) in zip(weights, gradient) { mean += weight * value }
    switch normaliser {
    case .softmax:
      return zip(weights, gradient).map { $0 * ($1 - mean) }
    case .reluSum:
      let sum = outputs.reduce(0) { $0 + max($1, 0) }
      guard sum > 0 else { return outputs.map { _ in 0 } }
      return zip(outputs, gradient).map { $0 > 0 ? ($1 - mean) / sum : 0 }
    }
  }

  /// Adds a fully connected layer's gradients.
  private func accumulate(
    _ layer: Dense, _ parameters: [Float], input: [Float],
    outputGradient: [Float], into gradient: inout [Float], inputGradient: inout [Float]
  ) {
    gradient.withUnsafeMutableBufferPointer { gradient in
      inputGradient.withUnsafeMutableBufferPointer { inputGradient in
        input.withUnsafeBufferPointer { input in
          for row in 0..<layer.outputs {
            let value = outputGradient[row]
            gradient[layer.bias + row] += value
            let start = layer.weight + row * layer.inputs
            for column in 0..<layer.inputs {
              gradient[start + column] += value * input[column]
              inputGradient[column] += value * parameters[start + column]
            }
          }
        }
      }
    }
  }
}
