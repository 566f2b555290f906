import NeuralNetworks

/// HeurpFedLA: pFedLA whose clients keep local the k layers with the largest self weights, which the
/// server then does not send.
///
/// Ma, Zhang, Guo, Xu: *Layer-wised model aggregation for personalized federated learning*,
/// CVPR 2022, DOI 10.1109/CVPR52688.2022.00985, Algorithm 2 and Equation 12.
public struct HeurpFedLA: LayerwiseMethod, LayerRetention {
  /// Whether retained layers give their hypernetwork a gradient.
  public enum RetainedGradient: String, MethodChoice {
    /// They do not.
    case none
    /// As the other layers do.
    case passed
  }

  static let retainedLayers = MethodOption<Int>(
    "retained_layers", default: 1, in: 0...1_000,
    "k, the number of layers (or of `model.units`) that stay local. Tables 1 and 2 of the paper use 1."
  )
  static let retainedGradient = MethodOption<RetainedGradient>(
    "retained_gradient", default: .none,
    "Whether retained layers give the hypernetwork a gradient. Open in the paper; none is "
      + "consistent, since their starting point does not depend on the weights.")

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "heurpfedla", title: "HeurpFedLA", paper: "Ma et al., CVPR", year: 2022,
    equations: "Equations 3 to 12, Algorithm 2",
    // The byte counts of the paper's Table 3 leave the running statistics out.
    statistics: .local,
    options: [retainedLayers, retainedGradient] + LayerwiseAggregation.options)

  let aggregation: LayerwiseAggregation

  /// Reads k and the hypernetworks' keys. Throws `FederationError` if the model has fewer units of layers.
  public init(options: MethodOptions, setting: FederationSetting) throws {
    let count = options[Self.retainedLayers]
    let units = setting.units.count
    guard count <= units else {
      let kind = units == setting.layout.layers.count ? "layers" : "units of layers"
      throw FederationError(
        "\(Self.retainedLayers.declaration.key): found \(count), expected at most \(units), the number of "
          + "\(kind) of the model")
    }
    aggregation = try LayerwiseAggregation(
      options: options, setting: setting, retainedLayerCount: count,
      retainedLayersPassGradient: options[Self.retainedGradient] == .passed)
  }

  /// The layers that the client would keep in its next round.
  public func retainedLayers(of client: Int, state: HypernetworkState) -> [Bool] {
    aggregation.retainedLayers(of: client, state: state)
  }
}
