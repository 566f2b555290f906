import NeuralNetworks

/// The part of a model that a method sends and averages.
public struct SharedModel: Sendable {
  /// The columns that are sent, in ascending order.
  public let columns: [Range<Int>]

  /// All layers, or those for which `shares` is true; running statistics of batch normalisation
  /// only where the setting aggregates them.
  public init(
    _ setting: FederationSetting, where shares: (ParameterLayout.Layer) -> Bool = { _ in true }
  ) {
    columns = setting.layout.layers.filter(shares).map(setting.sharedRange)
  }

  /// Float32 bytes of the shared part.
  public var bytes: Int { columns.reduce(0) { $0 + $1.count } * MemoryLayout<Float>.size }

  /// The global model in the shared part, the client's own elsewhere, axis (parameter).
  public func received(own: some Collection<Float>, global: [Float]) -> [Float] {
    var model = Array(own)
    for columns in columns { model.replaceSubrange(columns, with: global[columns]) }
    return model
  }

  /// Replaces the shared part of `average` by Σ_k weight_k · model_k, summed in the order given;
  /// nothing if there is no model.
  /// - Parameters:
  ///   - average: the model whose shared part is replaced, axis (parameter).
  ///   - models: axis (parameter) each.
  public func average(_ models: [(model: [Float], weight: Float)], into average: inout [Float]) {
    guard !models.isEmpty else { return }
    average.withUnsafeMutableBufferPointer { average in
      for columns in columns {
        for index in columns { average[index] = 0 }
        for (model, weight) in models {
          model.withUnsafeBufferPointer { model in
            for index in columns { average[index] += weight * model[index] }
          }
        }
      }
    }
  }
}
