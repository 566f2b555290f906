import NeuralNetworks

/// Ditto: each client keeps a personal model that is pulled towards the global one, which is
/// trained by federated averaging.
///
/// Li, Hu, Beirami, Smith: *Ditto: fair and robust federated learning through personalization*,
/// ICML 2021, Algorithm 1. With w the received model, a participant trains its version w_i from w
/// by plain descent, which the server averages, and its personal model v_i from where it stood: v_i
/// ← v_i − η (∇L_i(v_i) + λ (v_i − w)). Both see the same mini-batches, as in the authors' code. As
/// the pull is towards w and not towards w_i, one can be trained after the other.
public struct Ditto: AveragingMethod {
  static let proximalStrength = MethodOption<Double>(
    "proximal_strength", default: 1, in: 0...1e6,
    "λ. The authors' example scripts use 1, and tune it over 0.1, 1 and 2.")

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "ditto", title: "Ditto", paper: "Li et al., ICML", year: 2021,
    equations: "Algorithm 1", reported: .trained,
    options: [proximalStrength])

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let strength: Float

  /// The clients' versions of the global model are the contributions.
  public var aggregatesTrainedModels: Bool { false }

  /// Reads λ.
  public init(options: MethodOptions, setting: FederationSetting) {
    self.setting = setting
    strength = Float(options[Self.proximalStrength])
  }

  /// Trains the personal model, the client's row of the bank, and contributes the client's version
  /// of the global model, axis (parameter). The training loss is the personal model's.
  public func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: [Float], bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<[Float]> {
    let version = try task.descend(from: received.parameters, on: network).model
    let (personal, loss) = try task.descend(
      from: bank[task.client], on: network,
      proximal: LocalTask.Proximal(anchor: received.parameters, strength: strength))
    return ClientUpdate(
      client: task.client, trained: personal, trainLoss: loss.mean, contribution: version)
  }

  /// The client's version of the global model.
  public func sentModel(of update: ClientUpdate<[Float]>) -> [Float] { update.contribution }
}
