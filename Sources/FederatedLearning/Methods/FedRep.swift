import NeuralNetworks

/// FedRep: clients share the first layers, the body, and keep the last ones, the head. In each round a
/// client first trains its head on the body that it received, then the body with that head.
///
/// Collins, Hassani, Mokhtari, Shakkottai: *Exploiting shared representations for personalized
/// federated learning*, ICML 2021, Algorithm 1.
public struct FedRep: AveragingMethod {
  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "fedrep", title: "FedRep", paper: "Collins et al., ICML", year: 2021,
    equations: "Algorithm 1",
    options: [
      MethodOption(
        "head_layers", default: .integer(1), .integer(1...1_000),
        "Layers at the end of the model that stay with the client. The default is the last fully "
          + "connected layer, as in the authors' code."),
      MethodOption(
        "body_epochs", default: .integer(0), .integer(0...1_000_000),
        "The last passes of local_epochs, which train the body; those before train the head. 0 is half "
          + "of local_epochs, rounded down, at least 1 and at most 5: the authors' scripts have 5 for "
          + "FEMNIST, CIFAR-100 and five-class CIFAR-10, and 1 for two-class CIFAR-10 with 100 clients."
      ),
    ])

  let setting: FederationSetting
  private let head: Set<String>
  private let bodyEpochs: Int

  /// Reads the number of head layers and of passes for the body. Throws `FederationError` if the
  /// model has fewer layers.
  public init(options: MethodOptions, setting: FederationSetting) throws {
    let layers = setting.layout.layers
    let count = options.integer("head_layers")
    guard count <= layers.count else {
      throw FederationError(
        "head_layers: found \(count), expected at most \(layers.count), the number of layers of "
          + "the model")
    }
    self.setting = setting
    head = Set(layers.suffix(count).map(\.name))
    bodyEpochs = options.integer("body_epochs")
  }

  /// The most passes for the body unless more are asked for.
  private static let mostBodyEpochs = 5

  /// Passes for the head, then passes for the body; for the head alone if all layers are its. Where
  /// body_epochs follows a local_epochs of 1, each part has a pass of its own.
  /// Throws `FederationError` if the given body_epochs leave no pass for the head.
  public func trainingPhases(localEpochs: Int) throws -> [LocalPhase] {
    guard head.count < setting.layout.layers.count else {
      return [LocalPhase(.head, .passes(localEpochs))]
    }
    guard bodyEpochs > 0 else {
      let body = min(max(localEpochs / 2, 1), Self.mostBodyEpochs)
      return [
        LocalPhase(.head, .passes(max(localEpochs - body, 1))), LocalPhase(.body, .passes(body)),
      ]
    }
    guard localEpochs > bodyEpochs else {
      throw FederationError(
        "body_epochs: found \(bodyEpochs), expected less than local_epochs, \(localEpochs), so that "
          + "a pass is left for the head; raise local_epochs to \(bodyEpochs + 1) or more")
    }
    return [
      LocalPhase(.head, .passes(localEpochs - bodyEpochs)), LocalPhase(.body, .passes(bodyEpochs)),
    ]
  }

  /// The body.
  func shares(_ layer: ParameterLayout.Layer) -> Bool { !head.contains(layer.name) }

  /// Equal, as in the paper.
  func averagingWeights(of clients: [Int]) -> [Float] { setting.equalShares(of: clients) }

  /// Descent on the head, then on the body, each with a fresh optimiser.
  public func train(
    _ task: LocalTask, received: PreparedModel, state: [Float], bank: ClientBank,
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
