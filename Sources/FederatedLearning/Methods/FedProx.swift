import NeuralNetworks

/// FedProx: federated averaging whose clients minimise L_i(θ) + (μ / 2) · ‖θ − θ_received‖².
///
/// Li, Sahu, Zaheer, Sanjabi, Talwalkar, Smith: *Federated optimization in heterogeneous networks*,
/// MLSys 2020, Equation 2 and Algorithm 2.
public struct FedProx: AveragingMethod {
  static let proximalStrength = MethodOption<Double>(
    "proximal_strength", default: 1, in: 0...1e6,
    "μ. The paper tunes it over 0.001, 0.01, 0.1 and 1, and reports 1 for its image datasets.")

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "fedprox", title: "FedProx", paper: "Li et al., MLSys", year: 2020,
    equations: "Equation 2, Algorithm 2",
    options: [proximalStrength])

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let strength: Float

  /// Reads μ.
  public init(options: MethodOptions, setting: FederationSetting) {
    self.setting = setting
    strength = Float(options[Self.proximalStrength])
  }

  /// Local training with the proximal term.
  public func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: [Float], bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Void> {
    let (model, loss) = try task.descend(
      from: received.parameters, on: network,
      proximal: LocalTask.Proximal(anchor: received.parameters, strength: strength))
    return ClientUpdate(client: task.client, trained: model, trainLoss: loss.mean, contribution: ())
  }
}
