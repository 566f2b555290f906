import NeuralNetworks
import RandomStreams

/// Makes clients' tasks: draws the mini-batches of a method's phases.
struct TaskMaker: Sendable {
  private let images: LabelledImages
  private let setting: FederationSetting
  private let trainingPhases: [LocalPhase]
  private let preparationPhases: [LocalPhase]
  private let schedule: any BatchSchedule
  /// Samples that are trained on, of each client.
  private let training: [[Int32]]
  /// Training samples set aside, of each client.
  private let validation: [[Int32]]

  init(
    data: FederatedData, setting: FederationSetting, trainingPhases: [LocalPhase],
    preparationPhases: [LocalPhase], validationShare: Double, schedule: any BatchSchedule
  ) {
    images = data.images
    self.setting = setting
    self.trainingPhases = trainingPhases
    self.preparationPhases = preparationPhases
    self.schedule = schedule
    let splits = data.train.enumerated().map { client, samples in
      ValidationSplit(
        of: samples, share: validationShare, seed: setting.seed, client: client)
    }
    training = splits.map(\.training)
    validation = splits.map(\.validation)
  }

  /// A participant's task, with all batches.
  func task(round: Int, client: Int) -> LocalTask {
    task(
      round: round, client: client,
      phases: preparationBatches(round: round, client: client)
        + trainingBatches(round: round, client: client))
  }

  /// A task with only the batches of preparation.
  func preparation(round: Int, client: Int) -> LocalTask {
    task(
      round: round, client: client, phases: preparationBatches(round: round, client: client))
  }

  /// What dropout is drawn from in a task, from its first gradient on.
  func dropout(of task: LocalTask) -> RandomStream {
    RandomStream(seed: setting.seed, purpose: .dropout, round: task.round, client: task.client)
  }

  private func task(round: Int, client: Int, phases: [LocalPhase.Batches]) -> LocalTask {
    var optimiser = setting.optimiser
    optimiser.learningRate = setting.learningRateSchedule.rate(optimiser.learningRate, round: round)
    return LocalTask(
      round: round, client: client, images: images, phases: phases, optimiser: optimiser)
  }

  func trainingBatches(round: Int, client: Int) -> [LocalPhase.Batches] {
    schedule.batches(
      of: trainingPhases, round: round, client: client, samples: training[client],
      batchSize: setting.batchSize)
  }

  /// The validation samples are one batch, in ascending order.
  func preparationBatches(round: Int, client: Int) -> [LocalPhase.Batches] {
    guard !preparationPhases.isEmpty else { return [] }
    let adapting = ShuffledBatches(seed: setting.seed, purpose: .adaptationOrder).batches(
      of: preparationPhases.filter { $0.name != .validation }, round: round, client: client,
      samples: training[client], batchSize: setting.batchSize)
    return preparationPhases.contains { $0.name == .validation }
      ? adapting + [LocalPhase.Batches(.validation, [validation[client]])] : adapting
  }
}
