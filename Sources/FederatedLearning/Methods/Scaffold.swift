import NeuralNetworks

/// SCAFFOLD: federated averaging whose clients correct the drift of their local training by control
/// variates, estimates of the gradients of all clients and of their own.
///
/// Karimireddy, Kale, Mohri, Reddi, Stich, Suresh: *SCAFFOLD: stochastic controlled averaging for
/// federated learning*, ICML 2020, Algorithm 1, option II. From y_i = x, K steps of
/// y_i ← y_i − η_l (g_i(y_i) − c_i + c); then c_i⁺ = c_i − c + (x − y_i) / (K η_l). The server
/// takes x ← x + η_g · mean_{i ∈ S}(y_i − x) and c ← c + (1 / N) Σ_{i ∈ S} (c_i⁺ − c_i).
///
/// η_l is the run's learning rate. The rule for c_i⁺ assumes plain descent: with momentum or weight
/// decay it is followed to the letter, but c_i⁺ is then no mean of gradients.
public struct Scaffold: FederatedMethod {
  static let serverStepSize = MethodOption<Double>(
    "server_step_size", default: 1, in: 0...1e6,
    "η_g, the server's step size. The paper's experiments use 1.",
    stepSize: .init(.beside))

  /// Name, origin and keys.
  public static let information = MethodInformation(
    name: "scaffold", title: "SCAFFOLD", paper: "Karimireddy et al., ICML", year: 2020,
    equations: "Algorithm 1, option II",
    options: [serverStepSize])

  /// The server's memory.
  public struct ServerState: Sendable, Equatable {
    /// x, axis (parameter).
    public var globalModel: [Float]
    /// c, axis (parameter); 0 for running statistics.
    public var serverControl: [Float]
    /// Every client's c_i, axes (client, parameter), row-major; 0 for running statistics.
    public var clientControls: [Float]
  }

  /// What is fixed for the federation.
  public let setting: FederationSetting
  private let shared: SharedModel
  private let serverStepSize: Float

  /// Reads η_g.
  public init(options: MethodOptions, setting: FederationSetting) {
    self.setting = setting
    shared = SharedModel(setting)
    serverStepSize = Float(options[Self.serverStepSize])
  }

  /// The initial model, and controls of 0.
  public func initialState() -> ServerState {
    let count = setting.layout.count
    return ServerState(
      globalModel: setting.initialParameters,
      serverControl: [Float](repeating: 0, count: count),
      clientControls: [Float](repeating: 0, count: setting.clientCount * count))
  }

  private func controls(of client: Int) -> Range<Int> {
    client * setting.layout.count..<(client + 1) * setting.layout.count
  }

  /// The global model; running statistics the client's own where they are local.
  public func receivedModel(of client: Int, state: ServerState, bank: ClientBank) -> [Float] {
    shared.received(own: bank[client], global: state.globalModel)
  }

  /// Local training with every gradient corrected by c − c_i. Contributes c_i⁺, axis (parameter).
  public func train(
    _ task: LocalTask, received: PreparedModel<Void>, state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<[Float]> {
    let own = state.clientControls[controls(of: task.client)]
    let correction = state.serverControl.withUnsafeBufferPointer { server in
      own.withUnsafeBufferPointer { difference(server, $0) }
    }
    let (model, loss) = try task.descend(
      from: received.parameters, on: network, correction: correction)

    var control = Array(own)
    let length = Float(task.batches(.train).count) * task.optimiser.learningRate
    if length > 0 {
      for range in setting.layout.layers.map(\.trainedRange) {
        for index in range {
          control[index] = (received.parameters[index] - model[index]) / length - correction[index]
        }
      }
    }
    return ClientUpdate(
      client: task.client, trained: model, trainLoss: loss.mean, contribution: control)
  }

  /// The server's step towards the participants' unweighted average, and the change of c.
  public func aggregate(
    _ updates: [ClientUpdate<[Float]>], into state: inout ServerState, bank: ClientBank,
    on engine: any TrainingEngine
  ) {
    let weights = setting.equalShares(of: updates.map(\.client))
    shared.mix(
      zip(updates, weights).map { ($0.trained, $1) }, size: serverStepSize,
      into: &state.globalModel, layout: setting.layout)
    let share = Float(1 / Double(setting.clientCount))
    for update in updates {
      let start = controls(of: update.client).lowerBound
      let control = update.contribution
      state.serverControl.withUnsafeMutableBufferPointer { server in
        state.clientControls.withUnsafeMutableBufferPointer { own in
          for index in control.indices {
            server[index] += share * (control[index] - own[start + index])
            own[start + index] = control[index]
          }
        }
      }
    }
  }

  /// A model and a control variate each way.
  public func traffic(of client: Int, state: ServerState) -> Traffic {
    let bytes = shared.bytes + setting.layout.trainedCount * MemoryLayout<Float>.size
    return Traffic(uplink: bytes, downlink: bytes)
  }

  /// The models and controls, counted without making them.
  public func stateValueCount(participations: Int) -> Int {
    (setting.clientCount + 2) * setting.layout.count
  }

  /// The global model.
  public func globalModel(of state: ServerState) -> [Float]? {
    setting.sendsWholeModels ? state.globalModel : nil
  }

  /// The global model and the controls.
  public func tensors(of state: ServerState) -> [StateTensor] {
    let count = setting.layout.count
    return [
      StateTensor(name: "global_model", shape: [count], values: state.globalModel),
      StateTensor(name: "server_control", shape: [count], values: state.serverControl),
      StateTensor(
        name: "client_controls", shape: [setting.clientCount, count],
        values: state.clientControls),
    ]
  }

  /// The global model and the controls. Throws `FederationError` if one is missing or of another
  /// size.
  public func state(from tensors: [StateTensor]) throws -> ServerState {
    let count = setting.layout.count
    return ServerState(
      globalModel: try StateTensor.values("global_model", shape: [count], in: tensors),
      serverControl: try StateTensor.values("server_control", shape: [count], in: tensors),
      clientControls: try StateTensor.values(
        "client_controls", shape: [setting.clientCount, count], in: tensors))
  }
}
