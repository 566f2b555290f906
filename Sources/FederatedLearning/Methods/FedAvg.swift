import NeuralNetworks

/// Federated averaging: one global model, the average of the participants' trained models weighted
/// by their numbers of training samples.
///
/// McMahan, Moore, Ramage, Hampson, Agüera y Arcas: *Communication-efficient learning of deep
/// networks from decentralized data*, AISTATS 2017, Algorithm 1.
public struct FedAvg: AveragingMethod {
  /// Name and origin.
  public static let information = MethodInformation(
    name: "fedavg", title: "FedAvg", paper: "McMahan et al., AISTATS", year: 2017,
    equations: "Algorithm 1")

  /// What is fixed for the federation.
  public let setting: FederationSetting

  /// Needs no options.
  public init(options: MethodOptions, setting: FederationSetting) { self.setting = setting }
}
