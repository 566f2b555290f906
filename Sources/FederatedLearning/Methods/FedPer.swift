import NeuralNetworks

/// FedPer: federated averaging of the first layers; the last ones stay with their clients. All are
/// trained together.
///
/// Arivazhagan, Aggarwal, Singh, Choudhary: *Federated learning with personalization layers*, 2019,
/// arXiv 1912.00818, Algorithms 1 and 2.
public struct FedPer: AveragingMethod {
  static let personalLayers = MethodOption<Int>(
    "personal_layers", default: 1, in: 0...1_000,
    "The number of last layers that stay on the client. The default is the classifier "
      + "alone.")

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "fedper", title: "FedPer", paper: "Arivazhagan et al., arXiv 1912.00818", year: 2019,
    equations: "Algorithms 1 and 2",
    options: [personalLayers])

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let personal: Set<String>

  /// Reads the number of personal layers. Throws `FederationError` if the model has fewer.
  public init(options: MethodOptions, setting: FederationSetting) throws {
    self.setting = setting
    personal = Set(try setting.lastLayers(Self.personalLayers, options).map(\.name))
  }

  /// The first layers.
  public func shares(_ layer: ParameterLayout.Layer) -> Bool { !personal.contains(layer.name) }
}
