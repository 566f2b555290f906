import NeuralNetworks

/// pFedMe: each client's personal model minimises its loss plus a pull towards its version of the
/// global model (a Moreau envelope), and the versions follow the personal models.
///
/// T. Dinh, Tran, Nguyen: *Personalized federated learning with Moreau envelopes*, NeurIPS 2020,
/// Algorithm 1. With w_i = θ_i = the received model at first, for every mini-batch D: K steps of
/// θ_i ← θ_i − ρ (∇L_i(θ_i; D) + λ (θ_i − w_i)), then w_i ← w_i − η λ (w_i − θ_i). θ_i continues from
/// where the previous mini-batch left it, as in the authors' code. The server takes
/// x ← (1 − β) x + β · mean_{i ∈ S} w_i.
///
/// ρ and η default to the run's learning rate. Its momentum does not apply; its weight decay does,
/// as part of the loss. Running statistics move in all K passes over a mini-batch, and w_i takes θ_i's.
///
/// In the paper and in the authors' code all clients train in every round, and the server averages those
/// of a random subset S. Every client starts from x, so what the others did is lost: here they do not
/// train, and x is the same. Their θ_i are those of their latest participation.
public struct PFedMe: AveragingMethod {
  /// How participants count in the server's average.
  public enum Averaging: String, MethodChoice {
    /// Alike.
    case equal
    /// By their training samples.
    case samples
  }

  static let innerSteps = MethodOption<Int>(
    "inner_steps", default: 5, in: 1...10_000,
    "K, the number of steps of the personal model per mini-batch. The authors' code uses 5.")
  static let proximalStrength = MethodOption<Double>(
    "proximal_strength", default: 15, in: 0...1e6,
    "λ, the pull towards the client's version of the global model. The authors' command for "
      + "CIFAR-10 uses 15.")
  static let personalStepSize = MethodOption<Double>(
    "personal_step_size", default: 0, in: 0...1e6,
    "ρ, the personal model's step size; 0 means the run's learning_rate. The authors' command for "
      + "CIFAR-10 has 0.01, which is the learning_rate of the paper reproduced here.",
    stepSize: .init(.instead))
  static let stepSize = MethodOption<Double>(
    "step_size", default: 0, in: 0...1e6,
    "η, with which the client's version of the global model follows the personal one, by η · λ of the distance per step. 0 means the "
      + "run's learning_rate. The authors' command for CIFAR-10 has 0.01, like ρ.",
    stepSize: .init(.instead))
  static let serverMixing = MethodOption<Double>(
    "server_mixing", default: 1, in: 0...1e6,
    "β, the share of the participants' average in the new global model; above 1 the server "
      + "overshoots. The authors' command for CIFAR-10 uses 1.")
  static let averaging = MethodOption<Averaging>(
    "averaging", default: .equal,
    "Whether the server weights participants equally, as in the paper's Algorithm 1, or "
      + "by their training samples, as in the authors' code. Both are the same for equal amounts of data."
  )

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "pfedme", title: "pFedMe", paper: "T. Dinh et al., NeurIPS", year: 2020,
    equations: "Algorithm 1", reported: .trained,
    options: [innerSteps, proximalStrength, personalStepSize, stepSize, serverMixing, averaging])

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let innerSteps: Int
  private let strength: Float
  private let personalStepSize: Float
  private let stepSize: Float
  private let serverMixing: Float
  private let weighsSamples: Bool

  /// The clients' versions of the global model are the contributions.
  public var aggregatesTrainedModels: Bool { false }

  /// Reads the keys.
  public init(options: MethodOptions, setting: FederationSetting) {
    self.setting = setting
    innerSteps = options[Self.innerSteps]
    strength = Float(options[Self.proximalStrength])
    personalStepSize = Float(options[Self.personalStepSize])
    stepSize = Float(options[Self.stepSize])
    serverMixing = Float(options[Self.serverMixing])
    weighsSamples = options[Self.averaging] == .samples
  }

  /// Equal, as in the paper, or by training samples, as in the authors' code.
  public func averagingWeights(of clients: [Int]) -> [Float] {
    weighsSamples ? setting.sampleShares(of: clients) : setting.equalShares(of: clients)
  }

  /// Trains θ_i, the client's row of the bank, and contributes w_i, axis (parameter). The training
  /// loss is θ_i's on every mini-batch before its first step there.
  public func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: [Float], bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<[Float]> {
    let learningRate = task.optimiser.learningRate
    let solver = StochasticGradientDescent(
      learningRate: personalStepSize > 0 ? personalStepSize : learningRate,
      weightDecay: task.optimiser.weightDecay, clipping: task.optimiser.clipping)
    let follow = (stepSize > 0 ? stepSize : learningRate) * strength
    let difference = NetworkVector.kept(0)
    var loss = TrainingLoss()
    try network.load(received.parameters, keepingIn: .anchor)
    for batch in task.batches(.train) {
      for step in 0..<innerSteps {
        let lossSum = try network.computeGradient(batch[...], of: task.images)
        if step == 0 { loss.add(lossSum, count: batch.count) }
        try network.descend(solver, DescentStep(pull: strength))
      }
      // w − η λ (w − θ), the anchor of the next mini-batch.
      network.combine(difference, 1, .anchor, -1, .parameters)
      network.combine(.anchor, 1, .anchor, -follow, difference)
    }
    network.copy(.parameters, to: .anchor, .statistics)
    return ClientUpdate(
      client: task.client, trained: try network.parameters(), trainLoss: loss.mean,
      contribution: try network.values(of: .anchor))
  }

  /// The client's version of the global model.
  public func sentModel(of update: ClientUpdate<[Float]>) -> [Float] { update.contribution }

  /// The mixture of the global model and the versions' average.
  public func aggregate(
    _ updates: [ClientUpdate<[Float]>], into state: inout [Float], bank: ClientBank,
    on engine: any TrainingEngine
  ) {
    let weights = averagingWeights(of: updates.map(\.client))
    SharedModel(setting).mix(
      zip(updates, weights).map { (sentModel(of: $0), $1) }, size: serverMixing, into: &state,
      layout: setting.layout)
  }
}
