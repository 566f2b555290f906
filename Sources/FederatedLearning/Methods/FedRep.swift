import NeuralNetworks

/// FedRep: clients share the first layers, the body, and keep the last ones, the head. In each round a
/// client first trains its head on the body that it received, then the body with that head.
///
/// Collins, Hassani, Mokhtari, Shakkottai: *Exploiting shared representations for personalized
/// federated learning*, ICML 2021, Algorithm 1.
public struct FedRep: AveragingMethod {
  static let headLayers = MethodOption<Int>(
    "head_layers", default: 1, in: 1...1_000,
    "The number of last layers that stay on the client. The default is the last fully "
      + "connected layer, as in the authors' code.")
  static let bodyEpochs = MethodOption<Int>(
    "body_epochs", default: 0, in: 0...1_000_000,
    "How many of the last passes of local_epochs train the body; the ones before train the head. 0 means half "
      + "of local_epochs, rounded down, at least 1 and at most 5: the authors' scripts have 5 for "
      + "FEMNIST, CIFAR-100 and five-class CIFAR-10, and 1 for two-class CIFAR-10 with 100 clients."
  )

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "fedrep", title: "FedRep", paper: "Collins et al., ICML", year: 2021,
    equations: "Algorithm 1",
    options: [headLayers, bodyEpochs])

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let head: Set<String>
  /// Passes for the head, then passes for the body; only for the head if it has all layers.
  public let trainingPhases: [LocalPhase]

  /// Reads the number of head layers and of passes for the body. Throws `FederationError` if the
  /// model has fewer layers, or body_epochs leave no pass for the head.
  public init(options: MethodOptions, setting: FederationSetting) throws {
    self.setting = setting
    head = Set(try setting.lastLayers(Self.headLayers, options).map(\.name))
    trainingPhases =
      head.count < setting.layout.layers.count
      ? try Self.phases(bodyEpochs: options[Self.bodyEpochs], localEpochs: setting.localEpochs)
      : [LocalPhase(.head, .passes(setting.localEpochs))]
  }

  /// The largest default number of passes for the body.
  private static let mostBodyEpochs = 5

  /// If body_epochs follows a local_epochs of 1, head and body have a pass each.
  private static func phases(bodyEpochs: Int, localEpochs: Int) throws -> [LocalPhase] {
    guard bodyEpochs > 0 else {
      let body = min(max(localEpochs / 2, 1), mostBodyEpochs)
      return [
        LocalPhase(.head, .passes(max(localEpochs - body, 1))), LocalPhase(.body, .passes(body)),
      ]
    }
    guard localEpochs > bodyEpochs else {
      throw FederationError(
        "body_epochs: found \(bodyEpochs), expected fewer than local_epochs, \(localEpochs), so that "
          + "a pass is left for the head; raise local_epochs to \(bodyEpochs + 1) or more")
    }
    return [
      LocalPhase(.head, .passes(localEpochs - bodyEpochs)), LocalPhase(.body, .passes(bodyEpochs)),
    ]
  }

  /// The body.
  public func shares(_ layer: ParameterLayout.Layer) -> Bool { !head.contains(layer.name) }

  /// Equal, as in the paper.
  public func averagingWeights(of clients: [Int]) -> [Float] { setting.equalShares(of: clients) }

  /// Descent on the head, then on the body, each with a fresh optimiser.
  public func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: [Float], bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Void> {
    let isBody = setting.layout.layers.map(shares)
    let adapted = try task.descend(
      from: received.parameters, on: network, phase: .head, trains: isBody.map { !$0 })
    let (model, bodyLoss) = try task.descend(
      from: adapted.model, on: network, phase: .body, trains: isBody)
    var loss = adapted.loss
    loss.add(bodyLoss)
    return ClientUpdate(client: task.client, trained: model, trainLoss: loss.mean, contribution: ())
  }
}
