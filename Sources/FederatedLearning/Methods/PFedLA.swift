import NeuralNetworks

/// pFedLA: layer-wise personalised aggregation with hypernetworks.
///
/// Ma, Zhang, Guo, Xu: *Layer-wised model aggregation for personalized federated learning*,
/// CVPR 2022, DOI 10.1109/CVPR52688.2022.00985, Algorithm 1 and Equations 3 to 11.
public struct PFedLA: LayerwiseMethod {
  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "pfedla", title: "pFedLA", paper: "Ma et al., CVPR", year: 2022,
    equations: "Equations 3 to 11, Algorithm 1",
    // The byte counts of the paper's Table 3 leave the running statistics out.
    statistics: .local,
    options: LayerwiseAggregation.options)

  let aggregation: LayerwiseAggregation

  /// Reads the hypernetworks' keys.
  public init(options: MethodOptions, setting: FederationSetting) throws {
    aggregation = try LayerwiseAggregation(options: options, setting: setting)
  }
}
