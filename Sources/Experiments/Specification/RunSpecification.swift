import FederatedLearning
import NeuralNetworks
import Partitioning

/// Everything that decides a run's numbers: one method on one dataset, split in one way, under one
/// seed. Read from YAML; every key has a default but `method`, `dataset.name` and the partition's.
public struct RunSpecification: Sendable {
  /// Which images and labels.
  public struct Dataset: Sendable, Hashable {
    /// Its name in the catalogue.
    public var name: String
    /// Published splits to pool, in order; nil takes all.
    public var splits: [String]?
    /// Classes to keep, in the order of their new labels; nil takes all.
    public var classes: [String]?

    /// Whether the paper's settings for CIFAR are the defaults: batch normalisation and a learning
    /// rate of 0.01; for other datasets none and 0.005.
    var isCIFAR: Bool { name.hasPrefix("cifar") }
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
    /// Batch normalisation after each convolution; nil decides by the dataset as the paper does:
    /// CIFAR with, others without.
    public var batchNormalisation: Bool?
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
  /// Passes over a client's training data in a round.
  public var localEpochs: Int
  /// Share of every client's training samples that is set aside for validation and never trained on,
  /// whatever the method; 0 leaves it to the method.
  public var validationShare: Double
  /// Share of every client's training samples that takes the place of its test samples, so that
  /// hyperparameters can be chosen without a look at test data: those are left out of the run
  /// altogether, and the held-out samples are neither trained on nor seen by a method. 0 evaluates on
  /// test data. See `Partition.holdingOut(share:labels:)`.
  public var heldOutShare: Double
  /// Samples of a mini-batch.
  public var batchSize: Int
  /// Step size and its companions.
  public var optimiser: StochasticGradientDescent
  /// Evaluation after every so many rounds, and after the last.
  public var evaluateEvery: Int
  /// Aggregation weights are recorded after every so many rounds, and after the last; 0 never. Nil where
  /// the specification leaves it to `recordWeightsEvery(clientCount:)`.
  public var recordWeightsEvery: Int?
  /// Correct test samples of each class are recorded at the first evaluation after every so many rounds,
  /// and after the last; 0 never.
  public var recordClassCountsEvery: Int
  /// What happens when a value that is not finite appears.
  public var onDivergence: OnDivergence
  /// A checkpoint is written after every so many rounds; 0 only when interrupted.
  public var checkpointEvery: Int
  /// Which models the result keeps.
  public var savedModels: SavedModels
  /// The document that it was read from.
  public let document: SpecificationDocument

  /// Reads a specification. Throws `SpecificationError` or `PartitionError` for an unknown key (with
  /// the nearest known one), a missing one, or a value that is impossible by itself; what depends on
  /// the data is checked when the run starts.
  public init(_ document: SpecificationDocument) throws {
    self.document = document
    var root = try document.reader()
    name = try root.text("name") ?? "run"
    seed = UInt64(try root.integer("seed", 0...Int.max, Self.seedExpectation) ?? 0)

    let methodNames = MethodRegistry.all.map { $0.information.name }
    guard let method = try root.text("method") else {
      throw root.missing("method", "one of \(methodNames.joined(separator: ", "))")
    }
    guard let methodType = MethodRegistry.method(named: method) else {
      throw root.error(
        "method", root.value("method"), root.expectedWord(method, among: methodNames))
    }
    self.method = method
    validationShare = try root.share("validation_share") ?? 0
    heldOutShare = try root.share("held_out_share") ?? 0
    methodOptions = try Self.methodOptions(&root, methodType, validationShare: validationShare)

    var section = try root.section("dataset")
    guard let datasetName = try section.text("name") else {
      throw section.missing("name", "a dataset's name (see pfedla datasets list)")
    }
    dataset = try Dataset(
      name: datasetName, splits: section.textsOrAll("splits"),
      classes: section.textsOrAll("classes"))
    try section.finish()

    partition = try Self.partition(&root)

    section = try root.section("model")
    let architecture = try section.text("architecture") ?? Self.architectureName
    guard architecture == Self.architectureName else {
      throw section.error(
        "architecture", section.value("architecture"),
        section.expectedWord(architecture, among: [Self.architectureName]))
    }
    model = try Model(
      batchNormalisation: section.flag("batch_normalisation"),
      pixelScaling: section.choice("pixel_scaling", PixelScaling.self) ?? .symmetric,
      statistics: section.choice(
        "batch_normalisation_statistics", FederationSetting.StatisticsTreatment.self)
        ?? methodType.information.statistics)
    try section.finish()

    let count = "a whole number of at least 1"
    rounds = try root.integer("rounds", 1...10_000_000, count) ?? 600
    participation =
      try root.number("participation", "a share above 0 and up to 1") { $0 > 0 && $0 <= 1 } ?? 1
    localEpochs = try root.integer("local_epochs", 1...1_000_000, count) ?? 10
    batchSize = try root.integer("batch_size", 1...100_000, "a whole number in 1 … 100000") ?? 32
    optimiser = StochasticGradientDescent(
      learningRate: try root.float("learning_rate", "a number above 0") { $0 > 0 }
        ?? (dataset.isCIFAR ? 0.01 : 0.005),
      momentum: try root.float("momentum", "a number of at least 0 and below 1") {
        $0 >= 0 && $0 < 1
      } ?? 0,
      weightDecay: try root.float("weight_decay", "a number of at least 0") { $0 >= 0 } ?? 0)
    evaluateEvery = try root.integer("evaluate_every", 1...10_000_000, count) ?? 1
    recordWeightsEvery =
      try root.integer("record_weights_every", 0...10_000_000, "a whole number of at least 0")
    recordClassCountsEvery =
      try root.integer(
        "record_class_counts_every", 0...10_000_000, "a whole number of at least 0")
      ?? max(1, rounds / 100)
    onDivergence = try root.choice("on_divergence", OnDivergence.self) ?? .stop
    checkpointEvery =
      try root.integer("checkpoint_every", 0...10_000_000, "a whole number of at least 0") ?? 25
    savedModels = try root.choice("saved_models", SavedModels.self) ?? .trained
    try root.finish()
  }

  /// The most clients whose aggregation weights are recorded without being asked for: a record has
  /// layers · clients² values.
  static let mostRecordedClients = 100

  /// Rounds between records of the aggregation weights; 0 never. Unless specified, about a hundred records
  /// of at most `mostRecordedClients` clients, and none of more.
  func recordWeightsEvery(clientCount: Int) -> Int {
    recordWeightsEvery ?? (clientCount > Self.mostRecordedClients ? 0 : max(1, rounds / 100))
  }

  /// The only architecture so far: the paper's client model.
  static let architectureName = "paper-cnn"

  /// What a seed may be.
  private static let seedExpectation = "a whole number in 0 … \(Int.max) (2^63 − 1)"

  /// The options of the chosen method. A validation share of the run is every method's: it stands in
  /// place of a method's own, which may repeat it but not differ.
  private static func methodOptions(
    _ root: inout ConfigurationReader, _ chosen: any FederatedMethod.Type, validationShare: Double
  ) throws -> MethodOptions {
    var methods = try root.section("methods")
    var options = try MethodOptions(for: chosen.information.options)
    // Sections of other methods are read too: a mistake in them is a mistake today.
    for type in MethodRegistry.all {
      var section = try methods.section(type.information.name)
      var given: [String: OptionValue] = [:]
      for option in type.information.options {
        guard let node = section.value(option.key) else { continue }
        let value: OptionValue? =
          switch option.domain {
          case .integer: node.int.map(OptionValue.integer)
          case .number: node.float.map(OptionValue.number)
          case .choice: node.scalar.map { .text($0.string) }
          case .integers:
            node.sequence.flatMap { $0.map(\.int) as? [Int] }.map(OptionValue.integers)
          }
        guard let value, option.accepts(value) else {
          throw section.error(
            option.key, node,
            "found \(ConfigurationReader.describe(node))\(Self.remark(on: value, option)), expected "
              + option.expectation)
        }
        given[option.key] = value
        if option.key == OptionDeclaration.validationShareKey, validationShare > 0,
          value != .number(validationShare)
        {
          throw section.error(
            option.key, node,
            "found \(value), but validation_share of the run, \(validationShare), is every method's; "
              + "remove one of the two, or make them equal")
        }
      }
      try section.finish()
      if validationShare > 0,
        type.information.options.contains(where: { $0.key == OptionDeclaration.validationShareKey })
      {
        given[OptionDeclaration.validationShareKey] = .number(validationShare)
      }
      if type.information.name == chosen.information.name {
        options = try MethodOptions(given, for: chosen.information.options)
      }
    }
    try methods.finish()
    return options
  }

  /// What becomes of a number in single precision, where that is why it is refused.
  private static func remark(on value: OptionValue?, _ option: OptionDeclaration) -> String {
    guard case .number(let range) = option.domain, case .number(let number)? = value,
      range.contains(number)
    else { return "" }
    return ConfigurationReader.remark(onSinglePrecision: Float(number))
  }

  private static func partition(_ root: inout ConfigurationReader) throws -> PartitionSource {
    var section = try root.section("partition")
    if let file = try section.text("file") {
      let others = section.keys.filter { $0 != "file" && section.value($0) != nil }
      guard others.isEmpty else {
        throw section.error(
          "file", section.value("file"),
          "found \(file) together with \(others.joined(separator: ", ")), expected a file or a scheme "
            + "with its keys: remove one of them here, or give the file by --set partition.file=FILE, "
            + "which takes the place of a scheme in the specification")
      }
      return .file(file)
    }
    let seed = try section.integer("seed", 0...Int.max, Self.seedExpectation)
    var settings: [String: PartitionSettings.Value] = [:]
    for key in section.keys where key != "seed" && key != "file" {
      guard let node = section.value(key) else { continue }
      settings[key] = try PartitionSettings.Value(node)
    }
    return .scheme(
      try PartitionSpecification(settings: PartitionSettings(settings)), seed: seed.map(UInt64.init)
    )
  }
}
