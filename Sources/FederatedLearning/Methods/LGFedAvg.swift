import NeuralNetworks

/// LG-FedAvg: federated averaging of the last layers; the first ones, the local representation, stay
/// with their clients. All are trained together.
///
/// Liang, Liu, Liu, Salakhutdinov, Morency: *Think locally, act globally: federated learning with
/// local and global representations*, 2020, arXiv 2001.01523.
///
/// The paper starts from a model that federated averaging has trained; here every client starts from
/// the common initial model, as with all methods.
public struct LGFedAvg: AveragingMethod {
  static let globalLayers = MethodOption<Int>(
    "global_layers", default: 2, in: 0...1_000,
    "The number of last layers that are averaged. The default is num_layers_keep of the "
      + "authors' commands for CIFAR-10.")

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "lg-fedavg", title: "LG-FedAvg", paper: "Liang et al., arXiv 2001.01523", year: 2020,
    equations: "Algorithm 1",
    options: [globalLayers])

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let global: Set<String>

  /// Reads the number of global layers. Throws `FederationError` if the model has fewer.
  public init(options: MethodOptions, setting: FederationSetting) throws {
    self.setting = setting
    global = Set(try setting.lastLayers(Self.globalLayers, options).map(\.name))
  }

  /// The last layers.
  public func shares(_ layer: ParameterLayout.Layer) -> Bool { global.contains(layer.name) }

  /// Equal, as in the authors' code.
  public func averagingWeights(of clients: [Int]) -> [Float] { setting.equalShares(of: clients) }
}
