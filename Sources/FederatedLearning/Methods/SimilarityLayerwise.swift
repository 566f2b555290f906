import NeuralNetworks

/// Layer-wise aggregation by similarity: each layer is averaged with the same layer of the most similar
/// clients, which may be others in each layer.
///
/// The toy example in Figure 1 of Ma, Zhang, Guo, Xu: *Layer-wised model aggregation for personalized
/// federated learning*, CVPR 2022, DOI 10.1109/CVPR52688.2022.00985.
public struct SimilarityLayerwise: SimilarityAggregation {
  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "similarity-layerwise", title: "Layer-wise similarity", paper: "Ma et al., CVPR",
    year: 2022, equations: "Figure 1, similarity of layers", options: SimilarityWeights.options)

  let similarity: SimilarityWeights

  /// Reads the keys.
  public init(options: MethodOptions, setting: FederationSetting) {
    similarity = SimilarityWeights(options: options, setting: setting, unit: .layers)
  }
}
