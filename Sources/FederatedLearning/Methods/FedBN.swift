import NeuralNetworks

/// FedBN: federated averaging in which batch-normalisation layers, running statistics included, stay
/// with their clients.
///
/// Li, Jiang, Zhang, Kamp, Dou: *FedBN: federated learning on non-IID features via local batch
/// normalization*, ICLR 2021, Algorithm 1.
public struct FedBN: AveragingMethod {
  /// Name and origin.
  public static let information = MethodInformation(
    name: "fedbn", title: "FedBN", paper: "Li et al., ICLR", year: 2021, equations: "Algorithm 1",
    statistics: .local)

  /// What is fixed for the federation.
  public let setting: FederationSetting

  /// Throws `FederationError` for a model without batch normalisation.
  public init(options: MethodOptions, setting: FederationSetting) throws {
    guard setting.layout.layers.contains(where: \.isBatchNormalisation) else {
      throw FederationError(
        "fedbn: the model has no batch-normalisation layer, expected one; set "
          + "model.batch_normalisation to true or choose fedavg")
    }
    self.setting = setting
  }

  /// All but batch normalisation.
  public func shares(_ layer: ParameterLayout.Layer) -> Bool { !layer.isBatchNormalisation }
}
