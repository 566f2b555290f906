import Datasets
import FederatedLearning
import NeuralNetworks
import Partitioning

/// Everything that decides a run's numbers: one method on one dataset, split in one way, under one
/// seed. Read from YAML; every key has a default but `method`, `dataset.name` and the partition's.
public struct RunSpecification: Sendable {
  /// Which images and labels.
  public struct Dataset: Sendable, Hashable {
    /// Its name in the catalogue, or any other one with `files`.
    public var name: String
    /// Published splits to pool, in order; nil takes all.
    public var splits: [String]?
    /// Classes to keep, in the order of their new labels; nil takes all.
    public var classes: [String]?
    /// Files of the user's own; nil for the published ones.
    public var files: DatasetFiles?

    /// What the catalogue says of experiments on it.
    var defaults: ExperimentDefaults { DatasetCatalogue.defaults(of: name) }

    /// The names of its selected classes in the order of their labels; none where the catalogue has no such dataset
    /// or classes, which the import refuses later.
    var classNames: [String] {
      (try? DatasetCatalogue.entry(named: name).classNames(selecting: classes)) ?? []
    }
  }

  /// How the samples are split over clients.
  public enum PartitionSource: Sendable {
    /// Drawn by a scheme under a seed (nil: the run's).
    case scheme(PartitionSpecification, seed: UInt64?)
    /// Read from a partition file.
    case file(String)
  }

  /// What a client trains.
  public struct Model: Sendable, Hashable {
    /// The network's name in the registry, or its blocks in one line of YAML.
    public var architecture: String
    /// Layers or tensors that share their aggregation weights, such as `conv1+bn1`, or `tensors` alone: each tensor has
    /// its own; nil: each layer has its own.
    public var units: [String]?
    /// How initial parameters are drawn.
    public var initialisation: Initialisation
    /// Batch normalisation after each convolution of a network with a name.
    public var batchNormalisation: Bool
    /// How bytes become inputs.
    public var pixelScaling: PixelScaling
    /// How running statistics travel.
    public var statistics: FederationSetting.StatisticsTreatment
  }

  /// Which model of each client the result file keeps.
  public enum SavedModels: String, Sendable, CaseIterable {
    /// After the latest local training.
    case trained
    /// What the next local training would start from.
    case received
    /// None.
    case none
  }

  /// What a run does when a value that is not finite appears.
  public enum OnDivergence: String, Sendable, CaseIterable {
    /// It stops in that round.
    case stop
    /// It goes through all rounds and marks the clients.
    case `continue`
  }

  /// A name for titles.
  public var name: String
  /// The method's name in the registry.
  public var method: String
  /// The method's own keys.
  public var methodOptions: MethodOptions
  /// The run's seed.
  public var seed: UInt64
  /// Which images and labels.
  public var dataset: Dataset
  /// How the samples are split over clients.
  public var partition: PartitionSource
  /// What a client trains.
  public var model: Model
  /// Rounds of training.
  public var rounds: Int
  /// Share of the clients in a round.
  public var participation: Double
  /// Probability with which a selected client drops out of a round.
  public var clientDropout: Double
  /// The number of clients that take no part in training and join after it.
  public var newClients: Int
  /// Rounds that each of them trains for, on its own.
  public var newClientRounds: Int
  /// Passes over a client's training data in a round.
  public var localEpochs: Int
  /// Share of every client's training samples that is set aside for validation and never trained on,
  /// whatever the method; 0 leaves it to the method.
  public var validationShare: Double
  /// The share of every client's training samples that replaces its test samples, so that
  /// hyperparameters can be chosen without a look at test data: those are left out of the run
  /// entirely, and no method trains on or sees the held-out samples. 0 evaluates on
  /// test data. See `Partition.holdingOut(share:labels:)`.
  public var heldOutShare: Double
  /// Samples of a mini-batch.
  public var batchSize: Int
  /// Step size and its companions.
  public var optimiser: StochasticGradientDescent
  /// How the learning rate changes from round to round.
  public var learningRateSchedule: LearningRateSchedule {
    LearningRateSchedule(scheduleKind, rounds: scheduleRounds, factor: scheduleFactor)
  }
  /// The course of the learning rate.
  var scheduleKind = LearningRateSchedule.Kind.constant
  /// Rounds between its steps, or of its half wave.
  var scheduleRounds = 0
  /// What each step multiplies it by.
  var scheduleFactor: Float = 0.1
  /// The number of rounds between evaluations; also after the last.
  public var evaluateEvery: Int
  /// The number of clients that are evaluated, always the same; 0: all of them.
  public var evaluateClients: Int
  /// The number of samples, which no client has, that test the global model.
  public var commonTestSamples: Int
  /// The number of rounds between records of aggregation weights, also after the last; 0: never. Nil if
  /// the specification leaves it to `recordWeightsEvery(clientCount:)`.
  public var recordWeightsEvery: Int?
  /// Correct test samples of each class are recorded at the first evaluation after every so many rounds,
  /// and after the last; 0 never.
  public var recordClassCountsEvery: Int
  /// Whether these records also say which classes the samples were taken for.
  public var recordClassConfusion: Bool
  /// What happens when a value that is not finite appears.
  public var onDivergence: OnDivergence
  /// The number of rounds between checkpoints; 0: only when interrupted.
  public var checkpointEvery: Int
  /// Whether the last checkpoint stays beside the result, so that the run can be continued to more rounds.
  public var keepState: Bool
  /// Which models the result keeps.
  public var savedModels: SavedModels
  /// The document that it was read from.
  public let document: SpecificationDocument

  /// Reads a specification. Throws `SpecificationError` or `PartitionError` for an unknown key (with
  /// the nearest known one), a missing one, or a value that is impossible by itself; what depends on
  /// the data is checked when the run starts.
  public init(_ document: SpecificationDocument) throws {
    self.init(blank: document)
    var sections = SpecificationSections(root: try document.reader())
    for key in RunKey.all {
      try sections.read(key.name) { try key.read(&$0, $1, &self) }
    }
    partition = try sections.read("partition.") { section, _ in
      do {
        return try Self.partition(&section, of: dataset)
      } catch let error as PartitionError {
        throw document.located(error)
      }
    }
    methodOptions = try sections.read("methods.") { section, _ in
      try Self.methodOptions(&section, method, validationShare: validationShare)
    }
    try sections.finish()
  }

  /// Reads the section `dataset` alone. Throws `SpecificationError` as for a whole specification.
  public static func dataset(of document: SpecificationDocument) throws -> Dataset {
    var specification = RunSpecification(blank: document)
    var sections = SpecificationSections(root: try document.reader())
    for key in RunKey.all where key.name.hasPrefix("dataset.") {
      try sections.read(key.name) { try key.read(&$0, $1, &specification) }
    }
    try sections.finishSections()
    return specification.dataset
  }

  /// Every value as it is before a key is read.
  private init(blank document: SpecificationDocument) {
    self.document = document
    name = ""
    method = ""
    methodOptions = MethodOptions()
    seed = 0
    dataset = Dataset(name: "")
    partition = .file("")
    model = Model(
      architecture: "", units: nil, initialisation: .pytorch, batchNormalisation: false,
      pixelScaling: .symmetric, statistics: .local)
    rounds = 0
    participation = 0
    clientDropout = 0
    newClients = 0
    newClientRounds = 0
    localEpochs = 0
    validationShare = 0
    heldOutShare = 0
    batchSize = 0
    optimiser = StochasticGradientDescent(learningRate: 0)
    evaluateEvery = 0
    evaluateClients = 0
    commonTestSamples = 0
    recordClassCountsEvery = 0
    recordClassConfusion = false
    onDivergence = .stop
    checkpointEvery = 0
    keepState = false
    savedModels = .none
  }

  /// The largest number of clients whose aggregation weights are recorded by default: a record has
  /// layers · clients² values.
  static let mostRecordedClients = 100

  /// Rounds between records of the aggregation weights; 0 never. Unless specified, about a hundred records
  /// of at most `mostRecordedClients` clients, and none of more.
  func recordWeightsEvery(clientCount: Int) -> Int {
    recordWeightsEvery ?? (clientCount > Self.mostRecordedClients ? 0 : max(1, rounds / 100))
  }
}
