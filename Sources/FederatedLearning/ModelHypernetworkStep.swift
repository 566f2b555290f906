import CFusedKernels
import NeuralNetworks

// The step of a shared hypernetwork. A head's weight gradient is −Σ_i Δθ_i ⊗ z_i over the
// participants i, as large as the head but of rank |S|: it is never stored. Its norm comes from
// inner products of the factors, and each of its rows is made where the step needs it.
extension ModelHypernetwork {
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
  /// participants, clipped, with weight decay and momentum. Summed in the order given.
  /// - Parameters:
  ///   - parameters: axis (hypernetwork parameter).
  ///   - velocity: the momentum's memory, 0 at first, axis (hypernetwork parameter).
  ///   - changes: axis (parameter) each.
  package func step(
    _ parameters: inout [Float], velocity: inout [Float], changes: [Change], _ descent: Descent
  ) {
    guard !changes.isEmpty else { return }
    parameters.withUnsafeMutableBufferPointer { parameters in
      velocity.withUnsafeMutableBufferPointer { velocity in
        let current = UnsafeBufferPointer(parameters)
        let passes = changes.map { pass(of: $0.client, current) }
        var gradient = [Float](repeating: 0, count: headStart)
        let featureGradients = featureGradients(changes.map(\.values), current, descent.share)
        for (index, change) in changes.enumerated() {
          accumulate(
            passes[index], of: change.client, featureGradient: featureGradients[index], current,
            into: &gradient)
        }
        let norm =
          (squaredNorm(gradient) + Double(descent.share * descent.share)
          * headSquaredNorm(changes.map(\.values), passes)).squareRoot()
        // PyTorch's clip_grad_norm_ adds 1e-6 to the norm.
        let scale =
          descent.clipping > 0 ? min(1, Float(Double(descent.clipping) / (norm + 1e-6))) : 1
        let optimiser = descent.optimiser
        for index in 0..<headStart {
          descend(
            &parameters[index], &velocity[index], gradient: scale * gradient[index], optimiser)
        }
        for head in heads {
          descendHead(
            head, changes.map(\.values), passes, parameters, velocity,
            factor: -scale * descent.share, optimiser)
        }
      }
    }
  }

  @inline(__always)
  private func descend(
    _ parameter: inout Float, _ velocity: inout Float, gradient: Float,
    _ optimiser: StochasticGradientDescent
  ) {
    velocity = optimiser.momentum * velocity + (gradient + optimiser.weightDecay * parameter)
    parameter -= optimiser.learningRate * velocity
  }

  // MARK: Heads

  /// The step of one head, row by row: gradient factor · Σ_i Δθ_i[p] z_i.
  private func descendHead(
    _ head: Head, _ changes: [[Float]], _ passes: [Pass],
    _ parameters: UnsafeMutableBufferPointer<Float>,
    _ velocity: UnsafeMutableBufferPointer<Float>, factor: Float,
    _ optimiser: StochasticGradientDescent
  ) {
    let (participants, size, rows) = (passes.count, hiddenSize, head.columns.count)
    let features = Array(passes.map(\.features).joined())
    // Axes (participant, row).
    let factors = changes.flatMap { $0[head.columns].map { factor * $0 } }
    features.withUnsafeBufferPointer { features in
      factors.withUnsafeBufferPointer { factors in
        guard let features = features.baseAddress, let factors = factors.baseAddress,
          let parameters = parameters.baseAddress, let velocity = velocity.baseAddress
        else { return }
        head_descend(
          parameters + head.dense.weight, velocity + head.dense.weight, rows, size, factors,
          features, participants,
          head_descent(
            rate: optimiser.learningRate, momentum: optimiser.momentum,
            weight_decay: optimiser.weightDecay))
        for row in 0..<rows {
          var gradient: Float = 0
          for participant in 0..<participants { gradient += factors[participant * rows + row] }
          let bias = head.dense.bias + row
          descend(&parameters[bias], &velocity[bias], gradient: gradient, optimiser)
        }
      }
    }
  }

  /// ‖Σ_i Δθ_i ⊗ (z_i, 1)‖² over all heads' weights and biases = Σ_ij ⟨Δθ_i, Δθ_j⟩ (⟨z_i, z_j⟩ + 1).
  private func headSquaredNorm(_ changes: [[Float]], _ passes: [Pass]) -> Double {
    var sum = 0.0
    for i in changes.indices {
      for j in changes.indices where j <= i {
        let product = changes[i].withUnsafeBufferPointer { a in
          changes[j].withUnsafeBufferPointer { b in
            heads.reduce(0) { $0 + innerProduct(a, b, $1.columns) }
          }
        }
        let features = zip(passes[i].features, passes[j].features).reduce(0) {
          $0 + Double($1.0) * Double($1.1)
        }
        sum += (i == j ? 1 : 2) * product * (features + 1)
      }
    }
    return max(sum, 0)
  }

  /// −share · Σ_p Δθ_i[p] W[p] over all heads' rows, axes (participant, hidden): what goes back into
  /// the hidden layers. Summed in single precision over 64 rows, in double precision beyond.
  private func featureGradients(
    _ changes: [[Float]], _ parameters: UnsafeBufferPointer<Float>, _ share: Float
  ) -> [[Float]] {
    let (participants, size) = (changes.count, hiddenSize)
    var totals = [Double](repeating: 0, count: participants * size)
    for head in heads {
      let rows = head.columns.count
      let factors = changes.flatMap { $0[head.columns].map { -share * $0 } }
      totals.withUnsafeMutableBufferPointer { totals in
        factors.withUnsafeBufferPointer { factors in
          guard let totals = totals.baseAddress, let factors = factors.baseAddress,
            let weights = parameters.baseAddress.map({ $0 + head.dense.weight })
          else { return }
          for start in stride(from: 0, to: rows, by: 64) {
            let stretch = start..<min(start + 64, rows)
            for participant in 0..<participants {
              head_add_products(
                factors + participant * rows + start, weights + start * size, stretch.count, size,
                totals + participant * size)
            }
          }
        }
      }
    }
    return (0..<participants).map { totals[$0 * size..<($0 + 1) * size].map(Float.init) }
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
      for row in 0..<dense.outputs {
        let factor = outputGradient[row]
        let start = dense.weight + row * dense.inputs
        for column in 0..<dense.inputs {
          gradient[start + column] += factor * input[column]
          inputGradient[column] += factor * parameters[start + column]
        }
        gradient[dense.bias + row] += factor
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
