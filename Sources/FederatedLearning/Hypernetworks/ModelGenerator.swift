import CKernels
import NeuralNetworks
import RandomStreams

/// A hypernetwork that all clients share and that produces a whole client model (pFedHN):
/// θ_i = h(v_i; φ) for a trained embedding v_i of each client.
///
///     z_0 = W_0 v_i + b_0,  z_k = W_k ReLU(z_{k−1}) + b_k for k = 1 … `hiddenLayerCount`
///     each trained tensor of the client model = W z + b with its own head W, b and the last z
///
/// Its parameters, φ and all embeddings, are one flat vector: the embeddings (client, embedding);
/// for each hidden layer weight (output, input) and bias (output); for each trained tensor of the
/// client model, in the order of the layout, weight (value, hidden) and bias (value). Running
/// statistics have no head.
package struct ModelGenerator: Sendable, Hashable {
  /// A fully connected layer's places in the flat vector.
  struct Dense: Sendable, Hashable {
    let weight: Int
    let bias: Int
    let inputs: Int
    let outputs: Int
  }

  /// The head of one trained tensor, at `columns` of a client model.
  struct Head: Sendable, Hashable {
    let name: String
    let columns: Range<Int>
    let dense: Dense
  }

  /// The results of a forward pass through the hidden layers.
  struct Pass: Sendable {
    /// The input of each hidden layer: the embedding, then ReLU(z_0), ReLU(z_1), ….
    var inputs: [[Float]] = []
    /// The last z, the input of every head, axis (hidden).
    var features: [Float] = []
  }

  /// Length of an embedding.
  package let embeddingSize: Int
  /// Outputs of each hidden layer.
  package let hiddenSize: Int
  /// Rows of the embedding table.
  package let clientCount: Int
  /// The length of the flat vector.
  package let parameterCount: Int
  let hidden: [Dense]
  let heads: [Head]

  /// A hypernetwork for models of that layout; sizes at least 1.
  /// - Parameter hiddenLayerCount: fully connected layers after the first one.
  package init(
    embeddingSize: Int, hiddenSize: Int, hiddenLayerCount: Int, clientCount: Int,
    layout: ParameterLayout
  ) {
    self.embeddingSize = embeddingSize
    self.hiddenSize = hiddenSize
    self.clientCount = clientCount
    var offset = clientCount * embeddingSize
    func dense(_ inputs: Int, _ outputs: Int) -> Dense {
      defer { offset += inputs * outputs + outputs }
      return Dense(
        weight: offset, bias: offset + inputs * outputs, inputs: inputs, outputs: outputs)
    }
    hidden = (0...hiddenLayerCount).map { dense($0 == 0 ? embeddingSize : hiddenSize, hiddenSize) }
    heads = layout.layers.flatMap { layer in
      layer.tensors.filter { $0.role == .trained }.map {
        Head(
          name: "head.\(layer.name).\($0.name)", columns: $0.range,
          dense: dense(hiddenSize, $0.range.count))
      }
    }
    parameterCount = offset
  }

  /// Where the heads begin in the flat vector.
  var headStart: Int { heads.first?.dense.weight ?? parameterCount }

  /// The position of each tensor in the flat vector, in order.
  package var tensors: [HypernetworkTensor] {
    let named =
      hidden.enumerated().map { ("hidden\($0)", $1) } + heads.map { ($0.name, $0.dense) }
    return [
      HypernetworkTensor(name: "embedding", shape: [clientCount, embeddingSize], offset: 0)
    ]
      + named.flatMap { name, dense in
        [
          HypernetworkTensor(
            name: "\(name).weight", shape: [dense.outputs, dense.inputs], offset: dense.weight),
          HypernetworkTensor(name: "\(name).bias", shape: [dense.outputs], offset: dense.bias),
        ]
      }
  }

  /// Initial parameters, from the stream (seed, hypernetwork initialisation): embeddings standard
  /// normal, all else uniform in ±1/√inputs, as PyTorch does.
  package func initialParameters(seed: UInt64) -> [Float] {
    var stream = RandomStream(seed: seed, purpose: .hypernetworkInitialisation)
    var parameters = [Float](repeating: 0, count: parameterCount)
    parameters.withUnsafeMutableBufferPointer { parameters in
      for index in 0..<clientCount * embeddingSize { parameters[index] = Float(stream.normal()) }
      for dense in hidden + heads.map(\.dense) {
        let bound = 1 / Float(dense.inputs).squareRoot()
        for index in dense.weight..<dense.bias + dense.outputs {
          parameters[index] = stream.uniform(from: -bound, to: bound)
        }
      }
    }
    return parameters
  }

  /// Writes θ_i = h(v_i; φ) over the trained parameters of some clients' models; running statistics stay.
  /// The heads are read once for up to eight clients; no model depends on what shares its pass.
  /// - Parameter models: axes (client, parameter).
  package func produce(_ models: inout [[Float]], of clients: [Int], parameters: [Float]) {
    parameters.withUnsafeBufferPointer { parameters in
      for start in stride(from: 0, to: clients.count, by: Self.sharedPassCount) {
        let places = start..<min(start + Self.sharedPassCount, clients.count)
        let features = padded(places.map { pass(of: clients[$0], parameters).features })
        for head in heads {
          apply(head.dense, parameters, features, count: places.count) { rows, results in
            let columns = head.columns.lowerBound + rows.lowerBound
            for (number, place) in places.enumerated() {
              models[place].withUnsafeMutableBufferPointer {
                _ = UnsafeMutableBufferPointer(rebasing: $0[columns..<columns + rows.count]).update(
                  fromContentsOf: results[number * rows.count..<(number + 1) * rows.count])
              }
            }
          }
        }
      }
    }
  }

  /// The most clients that share a pass over the heads.
  private static let sharedPassCount = Int(HEAD_MAXIMUM_SHARED)
  /// Rows whose results stay in the nearest cache until they are taken over.
  private static let rowsAtATime = 256

  /// The forward pass through the hidden layers.
  func pass(of client: Int, _ parameters: UnsafeBufferPointer<Float>) -> Pass {
    var pass = Pass()
    pass.features = Array(parameters[client * embeddingSize..<(client + 1) * embeddingSize])
    for (index, dense) in hidden.enumerated() {
      pass.inputs.append(index == 0 ? pass.features : pass.features.map { max($0, 0) })
      pass.features = []
      apply(dense, parameters, padded([pass.inputs[index]]), count: 1) { _, results in
        pass.features += results
      }
    }
    return pass
  }

  /// Inputs of a layer one after another, each padded to the length that the kernel needs.
  private func padded(_ inputs: [[Float]]) -> [Float] {
    let padding = Int(HEAD_PADDING)
    return inputs.flatMap { input -> [Float] in
      let length = (input.count + padding - 1) / padding * padding
      return input + [Float](repeating: 0, count: length - input.count)
    }
  }

  /// W · input + b for some inputs, a stretch of rows at a time.
  /// - Parameters:
  ///   - inputs: axes (input, padded column).
  ///   - take: gets the rows and their results, axes (input, row).
  private func apply(
    _ dense: Dense, _ parameters: UnsafeBufferPointer<Float>, _ inputs: [Float], count: Int,
    take: (_ rows: Range<Int>, _ results: UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    guard let start = parameters.baseAddress else { return }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count * Self.rowsAtATime) { results in
      guard let place = results.baseAddress else { return }
      for first in stride(from: 0, to: dense.outputs, by: Self.rowsAtATime) {
        let rows = first..<min(first + Self.rowsAtATime, dense.outputs)
        head_apply(
          start + dense.weight + first * dense.inputs, start + dense.bias + first, rows.count,
          dense.inputs, inputs, Int32(count), place)
        take(rows, UnsafeMutableBufferPointer(rebasing: results[..<(count * rows.count)]))
      }
    }
  }
}
