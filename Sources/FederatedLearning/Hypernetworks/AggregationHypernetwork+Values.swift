extension AggregationHypernetwork {
  /// One client's hypernetwork: the values of an `AggregationHypernetwork`'s parameters.
  package struct Values: Sendable, Equatable {
    /// Embedding and hidden layers, the beginning of the flat vector, axis (base parameter).
    package var base: [Float]
    /// The heads, the rest of it.
    package var heads: Heads

    /// A hypernetwork of those parts.
    package init(base: [Float], heads: Heads) {
      self.base = base
      self.heads = heads
    }
  }

  /// The gradient by a hypernetwork's parameters.
  package struct Gradient: Sendable, Equatable {
    /// By embedding and hidden layers, axis (base parameter).
    package var base: [Float]
    /// The heads' input, axis (input).
    package var headInput: [Float]
    /// By the heads' outputs, axes (layer, source client), row-major: by a head's weight it is the outer
    /// product of its part of this with `headInput`, by its bias that part.
    package var outputs: [Float]
  }
}

extension AggregationHypernetwork {
  /// The hypernetwork of flat parameters, axis (hypernetwork parameter), with dense heads.
  package func hypernetwork(_ parameters: [Float]) -> Values {
    Values(
      base: Array(parameters[..<baseCount]), heads: .dense(Array(parameters[baseCount...])))
  }

  /// The same without embedding and hidden layers: its parameters are the heads' biases, and so its outputs.
  package var withoutInputs: AggregationHypernetwork {
    AggregationHypernetwork(
      embeddingSize: 0, hiddenSizes: [], layerCount: layerCount, clientCount: clientCount,
      normaliser: normaliser)
  }

  /// The hypernetwork `withoutInputs` that has the outputs of one of this shape.
  package func outputsAlone(of hypernetwork: Values) -> Values {
    guard hypernetwork.heads != .steps([]) else { return Values(base: [], heads: .steps([])) }
    let input = activations(hypernetwork.base).last ?? []
    return Values(base: [], heads: .dense(outputs(of: hypernetwork, input)))
  }

  /// The flat parameters, axis (hypernetwork parameter).
  package func parameters(of hypernetwork: Values) -> [Float] {
    hypernetwork.base
      + hypernetwork.heads.dense(inputs: headInputs, layers: layerCount, sources: clientCount)
  }

  /// The flat gradient, axis (hypernetwork parameter).
  package func parameters(of gradient: Gradient) -> [Float] {
    let step = Heads.Step(input: gradient.headInput, outputs: gradient.outputs)
    return parameters(
      of: Values(base: gradient.base, heads: .steps([step])))
  }

  /// The aggregation weights α_i, axes (layer, source client); each row sums to 1.
  /// - Parameter client: i, whose own weight is the fallback of `relu-sum`.
  package func weights(of hypernetwork: Values, client: Int) -> [[Float]] {
    // Zero heads have zero outputs, whatever their input.
    if hypernetwork.heads == .steps([]) { return weightsOfZeroHeads(client: client) }
    let input = activations(hypernetwork.base).last ?? []
    return rows(outputs(of: hypernetwork, input)).map { normalised($0, client: client) }
  }

  /// The weights of heads that are zero.
  func weightsOfZeroHeads(client: Int) -> [[Float]] {
    let zero = [Float](repeating: 0, count: clientCount)
    return Array(repeating: normalised(zero, client: client), count: layerCount)
  }

  /// The gradient (∂θ̄_i/∂(v_i, ψ_i))ᵀ Δθ_i (paper, Equations 7 to 11), by back-propagation from the
  /// gradient by the weights.
  /// - Parameter weightGradient: ⟨θ_j^l, Δθ_i^l⟩, axes (layer, source client).
  package func gradient(
    of hypernetwork: Values, client: Int, weightGradient: [[Float]]
  ) -> Gradient {
    let activations = activations(hypernetwork.base)
    let input = activations.last ?? []
    let outputs = zip(rows(outputs(of: hypernetwork, input)), weightGradient).flatMap {
      normaliserGradient($0, weights: normalised($0, client: client), by: $1)
    }
    return Gradient(
      base: baseGradient(
        hypernetwork.base, activations: activations,
        headInputGradient: hypernetwork.heads.inputGradient(
          outputs, inputs: headInputs, layers: layerCount, sources: clientCount)),
      headInput: input, outputs: outputs)
  }

  /// Moves a hypernetwork along a gradient, times the step size.
  package func step(
    _ hypernetwork: inout Values, along gradient: Gradient, size: Float
  ) {
    for index in hypernetwork.base.indices {
      hypernetwork.base[index] += size * gradient.base[index]
    }
    hypernetwork.heads.add(
      Heads.Step(
        input: gradient.headInput, outputs: gradient.outputs.map { size * $0 }),
      layers: layerCount, sources: clientCount)
  }

  private func outputs(of hypernetwork: Values, _ input: [Float]) -> [Float] {
    hypernetwork.heads.outputs(of: input, layers: layerCount, sources: clientCount)
  }

  private func rows(_ outputs: [Float]) -> [[Float]] {
    (0..<layerCount).map { Array(outputs[$0 * clientCount..<($0 + 1) * clientCount]) }
  }
}
