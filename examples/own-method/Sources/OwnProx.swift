import FederatedLearning
import NeuralNetworks

/// FedProx, written outside the package: federated averaging whose clients descend on
/// L_i(θ) + (μ / 2) · ‖θ − θ_received‖² (Li et al., MLSys 2020, Equation 2).
struct OwnProx: AveragingMethod {
  static let strength = MethodOption<Double>(
    "strength", default: 1, in: 0...1e6, "μ, the pull towards the received model.")

  static let information = MethodInformation(
    name: "own-prox", title: "My FedProx", paper: "Li et al., MLSys", year: 2020,
    equations: "Equation 2", options: [strength])

  let setting: FederationSetting
  private let strength: Float

  init(options: MethodOptions, setting: FederationSetting) {
    self.setting = setting
    strength = Float(options[Self.strength])
  }

  func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: [Float], bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Void> {
    let (model, loss) = try task.descend(
      from: received.parameters, on: network,
      proximal: LocalTask.Proximal(anchor: received.parameters, strength: strength))
    return ClientUpdate(client: task.client, trained: model, trainLoss: loss.mean, contribution: ())
  }
}
