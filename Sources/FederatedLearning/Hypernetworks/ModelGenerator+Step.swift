import NeuralNetworks

// The steps of a shared hypernetwork: the gradient of embeddings and hidden layers, clipping, descent. What is
// done with the heads, nearly all of the work, is in ModelGenerator+Heads.swift.
extension ModelGenerator {
  /// How the hypernetwork descends, with PyTorch's meaning.
  package struct Descent: Sendable, Hashable {
    /// Step size, momentum and weight decay.
    package var optimiser: StochasticGradientDescent
    /// The largest norm of the gradient over all parameters; 0 for any.
    package var clipping: Float
    /// Factor of every participant's gradient: 1 sums them, 1 / |S| takes their mean.
    package var share: Float

    /// Settings of a step.
    package init(optimiser: StochasticGradientDescent, clipping: Float, share: Float) {
      self.optimiser = optimiser
      self.clipping = clipping
      self.share = share
    }
  }

  /// One participant's Δθ_i = trained − received.
  package typealias Change = (client: Int, values: [Float])

  /// One step on −share · Σ_i ⟨θ_i(φ, v), Δθ_i⟩, that is along −(∂θ_i/∂(φ, v))ᵀ Δθ_i summed over the
  /// participants, clipped, with weight decay and momentum. Summed in the order given, whatever the
  /// engine's workers. Throws the engine's error, and `FederationError` for changes of another length.
  /// - Parameters:
  ///   - parameters: axis (hypernetwork parameter).
  ///   - velocity: the momentum's memory, 0 at first, axis (hypernetwork parameter).
  ///   - changes: axis (parameter) each.
  package func step(
    _ parameters: inout [Float], velocity: inout [Float], changes: [Change], _ descent: Descent,
    on engine: any TrainingEngine
  ) throws {
    try step(&parameters, velocity: &velocity, turns: [changes], descent, on: engine)
  }

  /// One such step for each turn, with ∂θ_i/∂(φ, v) at the parameters that the turns before it left. The
  /// heads are read once and written once for all turns: see `HeadSequence`.
  /// - Parameter turns: the changes of each turn, at least one.
  package func step(
    _ parameters: inout [Float], velocity: inout [Float], turns: [[Change]], _ descent: Descent,
    on engine: any TrainingEngine
  ) throws {
    let changes = turns.flatMap { $0 }
    guard let columnCount = changes.first?.values.count else { return }
    let bank = try ClientBank(parameterCount: columnCount, rows: changes.map(\.values))
    try parameters.withUnsafeMutableBufferPointer { parameters in
      try velocity.withUnsafeMutableBufferPointer { velocity in
        let current = UnsafeBufferPointer(parameters)
        var sequence = HeadSequence(
          descent,
          products: try headProducts(
            bank, current, turns.count > 1 ? UnsafeBufferPointer(velocity) : nil, descent.share,
            on: engine))
        var next = 0
        for turn in turns {
          let members = next..<next + turn.count
          next = members.upperBound
          let passes = turn.map { pass(of: $0.client, current) }
          var gradient = [Float](repeating: 0, count: headStart)
          for (index, pass) in zip(members, passes) {
            accumulate(
              pass, of: changes[index].client, featureGradient: sequence.featureGradient(of: index),
              current, into: &gradient)
          }
          let features = passes.map(\.features)
          let norm =
            (squaredNorm(gradient) + Double(descent.share * descent.share)
            * headSquaredNorm(sequence.changeProducts(of: members), features)).squareRoot()
          // PyTorch's clip_grad_norm_ adds 1e-6 to the norm.
          let scale =
            descent.clipping > 0 ? min(1, Float(Double(descent.clipping) / (norm + 1e-6))) : 1
          for index in 0..<headStart {
            descend(
              &parameters[index], &velocity[index], gradient: scale * gradient[index],
              descent.optimiser)
          }
          sequence.take(
            HeadTurn(members: members, features: features, factor: -scale * descent.share))
        }
        try descendHeads(parameters, velocity, bank, sequence.turns, descent.optimiser, on: engine)
      }
    }
  }

  @inline(__always)
  func descend(
    _ parameter: inout Float, _ velocity: inout Float, gradient: Float,
    _ optimiser: StochasticGradientDescent
  ) {
    velocity = optimiser.momentum * velocity + (gradient + optimiser.weightDecay * parameter)
    parameter -= optimiser.learningRate * velocity
  }

  // MARK: Embeddings and hidden layers

  /// Adds one participant's gradient of the hidden layers and of its embedding.
  private func accumulate(
    _ pass: Pass, of client: Int, featureGradient: [Float],
    _ parameters: UnsafeBufferPointer<Float>, into gradient: inout [Float]
  ) {
    var outputGradient = featureGradient
    for (index, dense) in hidden.enumerated().reversed() {
      let input = pass.inputs[index]
      var inputGradient = [Float](repeating: 0, count: dense.inputs)
      gradient.withUnsafeMutableBufferPointer { gradient in
        inputGradient.withUnsafeMutableBufferPointer { inputGradient in
          input.withUnsafeBufferPointer { input in
            for row in 0..<dense.outputs {
              let factor = outputGradient[row]
              let start = dense.weight + row * dense.inputs
              for column in 0..<dense.inputs {
                gradient[start + column] += factor * input[column]
                inputGradient[column] += factor * parameters[start + column]
              }
              gradient[dense.bias + row] += factor
            }
          }
        }
      }
      // Through the ReLU: its gradient is 0 where its result is.
      outputGradient =
        index == 0 ? inputGradient : zip(inputGradient, input).map { $1 > 0 ? $0 : 0 }
    }
    for (index, value) in outputGradient.enumerated() {
      gradient[client * embeddingSize + index] += value
    }
  }

  private func squaredNorm(_ values: [Float]) -> Double {
    values.withUnsafeBufferPointer { innerProduct($0, $0, 0..<values.count) }
  }
}
