extension AggregationHypernetwork {
  /// The heads of one client's hypernetwork: for each layer l of the client model a weight W_l, axes
  /// (source client, input), and a bias b_l, axis (source client).
  ///
  /// The gradient by a head is an outer product: z_l = W_l h + b_l for the input h of all heads, so with g_l
  /// the gradient by z_l those by W_l and b_l are g_l ⊗ h and g_l. From zero, heads are
  /// W_l = Σ_s g_{s,l} ⊗ h_s and b_l = Σ_s g_{s,l} over the steps s, and need never be written out:
  /// W_l h = Σ_s g_{s,l} ⟨h_s, h⟩. With L layers, N source clients and H inputs a step takes L·N + H values,
  /// dense heads L·N·(H + 1).
  ///
  /// Steps are kept until they would take as much as dense heads, into which they are then folded. In the
  /// long run a client that takes part in more than about H rounds has dense heads, as any method with a
  /// hypernetwork a client must: L·N²·(H + 1) values if all clients do.
  package enum Heads: Sendable, Equatable {
    /// One step from zero.
    package struct Step: Sendable, Equatable {
      /// h, the heads' input, axis (input).
      package let input: [Float]
      /// g times the step size, axes (layer, source client), row-major.
      package let outputs: [Float]

      /// A step of that input and those outputs.
      package init(input: [Float], outputs: [Float]) {
        self.input = input
        self.outputs = outputs
      }
    }

    /// Zero, and these steps since.
    case steps([Step])
    /// Written out: for each layer weight (source client, input) and then bias (source client), as in the
    /// hypernetwork's flat vector.
    case dense([Float])

    /// The number of values kept.
    package var valueCount: Int {
      switch self {
      case .steps(let steps): steps.reduce(0) { $0 + $1.input.count + $1.outputs.count }
      case .dense(let values): values.count
      }
    }

    /// Whether a value of the heads written out may be infinite or not a number; false only if none is. A sum of
    /// steps is at most the sum of the products of their largest values.
    package var mayOverflow: Bool {
      guard case .steps(let steps) = self else { return true }
      let bound = steps.reduce(0.0) { sum, step in
        sum + Self.largest(step.outputs) * max(1, Self.largest(step.input))
      }
      return !(bound < Double(Float.greatestFiniteMagnitude) / 2)
    }

    /// The largest absolute value; infinite for values of which one is not finite.
    private static func largest(_ values: [Float]) -> Double {
      guard firstNonFinite(values) == nil else { return .infinity }
      return Double(values.reduce(0) { max($0, abs($1)) })
    }

    /// Most steps that are kept for heads of those sizes: one more takes as much as dense heads.
    package static func mostSteps(inputs: Int, layers: Int, sources: Int) -> Int {
      (layers * sources * (inputs + 1) - 1) / (layers * sources + inputs)
    }

    /// z_l for every layer, axes (layer, source client), row-major.
    /// - Parameter input: h, axis (input).
    func outputs(of input: [Float], layers: Int, sources: Int) -> [Float] {
      var outputs = [Float](repeating: 0, count: layers * sources)
      switch self {
      case .steps(let steps):
        for step in steps {
          let factor = 1 + Float(product(step.input, input))
          for index in outputs.indices { outputs[index] += factor * step.outputs[index] }
        }
      case .dense(let values):
        let inputs = input.count
        values.withUnsafeBufferPointer { values in
          guard let start = values.baseAddress else { return }
          for layer in 0..<layers {
            let head = layer * sources * (inputs + 1)
            let biases = head + sources * inputs
            for (source, product) in rowProducts(start + head, count: sources, with: input)
              .enumerated()
            {
              outputs[layer * sources + source] = values[biases + source] + Float(product)
            }
          }
        }
      }
      return outputs
    }

    /// The gradient by h: Σ_l W_lᵀ g_l, axis (input).
    /// - Parameter gradient: g, axes (layer, source client), row-major.
    func inputGradient(_ gradient: [Float], inputs: Int, layers: Int, sources: Int) -> [Float] {
      var result = [Float](repeating: 0, count: inputs)
      switch self {
      case .steps(let steps):
        for step in steps {
          let factor = Float(product(step.outputs, gradient))
          for index in result.indices { result[index] += factor * step.input[index] }
        }
      case .dense(let values):
        values.withUnsafeBufferPointer { values in
          forEachRow(layers, sources, inputs) { row, weight, _ in
            for index in 0..<inputs { result[index] += gradient[row] * values[weight + index] }
          }
        }
      }
      return result
    }

    /// Adds a step; folds all steps into dense heads once these would take no more memory.
    mutating func add(_ step: Step, layers: Int, sources: Int) {
      let inputs = step.input.count
      if case .steps(var steps) = self,
        steps.count < Self.mostSteps(inputs: inputs, layers: layers, sources: sources)
      {
        // Else the steps are copied when they are changed.
        self = .steps([])
        steps.append(step)
        self = .steps(steps)
        return
      }
      var values = dense(inputs: inputs, layers: layers, sources: sources)
      self = .dense([])
      Self.add(step, to: &values, layers: layers, sources: sources)
      self = .dense(values)
    }

    /// The heads written out.
    func dense(inputs: Int, layers: Int, sources: Int) -> [Float] {
      switch self {
      case .dense(let values): return values
      case .steps(let steps):
        var values = [Float](repeating: 0, count: layers * sources * (inputs + 1))
        for step in steps { Self.add(step, to: &values, layers: layers, sources: sources) }
        return values
      }
    }

    private static func add(_ step: Step, to values: inout [Float], layers: Int, sources: Int) {
      let inputs = step.input.count
      values.withUnsafeMutableBufferPointer { values in
        step.input.withUnsafeBufferPointer { input in
          forEachRow(layers, sources, inputs) { row, weight, bias in
            let value = step.outputs[row]
            values[bias] += value
            for index in 0..<inputs { values[weight + index] += value * input[index] }
          }
        }
      }
    }
  }
}

/// Calls `body` for each row (layer, source client) with its number and the places of its weights and its
/// bias in dense heads.
private func forEachRow(
  _ layers: Int, _ sources: Int, _ inputs: Int,
  _ body: (_ row: Int, _ weight: Int, _ bias: Int) -> Void
) {
  for layer in 0..<layers {
    let start = layer * sources * (inputs + 1)
    for source in 0..<sources {
      body(layer * sources + source, start + source * inputs, start + sources * inputs + source)
    }
  }
}

/// Σ a · b in a fixed order.
private func product(_ a: [Float], _ b: [Float]) -> Double {
  a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { innerProduct(a, $0, 0..<a.count) }
  }
}
